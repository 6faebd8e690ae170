//! A comment for a pull request: short, and bounded so that a forge accepts it.
//!
//! Text from code is in a `<code>` element. Every character that Markdown or HTML could interpret is an entity, so that the
//! text is only shown.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use cds_duplication::Group;
use cds_findings::{Findings, GroupState, Shown};

use super::{copies, gates};
use cds_terminal::numbers::grouped;
use cds_terminal::{
    numbers::{counted, percent},
    text::one_line,
};

/// Forges accept about 65,000 characters.
const MOST_CHARACTERS: usize = 60_000;
/// The most characters of the lines behind the table.
const RESERVE: usize = 600;
/// Members of a group that are named; the rest is counted.
const SHOWN_MEMBERS: usize = 6;
/// Characters of a path or a signature.
const MOST_LETTERS: usize = 100;
/// Characters of the reason why a gate failed.
const MOST_GATE_LETTERS: usize = 400;
/// Gates that are named.
const SHOWN_GATES: usize = 10;

/// Writes a heading, a summary and a table with as many groups as there is room for.
pub(super) fn write(writer: &mut dyn Write, findings: &Findings) -> io::Result<()> {
    writer.write_all(page(findings).as_bytes())
}

fn page(findings: &Findings) -> String {
    let mut page = String::from("## Duplicated code\n\n");
    if findings.definitions.is_empty() {
        let _ = writeln!(page, "No records in {}, so there are no duplicates.", findings.run.subject);
        return page;
    }
    for gate in findings.broken_gates.iter().take(SHOWN_GATES) {
        let _ = writeln!(page, "- **failed:** {}", escaped(&gates::broken(gate), MOST_GATE_LETTERS));
    }
    if !findings.broken_gates.is_empty() {
        page.push('\n');
    }
    if findings.view.unlisted_count.is_some() {
        let _ = writeln!(page, "{}.\n", gates::passed(findings));
    }
    let totals = &findings.report.totals;
    let _ = writeln!(
        page,
        "{} with {} {} {} of {} ({}).",
        counted(totals.group_count, "group"),
        counted(totals.member_count, "member"),
        if totals.group_count == 1 { "repeats" } else { "repeat" },
        totals.repeated_lines,
        counted(totals.line_count, "line"),
        percent(totals.share())
    );
    if totals.intent_lines > 0 {
        let _ = writeln!(
            page,
            "Groups of intents alone hold {} more ({}), which the share leaves out.",
            counted(totals.intent_lines, "line"),
            percent(totals.intent_share())
        );
    }
    let mut left_out = findings.truncated_count;
    if !findings.shown.is_empty() {
        page.push_str("\n| Channel | Same lines | Saved lines | Ratio | State | Copies |\n| --- | ---: | ---: | ---: | --- | --- |\n");
        let mut used = page.chars().count();
        for (index, shown) in findings.shown.iter().enumerate() {
            let row = row(findings, shown);
            used += row.chars().count();
            if used + RESERVE > MOST_CHARACTERS {
                left_out += findings.shown.len() - index;
                break;
            }
            page.push_str(&row);
        }
    }
    if left_out > 0 {
        let _ = writeln!(page, "\n… and {}.", counted(left_out as u64, "more group"));
    }
    if let Some(unsearched) = copies::unsearched(findings) {
        let _ = writeln!(page, "\nNot searched: {unsearched}.");
    }
    if let Some(missing) = copies::missing_intents(findings) {
        let _ = writeln!(page, "\nWithout an intent: {missing}.");
    }
    if let Some(uncounted) = gates::uncounted(findings) {
        let _ = writeln!(page, "\nNote: {uncounted}.");
    }
    if findings.accepted_count > 0 {
        let _ = writeln!(page, "\nAccepted and not shown: {}.", counted(findings.accepted_count as u64, "group"));
    }
    page
}

fn row(findings: &Findings, shown: &Shown) -> String {
    let group = findings.group(shown);
    let mut members: Vec<String> = shown
        .named(group.members.len(), SHOWN_MEMBERS)
        .into_iter()
        .map(|place| {
            let member = &group.members[place];
            let added = if shown.is_added(place) == Some(true) { " **added**" } else { "" };
            let definition = findings.definition(member);
            let place = escaped(&definition.file_path, MOST_LETTERS);
            let (first, last) = member.file_lines;
            let signature = definition.signature.as_deref().map(|text| escaped(text, MOST_LETTERS)).unwrap_or_default();
            format!("<code>{place}:{first}-{last}</code> <code>{signature}</code>{added}").replace(" <code></code>", "")
        })
        .collect();
    if let Some(rest) = group.members.len().checked_sub(SHOWN_MEMBERS).filter(|rest| *rest > 0) {
        members.push(format!("… and {} more", grouped(rest)));
    }
    format!(
        "| {} | {} | {} | {:.2} | {} | {} |\n",
        group.channel.as_str(),
        group.common_lines,
        group.saved_lines,
        super::fields::ratios(group).1,
        state(group, shown.state),
        members.join("<br>")
    )
}

fn state(group: &Group, state: GroupState) -> String {
    let word = match state {
        GroupState::Grown { before } => format!("**grown** from {before}"),
        GroupState::New => "**new**".to_owned(),
        GroupState::Known | GroupState::Uncompared => state.as_str().unwrap_or_default().to_owned(),
    };
    let words: Vec<String> = [word].into_iter().chain(copies::words(group).map(str::to_owned)).collect();
    words.join(" ").trim_start().to_owned()
}

/// At most `most` characters on one line, each shown as itself.
fn escaped(text: &str, most: usize) -> String {
    let mut escaped = String::new();
    let text = one_line(text);
    for (place, character) in text.chars().enumerate() {
        if place == most {
            escaped.push('…');
            break;
        }
        if character.is_ascii_punctuation() && !matches!(character, '.' | ',' | '/' | '-') {
            let _ = write!(escaped, "&#{};", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use cds_duplication::Channel;
    use cds_findings::{BrokenGate, FailOn, samples};

    use super::*;

    #[test]
    fn it_looks_as_reviewed() {
        let mut findings = samples::shop();
        findings.shown[1].state = GroupState::New;
        findings.shown[2].state = GroupState::Grown { before: 1 };
        (findings.shown[1].added, findings.shown[2].added) = (vec![0, 1], vec![1]);
        findings.broken_gates = vec![BrokenGate::Share { share: 0.021, limit: 0.01 }];
        (findings.accepted_count, findings.truncated_count) = (2, 1_204);
        insta::assert_snapshot!("dup_markdown", page(&findings));
    }

    #[test]
    fn one_is_singular() {
        let definitions = samples::shop().definitions;
        let groups = vec![samples::group(Channel::Exact, "00000000000000e1", &definitions, &[0, 1, 2])];
        let mut findings = samples::findings(definitions, groups);
        (findings.accepted_count, findings.truncated_count) = (1, 1);
        let text = page(&findings);
        for said in ["\n1 group with 3 members repeats 8 of ", "\n… and 1 more group.\n", " shown: 1 group.\n"] {
            assert!(text.contains(said), "{said:?} in {text}");
        }
    }

    #[test]
    fn nothing_in_the_code_is_markup() {
        let text = page(&samples::hostile());
        for markup in ["<script", "<img", "](", "`", "|a,b", "&amp;", "\u{202e}", "\x1b", "@", "::error"] {
            assert!(!text.contains(markup), "{markup:?} in {text}");
        }
        let row = text.lines().find(|line| line.starts_with("| exact")).unwrap();
        assert_eq!(row.matches('|').count(), 7, "{row}");
    }

    #[test]
    fn a_forge_accepts_it_however_much_was_found() {
        let code = "def f(row):\n    return row\n";
        let name = "*".repeat(300);
        let definitions: Vec<_> =
            (0..6_000).map(|id| samples::function(id, &format!("{name}/{id}.py"), &name, 1, code)).collect();
        let groups = (0..3_000)
            .map(|at| samples::group(Channel::Exact, &format!("{at:016x}"), &definitions, &[at * 2, at * 2 + 1]))
            .collect();
        let mut findings = samples::findings(definitions, groups);
        let ids = vec![name.repeat(100); 100];
        findings.broken_gates = vec![BrokenGate::Groups { fail_on: FailOn::New, ids }; 100];
        let text = page(&findings);
        assert!(text.chars().count() <= MOST_CHARACTERS, "{}", text.chars().count());
        let shown = text.lines().filter(|line| line.starts_with("| exact")).count();
        assert!(shown > 10 && text.contains(&format!("… and {} more groups.", grouped(3_000 - shown))), "{shown}");
    }
}
