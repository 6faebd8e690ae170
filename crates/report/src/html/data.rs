//! The data of the page, in the form that it reads.

use cds_duplication::{Channel, ChannelTotals, Confidence, Definition, Totals};
use serde::Serialize;

use super::{
    super::{Findings, copies, gates},
    code::{CHUNK, CodeTable},
    rows::RowsTable,
};
use cds_findings::{GroupState, Shown, trend::TrendPoint};
use cds_terminal::numbers::one_or_many;

use crate::align::quiet_lines;

const MOST_GROUPS: usize = 10_000;
/// The most copies of one group whose code the page has.
const MOST_MEMBERS: usize = 500;
const LONGEST_TEXT: usize = 2_000;
/// Lines around a fragment.
const CONTEXT: u32 = 3;

#[derive(Serialize)]
pub(super) struct Report<'a> {
    tool_version: &'static str,
    run: RunFields<'a>,
    /// What the groups were compared with, in words.
    baseline: Option<String>,
    broken_gates: Vec<String>,
    notes: Vec<String>,
    totals: Sums,
    channels: Vec<ChannelFields>,
    trend: Vec<Point<'a>>,
    texts_per_chunk: usize,
    groups: Vec<GroupFields<'a>>,
}

#[derive(Serialize)]
struct RunFields<'a> {
    /// What was searched, in words.
    subject: String,
    started_at: &'a str,
    root_path: &'a str,
    project: Option<&'a str>,
    code_ref: Option<&'a str>,
}

#[derive(Serialize)]
struct Sums {
    group_count: u64,
    member_count: u64,
    repeated_lines: u64,
    share: f64,
    /// Lines that groups of intents alone hold; the share is without them.
    intent_lines: u64,
    intent_share: f64,
}

/// One run of the trend.
#[derive(Serialize)]
struct Point<'a> {
    run_id: i64,
    started_at: &'a str,
    #[serde(flatten)]
    sums: Sums,
}

#[derive(Serialize)]
struct ChannelFields {
    channel: &'static str,
    group_count: u64,
    member_count: u64,
    repeated_lines: u64,
    covered_count: u64,
}

#[derive(Serialize)]
struct GroupFields<'a> {
    group_id: &'a str,
    channel: &'static str,
    state: Option<&'static str>,
    before: Option<usize>,
    is_test: bool,
    is_generated: bool,
    confidence: &'static str,
    covered_by: Option<&'a str>,
    pair_count: u64,
    md5_overlap_pairs: u64,
    repeated_lines: u32,
    common_lines: u32,
    saved_lines: u64,
    members: Vec<MemberFields<'a>>,
    unlisted_count: usize,
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent observation, and all combinations occur")]
struct MemberFields<'a> {
    record_id: i64,
    kind: &'static str,
    path: &'a str,
    name: String,
    signature: Option<&'a str>,
    lines: (u32, u32),
    is_estimated: bool,
    is_test: bool,
    is_generated: bool,
    is_added: bool,
    best_ratio: f64,
    avg_ratio: f64,
    md5_overlap: u64,
    intent: Option<&'a str>,
    code: Option<usize>,
    /// How its code stands beside that of the first copy; `None` if that is the same code.
    rows: Option<usize>,
    /// The number of the first line of the code.
    first: u32,
    /// The lines that belong to the group, by their shown numbers; `None` for all.
    part: Option<(u32, u32)>,
    is_normalized: bool,
}

/// The whole report; the code goes into `code`.
pub(super) fn report<'a>(findings: &'a Findings, code: &mut CodeTable, rows: &mut RowsTable) -> Report<'a> {
    let groups = findings.shown.iter().take(MOST_GROUPS).map(|shown| group(findings, shown, code, rows)).collect();
    let run = &findings.run;
    Report {
        tool_version: env!("CARGO_PKG_VERSION"),
        run: RunFields {
            subject: run.subject.to_string(),
            started_at: &run.started_at,
            root_path: &run.root_path,
            project: run.project.as_deref(),
            code_ref: run.code_ref.as_deref(),
        },
        baseline: findings.baseline.as_ref().map(ToString::to_string),
        broken_gates: gates::all_broken(findings),
        notes: notes(findings, code),
        totals: sums(&findings.report.totals),
        channels: findings.report.channels.iter().map(channel).collect(),
        trend: findings.trend.iter().map(point).collect(),
        texts_per_chunk: CHUNK,
        groups,
    }
}

fn sums(totals: &Totals) -> Sums {
    Sums {
        group_count: totals.group_count,
        member_count: totals.member_count,
        repeated_lines: totals.repeated_lines,
        share: totals.share(),
        intent_lines: totals.intent_lines,
        intent_share: totals.intent_share(),
    }
}

fn point(point: &TrendPoint) -> Point<'_> {
    let snapshot = &point.snapshot;
    Point { run_id: snapshot.run_id.0, started_at: &snapshot.started_at, sums: sums(&point.totals) }
}

/// The notes about what the page leaves out.
fn notes(findings: &Findings, code: &CodeTable) -> Vec<String> {
    let is_hidden = findings.settings.min_confidence > Confidence::Low;
    let hidden_count = if is_hidden { findings.report.low_confidence_count() } else { 0 };
    let cut_count = findings.shown.len().saturating_sub(MOST_GROUPS);
    [
        (findings.truncated_count as u64, ["group is", "groups are"], "beyond the limit."),
        (cut_count as u64, ["group is", "groups are"], "left out, to keep the page small."),
        (code.left_out_count as u64, ["copy is", "copies are"], "listed without code, to keep the page small."),
        (findings.accepted_count as u64, ["group is", "groups are"], "accepted and left out."),
        (hidden_count, ["group is", "groups are"], "of low confidence and left out."),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, [one, many], rest)| format!("{} {rest}", one_or_many(count, one, many)))
    .chain(copies::unsearched(findings).map(|unsearched| format!("Not searched: {unsearched}.")))
    .chain(copies::missing_intents(findings).map(|missing| format!("Without an intent: {missing}.")))
    .chain(gates::uncounted(findings).map(|uncounted| format!("Note: {uncounted}.")))
    .collect()
}

fn channel(found: &ChannelTotals) -> ChannelFields {
    ChannelFields {
        channel: found.channel.as_str(),
        group_count: found.totals.group_count,
        member_count: found.totals.member_count,
        repeated_lines: found.totals.repeated_lines,
        covered_count: found.covered_count,
    }
}

fn group<'a>(findings: &'a Findings, shown: &Shown, code: &mut CodeTable, rows: &mut RowsTable) -> GroupFields<'a> {
    let group = findings.group(shown);
    let members = shown.named(group.members.len(), MOST_MEMBERS).into_iter();
    let mut members: Vec<MemberFields<'a>> = members.map(|place| member(findings, shown, place, code)).collect();
    if let Some(first) = members.first().and_then(|first| first.code) {
        for member in &mut members {
            member.rows = member.code.and_then(|own| rows.add(first, own, code.codes()));
        }
    }
    GroupFields {
        group_id: &group.group_id,
        channel: group.channel.as_str(),
        state: shown.state.as_str(),
        before: if let GroupState::Grown { before } = shown.state { Some(before) } else { None },
        is_test: group.is_test,
        is_generated: group.is_generated,
        confidence: group.confidence.as_str(),
        covered_by: group.covered_by.as_deref(),
        pair_count: group.pair_count,
        md5_overlap_pairs: group.md5_overlap_pairs,
        repeated_lines: group.repeated_lines,
        common_lines: group.common_lines,
        saved_lines: group.saved_lines,
        members,
        unlisted_count: group.members.len().saturating_sub(MOST_MEMBERS),
    }
}

fn member<'a>(findings: &'a Findings, shown: &Shown, place: usize, code: &mut CodeTable) -> MemberFields<'a> {
    let group = findings.group(shown);
    let member = &group.members[place];
    let definition = findings.definition(member);
    let raw = findings.raw_code.get(&definition.record_id);
    let is_part = group.channel == Channel::Fragment;
    // The lines to show, counted from the first of the text, and the number of that.
    let (text, numbered_from, meant) = match raw {
        Some(raw) => (raw.as_str(), definition.start_line, member.file_lines),
        None => (&*definition.normalized_code, 1, (member.normalized_lines.0 + 1, member.normalized_lines.1)),
    };
    let first = if is_part { meant.0.saturating_sub(CONTEXT).max(numbered_from) } else { numbered_from };
    let count = if is_part { (meant.1 + CONTEXT + 1).saturating_sub(first) as usize } else { usize::MAX };
    let quiet = quiet_lines(text, &definition.normalized_code);
    MemberFields {
        record_id: definition.record_id,
        kind: definition.kind.as_str(),
        path: &definition.file_path,
        name: copies::name(definition),
        signature: definition.signature.as_deref().map(cut),
        lines: member.file_lines,
        is_estimated: member.lines_are_estimated,
        is_test: member.is_test,
        is_generated: member.is_generated,
        is_added: shown.is_added(place) == Some(true),
        best_ratio: member.best_ratio,
        avg_ratio: member.avg_ratio,
        md5_overlap: member.md5_overlap,
        intent: intent(definition),
        code: code.add(text.lines().zip(quiet).skip((first - numbered_from) as usize).take(count)),
        rows: None,
        first,
        part: is_part.then_some(meant),
        is_normalized: raw.is_none(),
    }
}

fn intent(definition: &Definition) -> Option<&str> {
    definition.intent.as_deref().map(cut)
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST_TEXT).map_or(text, |(at, _)| &text[..at])
}
