//! Workflow commands of GitHub Actions, which become annotations beside the changed code.
//!
//! GitHub shows ten warnings of a step and silently drops the others. So ten groups become a warning each, taken in turn
//! from all channels, and the rest becomes one notice. If groups were compared with an earlier snapshot, only new and
//! grown ones are warnings. Such a warning is at an added copy, since GitHub shows it only beside changed files.

use std::io::{self, Write};

use super::{
    Findings,
    copies::{self, Copy},
    gates,
};
use cds_findings::{GroupState, Shown, select};
use cds_terminal::text;

const MOST_WARNINGS: usize = 10;
/// Copies that a warning names; the others are counted.
const NAMED: usize = 5;

/// Writes an error for each broken gate, a warning for each of the first groups, and a notice about what is left.
pub(super) fn write(writer: &mut dyn Write, findings: &Findings) -> io::Result<()> {
    for gate in gates::all_broken(findings) {
        writeln!(writer, "::error title=cds::{}", message(&text::one_line(&gate)))?;
    }
    // Without a run to compare with, the gate counts from the next run on.
    let is_loud = |shown: &&Shown| shown.state != GroupState::Known && !findings.is_first_run;
    let loud: Vec<&Shown> = findings.shown.iter().filter(is_loud).collect();
    let is_first = select::first(findings, &loud, MOST_WARNINGS);
    for (shown, _) in loud.iter().zip(is_first).filter(|(_, is_first)| *is_first) {
        let place = shown.added.first().copied().unwrap_or_default();
        if let Some(copy) = copies::of_group(findings, shown).nth(place) {
            write_warning(writer, findings, &copy)?;
        }
    }
    let known_count = findings.shown.len() - loud.len();
    let more_count = loud.len().saturating_sub(MOST_WARNINGS) + findings.truncated_count;
    write_notice(writer, more_count, known_count)?;
    match gates::uncounted(findings) {
        Some(uncounted) => writeln!(writer, "::notice title=cds::{}", message(&uncounted)),
        None => Ok(()),
    }
}

fn write_warning(writer: &mut dyn Write, findings: &Findings, copy: &Copy<'_>) -> io::Result<()> {
    let (others, unnamed_count) = copy.others(findings);
    let more_count = unnamed_count + others.len().saturating_sub(NAMED);
    let mut places: Vec<String> = others.iter().take(NAMED).map(|other| other.place(findings)).collect();
    if more_count > 0 {
        places.push(format!("{more_count} more"));
    }
    let words: Vec<&str> = copy.shown.state.as_str().into_iter().chain(copies::words(copy.group)).collect();
    let words = if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) };
    let (first, last) = copy.member.file_lines;
    writeln!(
        writer,
        "::warning file={},line={first},endLine={last},title={}::{}",
        property(&text::shown(&copy.path(findings))),
        property(&format!("{}{words}", copies::title(copy.group.channel))),
        message(&format!("{} See {}. Group {}", copy.sentence(), places.join(", "), copy.group.group_id)),
    )
}

fn write_notice(writer: &mut dyn Write, more_count: usize, known_count: usize) -> io::Result<()> {
    let counted = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    };
    let parts = [
        counted(more_count, "more group of duplicates", "more groups of duplicates"),
        counted(known_count, "group was there before", "groups were there before"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { Ok(()) } else { writeln!(writer, "::notice title=cds::{}", message(&parts.join("; "))) }
}

/// Text behind `::`.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text behind `=`, where `:` and `,` separate.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use cds_duplication::{Channel, Confidence, Placement};

    use super::*;
    use cds_findings::samples;

    fn written(findings: &Findings) -> String {
        let mut output = Vec::new();
        write(&mut output, findings).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_group_is_one_warning() {
        insta::assert_snapshot!(written(&samples::shop()));
    }

    #[test]
    fn text_cannot_end_a_command_or_begin_one() {
        let output = written(&samples::hostile());
        assert!(!output.chars().any(|character| text::is_unsafe(character) && character != '\n'), "{output:?}");
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(lines.len(), 2, "{output}");
        assert!(lines[0].starts_with("::error title=cds::1 new duplicate group ("), "{output}");
        let properties = lines[1].strip_prefix("::warning ").unwrap().split("::").next().unwrap();
        let names: Vec<&str> = properties.split(',').map(|pair| pair.split('=').next().unwrap()).collect();
        assert_eq!(names, ["file", "line", "endLine", "title"], "{properties}");
        assert!(
            properties.contains("%2C") && properties.contains("%3A") && properties.contains("%250A"),
            "{properties}"
        );
    }

    #[test]
    fn channels_take_turns_with_labels() {
        let definitions: Vec<_> =
            (0..30).map(|id| samples::function(id, "a.py", "f", 1, "def f(row):\n    x\n")).collect();
        let group = |id: usize| {
            let channel = if id < 12 { Channel::Exact } else { Channel::Near };
            samples::group(channel, &format!("{id:016x}"), &definitions, &[2 * id, 2 * id + 1])
        };
        let groups = (0..14).map(group).collect();
        let mut findings = samples::findings(definitions.clone(), groups);
        findings.report.groups[12].is_test = true;
        findings.report.groups[13].is_generated = true;
        findings.settings.generated = Placement::Same;
        let titles = |findings: &Findings| -> Vec<String> {
            let output = written(findings);
            let titles = output.lines().filter_map(|line| line.split_once("title=")?.1.split_once("::"));
            titles.map(|(title, _)| title.to_owned()).filter(|title| title.starts_with("Near")).collect()
        };
        assert_eq!(titles(&findings), ["Near duplicate (tests)", "Near duplicate (generated)"]);
        findings.report.groups[13].confidence = Confidence::Low;
        assert_eq!(titles(&findings), ["Near duplicate (tests)"]);
    }

    #[test]
    fn ten_groups_are_warned_of_and_the_others_counted() {
        let definitions: Vec<_> =
            (0..30).map(|id| samples::function(id, "a.py", "f", 1, "def f(row):\n    x\n")).collect();
        let groups = (0..15)
            .map(|id| samples::group(Channel::Exact, &format!("{id:016x}"), &definitions, &[2 * id, 2 * id + 1]))
            .collect();
        let mut findings = samples::findings(definitions, groups);
        findings.truncated_count = 4;
        let output = written(&findings);
        assert_eq!(output.matches("::warning ").count(), 10);
        assert!(output.ends_with("::notice title=cds::9 more groups of duplicates\n"), "{output}");

        for shown in &mut findings.shown[..13] {
            shown.state = GroupState::Known;
        }
        findings.shown[13].state = GroupState::New;
        findings.shown[14].state = GroupState::Grown { before: 1 };
        findings.truncated_count = 0;
        let output = written(&findings);
        assert_eq!(output.matches("::warning ").count(), 2);
        assert!(output.contains("title=Exact duplicate (new)::") && output.contains("title=Exact duplicate (grown)::"));
        assert!(output.ends_with("::notice title=cds::13 groups were there before\n"), "{output}");

        // Without a run to compare with nothing is news.
        (findings.shown[13].state, findings.shown[14].state) = (GroupState::Uncompared, GroupState::Uncompared);
        findings.is_first_run = true;
        assert_eq!(written(&findings), "::notice title=cds::15 groups were there before\n");
        findings.uncounted_count = 1;
        assert!(written(&findings).ends_with("::notice title=cds::1 group of low confidence does not count for the gate; --gate-confidence low counts all\n"));

        (findings.uncounted_count, findings.is_first_run) = (0, false);
        findings.shown.clear();
        assert_eq!(written(&findings), "");
    }

    #[test]
    fn a_warning_stands_at_what_was_added() {
        let mut findings = samples::shop();
        (findings.shown[0].state, findings.shown[0].added) = (GroupState::New, vec![1]);
        let places = |findings: &Findings| {
            let copies: Vec<_> = copies::of_group(findings, &findings.shown[0]).collect();
            (copies[0].place(findings), copies[1].place(findings))
        };
        let (first, second) = places(&findings);
        let output = written(&findings);
        let line = output.lines().find(|line| line.contains("(new)")).unwrap();
        let (file, number) = second.split_once(':').unwrap();
        assert!(line.starts_with(&format!("::warning file={file},line={number},")), "{line}");
        assert!(line.contains(&format!("See {first}")), "{line}");
    }

    #[test]
    fn paths_begin_at_the_root_of_the_repository() {
        let mut findings = samples::shop();
        findings.run.path_prefix = "python/src/".to_owned();
        assert!(written(&findings).starts_with("::warning file=python/src/shop/cart.py,line=10,"));
    }
}
