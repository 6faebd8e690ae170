//! Groups in columns that fit the terminal, in one list or in sections, and their totals.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use cds_duplication::{Channel, Confidence, Group};
use cds_findings::{Findings, GroupState, Shown, order};
use cds_model::SymbolKind;

use super::{copies, gates};
use cds_terminal::numbers::grouped;
use cds_terminal::{
    grid::{Cell, Column, Grid, Saving},
    numbers::{counted, grouped_u64, percent},
    screen::Screen,
    sections::Sections,
    style::Tone,
};

/// Members of a group that have a line; the rest is counted.
const SHOWN_MEMBERS: usize = 12;
/// Digits of an id that are enough for `--group`.
const SHORT_ID: usize = 8;

const COLUMNS: &[Column] = &[
    Column::text("GROUP"),
    Column::text("CHANNEL"),
    Column::text("KIND"),
    Column::number("LINES"),
    Column::path("PLACE"),
    Column::text("SIGNATURE"),
    Column::number("BEST"),
    Column::number("AVG"),
    Column::number("SAME"),
    Column::number("SAVED"),
    Column::text("STATE"),
];

const WITHOUT_CHANNEL: &[Column] = &[
    COLUMNS[0],
    COLUMNS[2],
    COLUMNS[3],
    COLUMNS[4],
    COLUMNS[5],
    COLUMNS[6],
    COLUMNS[7],
    COLUMNS[8],
    COLUMNS[9],
    COLUMNS[10],
];

const SAVINGS: &[Saving] = &[
    Saving::Cut("SIGNATURE", 40),
    Saving::Cut("PLACE", 48),
    Saving::Shorten("GROUP"),
    Saving::Cut("SIGNATURE", 20),
    Saving::Cut("PLACE", 24),
    Saving::Drop("KIND"),
    Saving::Drop("AVG"),
    Saving::Cut("SIGNATURE", 12),
    Saving::Cut("PLACE", 16),
    Saving::Drop("SIGNATURE"),
    Saving::Drop("BEST"),
    Saving::Drop("SAME"),
    Saving::Drop("LINES"),
    Saving::Cut("PLACE", 12),
    Saving::Drop("CHANNEL"),
    Saving::Cut("PLACE", 8),
];

/// Writes the gates that failed, the groups of each channel, and the totals.
pub(super) fn write(writer: &mut dyn Write, findings: &Findings, screen: &Screen) -> io::Result<()> {
    let mut page = Sections::new(screen);
    if findings.definitions.is_empty() {
        page.sentence(format!("{} has no records, so there are no duplicates", findings.run.subject));
        return write!(writer, "{}", page.finish());
    }
    if !findings.broken_gates.is_empty() {
        page.heading("Failed gates");
        for gate in gates::all_broken(findings) {
            page.toned_field("failed", Tone::Bad, gate);
        }
    }
    if findings.view.unlisted_count.is_some() {
        page.sentence(gates::passed(findings));
    }
    match findings.view.sections {
        None => list(&mut page, findings),
        Some(order::Sections::Channel) => by_channel(&mut page, findings),
        Some(order::Sections::File) => by_file(&mut page, findings),
    }
    totals(&mut page, findings);
    write!(writer, "{}", page.finish())
}

/// All groups in one list, and what the words for the channels mean.
fn list(page: &mut Sections<'_>, findings: &Findings) {
    let groups: Vec<&Shown> = findings.shown.iter().collect();
    if groups.is_empty() && findings.truncated_count == 0 {
        return;
    }
    page.heading("Duplicates");
    grid(page, findings, &groups, true);
    rest(page, findings.truncated_count);
    legend(page, findings);
}

fn by_channel(page: &mut Sections<'_>, findings: &Findings) {
    for channel in findings.report.channels.iter().map(|totals| totals.channel) {
        let groups: Vec<&Shown> =
            findings.shown.iter().filter(|shown| findings.group(shown).channel == channel).collect();
        let hidden_count = findings.view.truncated.get(&channel).copied().unwrap_or(0);
        if groups.is_empty() && hidden_count == 0 {
            continue;
        }
        page.heading(&format!("{}: {}", channel.as_str(), meaning(channel)));
        grid(page, findings, &groups, false);
        rest(page, hidden_count);
    }
}

fn by_file(page: &mut Sections<'_>, findings: &Findings) {
    for (file, groups) in order::by_file(findings) {
        let (count, saved) = (groups.len() as u64, order::saved_lines(findings, &groups));
        let sums = format!("{}, {} that could be saved", counted(count, "group"), counted(saved, "line"));
        page.heading(&format!("{file}: {sums}"));
        grid(page, findings, &groups, true);
    }
    rest(page, findings.truncated_count);
    legend(page, findings);
}

fn grid(page: &mut Sections<'_>, findings: &Findings, groups: &[&Shown], with_channel: bool) {
    let columns = if with_channel { COLUMNS } else { WITHOUT_CHANNEL };
    let mut grid = Grid::new(columns, SAVINGS);
    for shown in groups {
        let group = findings.group(shown);
        let mut push = |mut cells: Vec<Cell>| {
            if !with_channel {
                cells.remove(1);
            }
            grid.push(cells);
        };
        for (row, place) in shown.named(group.members.len(), SHOWN_MEMBERS).into_iter().enumerate() {
            push(cells(findings, shown, place, row == 0).into());
        }
        if let Some(rest) = group.members.len().checked_sub(SHOWN_MEMBERS).filter(|rest| *rest > 0) {
            let mut row: [Cell; 11] = std::array::from_fn(|_| Cell::new(""));
            row[4] = Cell::new(format!("… and {} more", grouped(rest))).tone(Tone::Faint);
            push(row.into());
        }
    }
    if !groups.is_empty() {
        page.grid(&grid);
    }
}

fn rest(page: &mut Sections<'_>, hidden_count: usize) {
    if hidden_count > 0 {
        page.sentence(format!("… and {}; --limit 0 shows all", counted(hidden_count as u64, "more group")));
    }
}

/// What the channels that are listed mean.
fn legend(page: &mut Sections<'_>, findings: &Findings) {
    let listed: BTreeSet<Channel> = findings.shown.iter().map(|shown| findings.group(shown).channel).collect();
    for channel in listed {
        page.field(channel.as_str(), meaning(channel));
    }
}

const fn meaning(channel: Channel) -> &'static str {
    match channel {
        Channel::Exact => "equal code",
        Channel::Renamed => "equal except for names and literals",
        Channel::Near => "similar, with statements added, removed or changed",
        Channel::Fragment => "a run of lines within other code",
        Channel::Intent => "other code with the same intent",
    }
}

/// A member's row; the first row of a group also has the values of the group.
fn cells(findings: &Findings, shown: &Shown, place: usize, is_first: bool) -> [Cell; 11] {
    let group = findings.group(shown);
    let member = &group.members[place];
    let first = is_first.then_some(group);
    let definition = findings.definition(member);
    let (from, to) = member.file_lines;
    let id = || Cell::forms(&[group.group_id.clone(), group.group_id.chars().take(SHORT_ID).collect()]);
    let nothing = || Cell::new("");
    let location = match (definition.kind, group.channel) {
        (SymbolKind::File, channel) if channel != Channel::Fragment => definition.file_path.to_string(),
        _ => format!("{}:{from}", definition.file_path),
    };
    [
        first.map_or_else(nothing, |_| id().tone(Tone::Strong)),
        first.map_or_else(nothing, |group| Cell::new(group.channel.as_str())),
        Cell::new(definition.kind.as_str()),
        Cell::new(to.saturating_sub(from).saturating_add(1).to_string()),
        Cell::new(location),
        Cell::new(definition.signature.as_deref().unwrap_or("-")),
        Cell::new(format!("{:.2}", member.best_ratio)),
        Cell::new(format!("{:.2}", member.avg_ratio)),
        first.map_or_else(nothing, |group| Cell::new(group.common_lines.to_string())),
        first.map_or_else(nothing, |group| Cell::new(group.saved_lines.to_string())),
        state(shown, first, shown.is_added(place) == Some(true)),
    ]
}

/// The state of the group, in its first row, and of the member.
fn state(shown: &Shown, first: Option<&Group>, is_added: bool) -> Cell {
    let mut words = Vec::new();
    if let Some(group) = first {
        match shown.state {
            GroupState::Grown { before } => words.push(format!("grown from {before}")),
            GroupState::Uncompared | GroupState::Known | GroupState::New => {
                words.extend(shown.state.as_str().map(str::to_owned));
            }
        }
        words.extend(copies::words(group).map(str::to_owned));
    }
    words.extend(is_added.then(|| "added".to_owned()));
    let tone = match shown.state {
        GroupState::New | GroupState::Grown { .. } => Tone::Warning,
        GroupState::Uncompared | GroupState::Known => Tone::Faint,
    };
    Cell::new(words.join(", ")).tone(tone)
}

fn totals(page: &mut Sections<'_>, findings: &Findings) {
    let report = &findings.report;
    if report.totals.group_count == 0 {
        page.sentence(format!("{} has no duplicates of the requested kinds", findings.run.subject));
    } else if findings.shown.is_empty() && findings.view.unlisted_count.is_none() {
        page.sentence("no groups to show");
    }
    page.heading("Totals");
    let by_channel: Vec<String> = report
        .channels
        .iter()
        .filter(|channel| channel.totals.group_count > 0)
        .map(|channel| format!("{} {}", grouped_u64(channel.totals.group_count), channel.channel.as_str()))
        .collect();
    let groups = grouped_u64(report.totals.group_count);
    page.field("groups", if by_channel.is_empty() { groups } else { format!("{groups}: {}", by_channel.join(", ")) });
    page.field("members", grouped_u64(report.totals.member_count));
    page.field(
        "repeated lines",
        format!(
            "{} of {}, {}",
            grouped_u64(report.totals.repeated_lines),
            grouped_u64(report.totals.line_count),
            percent(report.totals.share())
        ),
    );
    if report.totals.intent_lines > 0 {
        page.field(
            "intents alone",
            format!(
                "{} more, {}: not in the share",
                counted(report.totals.intent_lines, "line"),
                percent(report.totals.intent_share())
            ),
        );
    }
    let covered: u64 = report.channels.iter().map(|channel| channel.covered_count).sum();
    if covered > 0 {
        page.field("covered", format!("{} that other groups contain", counted(covered, "group")));
    }
    if report.low_confidence_count() > 0 {
        let place = if findings.settings.min_confidence > Confidence::Low { "left out" } else { "ranked last" };
        page.field(
            "low confidence",
            format!("{} that may only look similar: {place}", counted(report.low_confidence_count(), "group")),
        );
    }
    let shape_only: Option<u64> = report.channels.iter().map(|channel| channel.shape_only_pair_count).sum();
    if let Some(pairs) = shape_only.filter(|pairs| *pairs > 0 && findings.settings.min_confidence > Confidence::None) {
        page.field(
            "left out",
            format!("{} with only a common shape; --min-confidence none shows them", counted(pairs, "pair")),
        );
    }
    if let Some(unsearched) = copies::unsearched(findings) {
        page.field("not searched", unsearched);
    }
    if let Some(missing) = copies::missing_intents(findings) {
        page.field("without an intent", missing);
    }
    if let Some(uncounted) = gates::uncounted(findings) {
        page.field("not counted", uncounted);
    }
    if findings.accepted_count > 0 {
        page.field("accepted", counted(findings.accepted_count as u64, "group"));
    }
    if let Some(count) = findings.view.unlisted_count.filter(|count| *count > 0) {
        page.field("not listed", format!("{}; --limit 0 lists all", counted(count as u64, "group")));
    }
    if findings.truncated_count > 0 {
        page.field("not shown", format!("{}; --limit 0 shows all", counted(findings.truncated_count as u64, "group")));
    }
    if let Some(baseline) = &findings.baseline {
        page.field("compared with", baseline.to_string());
    }
}

#[cfg(test)]
mod tests {
    use cds_findings::{BrokenGate, FailOn, Subject, samples};
    use jiff::tz::TimeZone;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;
    use cds_terminal::{local_time::LocalTime, style::Palette, text::is_unsafe};

    fn table(findings: &Findings, width: usize) -> String {
        let screen = Screen { width, palette: Palette::Plain, time: LocalTime::of(TimeZone::UTC) };
        let mut output = Vec::new();
        write(&mut output, findings, &screen).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn it_looks_as_reviewed() {
        let mut findings = samples::shop();
        findings.shown[1].state = GroupState::New;
        findings.shown[2].state = GroupState::Grown { before: 1 };
        (findings.shown[1].added, findings.shown[2].added) = (vec![0, 1], vec![1]);
        findings.report.groups[3].is_test = true;
        findings.report.groups[4].confidence = Confidence::None;
        findings.report.groups[2].confidence = Confidence::Low;
        findings.report.channels[2].low_confidence_count = 3;
        findings.report.channels[2].shape_only_pair_count = Some(1_204);
        findings.report.channels[2].covered_count = 1;
        let ids = vec![findings.report.groups[0].group_id.clone()];
        findings.broken_gates = vec![BrokenGate::Groups { fail_on: FailOn::New, ids }];
        (findings.accepted_count, findings.truncated_count) = (2, 7);
        findings.baseline = Some(Subject::run(6));
        findings.view.truncated.insert(Channel::Near, 7);
        findings.report.unsearched.test_count = 1_204;
        insta::assert_snapshot!("dup_table_80", table(&findings, 80));
        insta::assert_snapshot!("dup_table_160", table(&findings, 160));
        findings.view.sections = Some(order::Sections::Channel);
        insta::assert_snapshot!("dup_table_by_channel", table(&findings, 160));
        findings.view.sections = Some(order::Sections::File);
        insta::assert_snapshot!("dup_table_by_file", table(&findings, 160));
    }

    #[test]
    fn lines_fit_the_terminal() {
        for width in 40..200 {
            let mut by_file = samples::hostile();
            by_file.view.sections = Some(order::Sections::File);
            for text in [table(&samples::hostile(), width), table(&samples::shop(), width), table(&by_file, width)] {
                for line in text.lines() {
                    assert!(line.width() <= width, "{width}: {line}");
                    assert!(!line.chars().any(is_unsafe), "{line:?}");
                }
            }
        }
    }

    #[test]
    fn large_group_is_cut_with_a_count() {
        let code = "def f(row):\n    return row\n";
        let definitions: Vec<_> =
            (0..1_500).map(|id| samples::function(id, &format!("a{id}.py"), "f", 1, code)).collect();
        let places: Vec<usize> = (0..1_500).collect();
        let groups = vec![samples::group(Channel::Exact, "00000000000000aa", &definitions, &places)];
        let mut findings = samples::findings(definitions, groups);
        let text = table(&findings, 160);
        assert!(text.contains("… and 1,488 more"), "{text}");
        assert!(text.lines().count() < 30, "{text}");

        (findings.shown[0].state, findings.shown[0].added) = (GroupState::Grown { before: 1_498 }, vec![700, 900]);
        let text = table(&findings, 160);
        let rows: Vec<&str> = text.lines().filter(|line| line.contains(".py:")).collect();
        assert!(rows[0].contains("a700.py") && rows[0].ends_with("grown from 1498, added"), "{text}");
        assert!(rows[1].contains("a900.py") && rows[1].ends_with("added") && !rows[1].contains("grown"), "{text}");
        assert!(rows[2].contains("a0.py") && !rows[2].contains("added") && rows.len() == SHOWN_MEMBERS, "{text}");
    }

    #[test]
    fn nothing_is_said_in_a_sentence() {
        let empty = samples::findings(Vec::new(), Vec::new());
        assert_eq!(table(&empty, 80), "  run 7 has no records, so there are no duplicates\n");
        let unique = samples::findings(samples::shop().definitions, Vec::new());
        assert!(table(&unique, 80).starts_with("  run 7 has no duplicates of the requested kinds\n"));
    }
}
