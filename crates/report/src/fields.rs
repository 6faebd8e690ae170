//! The fields of a group as programs get them: a contract, changed only by adding fields.

use cds_duplication::{Channel, ChannelTotals, Group, Grouping, Member, NearBy, Placement, Totals};
use cds_findings::{Findings, GroupState, Shown, Subject};
use serde::Serialize;

use crate::gates;

/// Grows when a field is removed or changes its meaning.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// Everything but the groups.
#[derive(Debug, Serialize)]
pub(super) struct SummaryFields<'a> {
    schema_version: u32,
    tool_version: &'static str,
    run_id: Option<i64>,
    run: RunFields<'a>,
    baseline_run_id: Option<i64>,
    baseline_commit: Option<&'a str>,
    settings: SettingsFields<'a>,
    totals: AllTotalsFields,
    channels: Vec<ChannelFields>,
    broken_gates: Vec<String>,
    uncounted_group_count: usize,
    shown_group_count: usize,
    truncated: bool,
    truncated_group_count: usize,
}

#[derive(Debug, Serialize)]
struct RunFields<'a> {
    started_at: &'a str,
    root_path: &'a str,
    project: Option<&'a str>,
    code_ref: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct SettingsFields<'a> {
    channels: Vec<&'static str>,
    kinds: Vec<&'static str>,
    min_lines: u32,
    min_tokens: u32,
    near_by: &'static str,
    text_threshold: f64,
    token_threshold: f64,
    intent_threshold: f64,
    derived_intents: bool,
    min_fragment_lines: u32,
    min_fragment_tokens: u32,
    max_gap_lines: u32,
    grouping: &'static str,
    tests: &'static str,
    generated: &'static str,
    min_confidence: &'static str,
    path_filters: &'a [String],
    limit: Option<usize>,
}

#[derive(Debug, Serialize)]
struct TotalsFields {
    group_count: u64,
    member_count: u64,
    repeated_lines: u64,
    line_count: u64,
    share: f64,
}

#[derive(Debug, Serialize)]
struct AllTotalsFields {
    #[serde(flatten)]
    sums: TotalsFields,
    /// Lines that groups of intents alone hold; `repeated_lines` and `share` are without them.
    intent_lines: u64,
    intent_share: f64,
    /// Null if nothing searched for them.
    shape_only_pair_count: Option<u64>,
    low_confidence_group_count: u64,
    covered_group_count: u64,
    accepted_group_count: usize,
    unsearched_test_count: u64,
    unsearched_generated_count: u64,
    unsearched_intent_count: u64,
    missing_intent_count: u64,
    left_out_pair_count: u64,
}

#[derive(Debug, Serialize)]
struct ChannelFields {
    channel: &'static str,
    #[serde(flatten)]
    sums: TotalsFields,
    /// Null if nothing searched for them.
    shape_only_pair_count: Option<u64>,
    low_confidence_group_count: u64,
    covered_group_count: u64,
    left_out_pair_count: u64,
}

/// A group that is shown.
#[derive(Debug, Serialize)]
pub(super) struct GroupFields<'a> {
    channel: &'static str,
    group_id: &'a str,
    state: Option<&'static str>,
    copies_before: Option<usize>,
    is_test: bool,
    is_generated: bool,
    confidence: &'static str,
    member_count: usize,
    pair_count: u64,
    md5_overlap_pairs: u64,
    repeated_lines: u32,
    common_lines: u32,
    saved_lines: u64,
    best_ratio: f64,
    avg_ratio: f64,
    members: Vec<MemberFields<'a>>,
}

#[derive(Debug, Serialize)]
struct MemberFields<'a> {
    record_id: i64,
    kind: &'static str,
    file_path: &'a str,
    signature: Option<&'a str>,
    start_line: u32,
    end_line: u32,
    best_ratio: f64,
    avg_ratio: f64,
    md5_overlap: u64,
    is_test: bool,
    is_generated: bool,
    is_added: Option<bool>,
    intent: Option<&'a str>,
    fragment: Option<FragmentFields>,
}

#[derive(Debug, Serialize)]
struct FragmentFields {
    start_line: u32,
    end_line: u32,
    is_estimated: bool,
}

impl<'a> SummaryFields<'a> {
    pub(super) fn of(findings: &'a Findings) -> Self {
        let channels = &findings.report.channels;
        Self {
            schema_version: SCHEMA_VERSION,
            tool_version: env!("CARGO_PKG_VERSION"),
            run_id: findings.run.subject.run_id(),
            run: RunFields {
                started_at: &findings.run.started_at,
                root_path: &findings.run.root_path,
                project: findings.run.project.as_deref(),
                code_ref: findings.run.code_ref.as_deref(),
            },
            baseline_run_id: findings.baseline.as_ref().and_then(Subject::run_id),
            baseline_commit: findings.baseline.as_ref().and_then(Subject::commit),
            settings: SettingsFields::of(findings),
            totals: AllTotalsFields {
                sums: TotalsFields::of(&findings.report.totals),
                intent_lines: findings.report.totals.intent_lines,
                intent_share: rounded(findings.report.totals.intent_share()),
                shape_only_pair_count: channels.iter().map(|channel| channel.shape_only_pair_count).sum(),
                low_confidence_group_count: findings.report.low_confidence_count(),
                covered_group_count: channels.iter().map(|channel| channel.covered_count).sum(),
                accepted_group_count: findings.accepted_count,
                unsearched_test_count: findings.report.unsearched.test_count,
                unsearched_generated_count: findings.report.unsearched.generated_count,
                unsearched_intent_count: findings.report.unsearched.intent_count,
                missing_intent_count: findings.missing_intents().0,
                left_out_pair_count: findings.report.left_out_pair_count(),
            },
            channels: channels.iter().map(ChannelFields::of).collect(),
            broken_gates: gates::all_broken(findings),
            uncounted_group_count: findings.uncounted_count,
            shown_group_count: findings.shown.len(),
            truncated: findings.truncated_count > 0,
            truncated_group_count: findings.truncated_count,
        }
    }
}

impl<'a> SettingsFields<'a> {
    fn of(findings: &'a Findings) -> Self {
        let settings = &findings.settings;
        Self {
            channels: settings.channels.iter().map(|channel| channel.as_str()).collect(),
            kinds: (settings.kinds.iter().map(|kind| kind.as_str()))
                .chain(settings.outside.then_some("outside"))
                .collect(),
            min_lines: settings.min_lines,
            min_tokens: settings.min_tokens,
            near_by: match settings.near_by {
                NearBy::Text => "text",
                NearBy::Tokens => "tokens",
                NearBy::Both => "both",
            },
            text_threshold: settings.text_threshold,
            token_threshold: settings.token_threshold,
            intent_threshold: settings.intent_threshold,
            derived_intents: settings.derived_intents,
            min_fragment_lines: settings.min_fragment_lines,
            min_fragment_tokens: settings.min_fragment_tokens,
            max_gap_lines: settings.max_gap_lines,
            grouping: match settings.grouping {
                Grouping::Components => "components",
                Grouping::Cohesive => "cohesive",
            },
            tests: placement(settings.tests),
            generated: placement(settings.generated),
            min_confidence: settings.min_confidence.as_str(),
            path_filters: &findings.view.path_filters,
            limit: findings.view.limit,
        }
    }
}

const fn placement(placement: Placement) -> &'static str {
    match placement {
        Placement::RankLast => "rank-last",
        Placement::Hide => "hide",
        Placement::Same => "same",
    }
}

impl TotalsFields {
    fn of(totals: &Totals) -> Self {
        Self {
            group_count: totals.group_count,
            member_count: totals.member_count,
            repeated_lines: totals.repeated_lines,
            line_count: totals.line_count,
            share: rounded(totals.share()),
        }
    }
}

impl ChannelFields {
    fn of(channel: &ChannelTotals) -> Self {
        Self {
            channel: channel.channel.as_str(),
            sums: TotalsFields::of(&channel.totals),
            shape_only_pair_count: channel.shape_only_pair_count,
            low_confidence_group_count: channel.low_confidence_count,
            covered_group_count: channel.covered_count,
            left_out_pair_count: channel.left_out_pair_count,
        }
    }
}

impl<'a> GroupFields<'a> {
    pub(super) fn of(findings: &'a Findings, shown: &Shown) -> Self {
        let group = findings.group(shown);
        let (best_ratio, avg_ratio) = ratios(group);
        Self {
            channel: group.channel.as_str(),
            group_id: &group.group_id,
            state: shown.state.as_str(),
            copies_before: match shown.state {
                GroupState::Grown { before } => Some(before),
                GroupState::Uncompared | GroupState::Known | GroupState::New => None,
            },
            is_test: group.is_test,
            is_generated: group.is_generated,
            confidence: group.confidence.as_str(),
            member_count: group.members.len(),
            pair_count: group.pair_count,
            md5_overlap_pairs: group.md5_overlap_pairs,
            repeated_lines: group.repeated_lines,
            common_lines: group.common_lines,
            saved_lines: group.saved_lines,
            best_ratio: rounded(best_ratio),
            avg_ratio: rounded(avg_ratio),
            members: group
                .members
                .iter()
                .enumerate()
                .map(|(place, member)| MemberFields::of(findings, group.channel, member, shown.is_added(place)))
                .collect(),
        }
    }
}

impl<'a> MemberFields<'a> {
    fn of(findings: &'a Findings, channel: Channel, member: &Member, is_added: Option<bool>) -> Self {
        let definition = findings.definition(member);
        Self {
            record_id: definition.record_id,
            kind: definition.kind.as_str(),
            file_path: &definition.file_path,
            signature: definition.signature.as_deref(),
            start_line: definition.start_line,
            end_line: definition.end_line,
            best_ratio: rounded(member.best_ratio),
            avg_ratio: rounded(member.avg_ratio),
            md5_overlap: member.md5_overlap,
            is_test: member.is_test,
            is_generated: member.is_generated,
            is_added,
            intent: definition.intent.as_deref(),
            fragment: (channel == Channel::Fragment).then_some(FragmentFields {
                start_line: member.file_lines.0,
                end_line: member.file_lines.1,
                is_estimated: member.lines_are_estimated,
            }),
        }
    }
}

/// The highest ratio of the group's members, and the mean of theirs.
pub(super) fn ratios(group: &Group) -> (f64, f64) {
    let best = group.members.iter().map(|member| member.best_ratio).fold(0.0, f64::max);
    let sum: f64 = group.members.iter().map(|member| member.avg_ratio).sum();
    let count = u32::try_from(group.members.len()).unwrap_or(u32::MAX).max(1);
    (best, sum / f64::from(count))
}

/// With four decimals; more are noise.
pub(super) fn rounded(ratio: f64) -> f64 {
    (ratio * 10_000.0).round() / 10_000.0
}
