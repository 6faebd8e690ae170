//! What a caller, mostly a CI job, wants to fail on.

use anyhow::Context as _;
use cds_duplication::{Change, Group, GroupChange, compare_edits, find, search_keys};
use cds_persistence::{RunId, SqliteReader};
use clap::{Args, ValueEnum};

use super::{Findings, GroupState, Shown, accepted::Accepted, baseline, load};
use crate::{
    failure::Failure,
    render::{
        messages,
        numbers::{one_or_many, percentage},
    },
};

/// So many ids are named where a gate is not met.
const NAMED_COUNT: usize = 10;

/// What the user wants to fail on.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GateArguments {
    /// Exit with 1 if there is a group that is new or gained a copy, or any group at all
    #[arg(long, value_enum, value_name = "WHICH", env = "CDS_FAIL_ON")]
    pub(crate) fail_on: Option<FailOn>,

    #[command(flatten)]
    pub(crate) judgement: JudgementArguments,

    /// Exit with 1 if more than this share of all lines repeats, for example 5% or 0.05
    #[arg(long, value_name = "SHARE", value_parser = parse_share, allow_negative_numbers = true, env = "CDS_MAX_SHARE")]
    pub(crate) max_share: Option<f64>,
}

/// By what a group is judged, wherever new ones are looked for.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct JudgementArguments {
    /// The run that groups are compared with [default with --fail-on new: the previous run of the project]
    #[arg(long, value_name = "RUN", env = "CDS_BASELINE_RUN")]
    pub(crate) baseline_run: Option<String>,

    /// Which groups --fail-on counts: those with strong evidence, or all
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "high", env = "CDS_GATE_CONFIDENCE")]
    pub(crate) gate_confidence: Confidence,
}

/// How strong the evidence of a group has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Confidence {
    /// Neither weak nor doubtful
    #[default]
    High,
    /// Any
    Low,
}

impl Confidence {
    const fn counts(self, group: &Group) -> bool {
        matches!(self, Self::Low) || !(group.is_weak || group.is_doubtful)
    }
}

/// Which groups are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Those that the earlier run did not have, and those that gained a copy since
    New,
    /// Every one that nobody accepted
    Any,
}

impl GateArguments {
    /// Leaves out of what is shown what somebody accepted, says of the rest what it is compared with an earlier run,
    /// and which gates are not met.
    ///
    /// `findings.shown` has all groups that are to be looked at, whatever is later cut off.
    pub(crate) fn apply(&self, reader: &SqliteReader, findings: &mut Findings) -> Result<(), Failure> {
        leave_out_accepted(&Accepted::read(reader)?, findings);
        if let Some(baseline) = self.baseline(reader, findings)? {
            compare_with(reader, baseline, findings)?;
            findings.baseline_run_id = Some(baseline.0);
        }
        findings.is_first_run = self.fail_on == Some(FailOn::New) && findings.baseline_run_id.is_none();
        findings.broken_gates.extend(self.broken(findings));
        findings.uncounted_count = findings.shown.iter().filter(|shown| self.is_uncounted(findings, shown)).count();
        Ok(())
    }

    /// Whether anything is asked for.
    pub(crate) const fn is_asked(&self) -> bool {
        self.fail_on.is_some() || self.max_share.is_some()
    }

    /// The groups that `fail_on` is about and that have the evidence it asks for.
    pub(crate) fn counted<'a>(&'a self, findings: &'a Findings) -> impl Iterator<Item = &'a Shown> {
        let level = self.judgement.gate_confidence;
        let is_counted = move |shown: &&Shown| self.is_meant(shown.state) && level.counts(findings.group(shown));
        findings.shown.iter().filter(is_counted)
    }

    fn is_uncounted(&self, findings: &Findings, shown: &Shown) -> bool {
        self.is_meant(shown.state) && !self.judgement.gate_confidence.counts(findings.group(shown))
    }

    const fn is_meant(&self, state: GroupState) -> bool {
        match self.fail_on {
            Some(FailOn::New) => state.is_news(),
            Some(FailOn::Any) => true,
            None => false,
        }
    }

    /// The run to compare with, where one is asked for and there.
    fn baseline(&self, reader: &SqliteReader, findings: &Findings) -> Result<Option<RunId>, Failure> {
        if let Some(name) = &self.judgement.baseline_run {
            let named = load::find_run(reader, name)?;
            for doubt in baseline::doubts(&named, &findings.run) {
                messages::warning(&doubt);
            }
            return Ok(Some(RunId(named.run_id)));
        }
        if self.fail_on != Some(FailOn::New) {
            return Ok(None);
        }
        let previous = baseline::previous(reader, &findings.run)?;
        if previous.is_none() {
            let run = findings.run.run_id;
            messages::warning(&format!(
                "run {run} is the first of its project here: there is nothing to compare with, so nothing counts as new"
            ));
        }
        Ok(previous)
    }

    fn broken(&self, findings: &Findings) -> Vec<String> {
        let ids: Vec<&str> = self.counted(findings).map(|shown| findings.group(shown).group_id.as_str()).collect();
        let what = if self.fail_on == Some(FailOn::New) { "new duplicates" } else { "duplicates" };
        let groups = (!ids.is_empty()).then(|| format!("{what}: {}", list(&ids)));
        let share = findings.report.totals.share();
        let lines = self.max_share.filter(|most| share > *most).map(|most| {
            let (share, most) = percentages(share, most);
            format!("{share} % of all lines repeat, more than {most} %")
        });
        let is_gate = self.fail_on.is_some() || self.max_share.is_some();
        let empty = (is_gate && findings.definitions.is_empty())
            .then(|| format!("run {} has no records, so there is nothing to look at", findings.run.run_id));
        empty.into_iter().chain(groups).chain(lines).collect()
    }
}

/// That every gate is met, and what that was compared with.
pub(crate) fn met(findings: &Findings) -> String {
    match findings.baseline_run_id {
        Some(baseline) => format!("Every gate is met: compared with run {baseline}"),
        None if findings.is_first_run => {
            "Every gate is met: this run is the first, and the next is compared with it".to_owned()
        }
        None => "Every gate is met".to_owned(),
    }
}

/// That some groups are not counted by the gate, and what counts them.
pub(crate) fn uncounted(findings: &Findings) -> Option<String> {
    let count = findings.uncounted_count as u64;
    let groups = one_or_many(count, "group of low confidence does", "groups of low confidence do");
    (count > 0).then(|| format!("{groups} not count for the gate; --gate-confidence low counts all"))
}

/// Says of each shown group what became of it since `baseline`.
fn compare_with(reader: &SqliteReader, baseline: RunId, findings: &mut Findings) -> Result<(), Failure> {
    let definitions = load::definitions(reader, baseline, &findings.settings)?;
    let current = search_keys(&findings.report.groups, &findings.definitions);
    let earlier = search_keys(&find(&definitions, &findings.settings).groups, &definitions);
    let changes = compare_edits(&earlier, &current);
    for shown in &mut findings.shown {
        let GroupChange { change, added } = &changes[shown.group];
        (shown.state, shown.added) = ((*change).into(), added.clone());
    }
    Ok(())
}

impl From<Change> for GroupState {
    fn from(change: Change) -> Self {
        match change {
            Change::Known => Self::Known,
            Change::Grown { before } => Self::Grown { before },
            Change::New => Self::New,
        }
    }
}

fn leave_out_accepted(accepted: &Accepted, findings: &mut Findings) {
    let all = std::mem::take(&mut findings.shown);
    let count = all.len();
    findings.shown = all.into_iter().filter(|shown| !accepted.covers(findings.group(shown))).collect();
    findings.accepted_count += count - findings.shown.len();
}

/// `2 groups (…, …)`, and not more ids than somebody reads.
fn list(ids: &[&str]) -> String {
    let end = if ids.len() == 1 { "" } else { "s" };
    let named = ids.iter().take(NAMED_COUNT).copied().collect::<Vec<_>>().join(", ");
    let rest = match ids.len().saturating_sub(NAMED_COUNT) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    format!("{} group{end} ({named}{rest})", ids.len())
}

/// Both in percent, with as many decimals as it takes to tell them apart.
fn percentages(share: f64, most: f64) -> (String, String) {
    let mut texts = (String::new(), String::new());
    for decimals in 1..=6 {
        texts = (percentage(share, decimals), percentage(most, decimals));
        if texts.0 != texts.1 {
            break;
        }
    }
    let most = texts.1.trim_end_matches('0').trim_end_matches('.').to_owned();
    (texts.0, most)
}

/// `5%`, `2.5 %` or `0.05`.
fn parse_share(text: &str) -> Result<f64, String> {
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.trim_end().parse::<f64>().context("no number").map(|number| number / 100.0),
        None => text.parse().context("no number"),
    };
    let number = number.ok().filter(|share| (0.0..=1.0).contains(share));
    number.ok_or_else(|| "accepted are 0% to 100%, or the same as a ratio from 0 to 1, such as 0.05".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    fn gates(fail_on: Option<FailOn>, max_share: Option<f64>) -> GateArguments {
        GateArguments { fail_on, max_share, ..GateArguments::default() }
    }

    #[test]
    fn a_share_is_a_percentage_or_a_ratio() {
        for (text, expected) in
            [("5%", 0.05), ("2.5 %", 0.025), ("0.05", 0.05), ("0", 0.0), ("0%", 0.0), ("1", 1.0), ("100%", 1.0)]
        {
            assert!((parse_share(text).unwrap() - expected).abs() < 1e-12, "{text}");
        }
        for wrong in ["", "%", "5", "1.01", "101%", "-1%", "-0.1", "NaN", "inf%", "five", "5%%"] {
            assert!(parse_share(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_gate_names_what_broke_it() {
        let mut findings = samples::shop();
        findings.shown[0].state = GroupState::Known;
        findings.shown[1].state = GroupState::New;
        findings.shown[3].state = GroupState::Grown { before: 2 };
        let broken = |gates: &GateArguments| gates.broken(&findings);
        assert_eq!(
            broken(&gates(Some(FailOn::New), None)),
            ["new duplicates: 2 groups (00000000000000e2, 00000000000000e4)"]
        );
        let any = broken(&gates(Some(FailOn::Any), None));
        assert!(any[0].starts_with("duplicates: 5 groups (00000000000000e1, "), "{any:?}");
        assert_eq!(broken(&gates(None, None)), [""; 0]);
        let totals = findings.report.totals;
        let share = totals.share();
        let expected = format!("{} % of all lines repeat, more than 0.5 %", percentage(share, 1));
        assert_eq!(broken(&gates(None, Some(0.005))), [expected]);
        assert_eq!(broken(&gates(None, Some(share))), [""; 0], "as many as allowed");
        assert_eq!(broken(&gates(Some(FailOn::New), Some(0.0))).len(), 2);
    }

    #[test]
    fn weak_evidence_breaks_a_gate_only_where_that_is_asked_for() {
        let mut findings = samples::shop();
        let ids = |findings: &Findings, gates: &GateArguments| -> Vec<String> {
            gates.counted(findings).map(|shown| findings.group(shown).group_id[14..].to_owned()).collect()
        };
        (findings.report.groups[1].is_weak, findings.report.groups[2].is_doubtful) = (true, true);
        let any = gates(Some(FailOn::Any), None);
        assert_eq!(ids(&findings, &any), ["e1", "e4", "e5"]);
        assert_eq!(findings.shown.iter().filter(|shown| any.is_uncounted(&findings, shown)).count(), 2);
        let judgement = JudgementArguments { gate_confidence: Confidence::Low, ..JudgementArguments::default() };
        let all = GateArguments { judgement, ..any };
        assert_eq!(ids(&findings, &all), ["e1", "e2", "e3", "e4", "e5"]);
        findings.shown[2].state = GroupState::New;
        let new = gates(Some(FailOn::New), None);
        assert!(ids(&findings, &new).is_empty() && new.broken(&findings).is_empty());
        assert_eq!(ids(&findings, &GateArguments { fail_on: new.fail_on, ..all }), ["e3"]);
        assert!(!gates(None, None).is_uncounted(&findings, &findings.shown[2]), "no gate");
    }

    #[test]
    fn a_run_without_records_passes_no_gate() {
        let mut findings = samples::shop();
        (findings.shown, findings.definitions) = (Vec::new(), Vec::new());
        for gate in [gates(Some(FailOn::New), None), gates(Some(FailOn::Any), None), gates(None, Some(1.0))] {
            let broken = gate.broken(&findings);
            assert!(broken[0].contains("has no records"), "{broken:?}");
        }
        assert_eq!(gates(None, None).broken(&findings), [""; 0], "nobody asked");
    }

    #[test]
    fn the_percentages_differ_as_the_shares_do() {
        let both = |share, most| {
            let (share, most) = percentages(share, most);
            format!("{share} > {most}")
        };
        assert_eq!(both(0.031, 0.02), "3.1 > 2");
        assert_eq!(both(0.020_04, 0.02), "2.004 > 2");
        assert_eq!(both(1.0, 0.0), "100.0 > 0");
    }

    #[test]
    fn many_groups_are_counted_and_some_are_named() {
        let ids: Vec<String> = (0..12).map(|number| format!("{number:016x}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        assert_eq!(list(&ids[..1]), "1 group (0000000000000000)");
        let text = list(&ids);
        assert!(text.starts_with("12 groups (") && text.ends_with("0000000000000009 and 2 more)"), "{text}");
    }
}
