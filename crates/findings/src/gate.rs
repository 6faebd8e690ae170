//! What a caller, mostly a CI job, wants to fail on.

use cds_duplication::{Change, Confidence, Definition, Group, GroupChange, compare_edits, find, search_keys};
use cds_persistence::RunId;

use super::{Findings, GroupState, Shown, Subject, accepted::Accepted, baseline, load};
use crate::{Error, Source, Warning};

/// What the caller wants to fail on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gate {
    /// Which groups fail the gate; `None` if none does.
    pub fail_on: Option<FailOn>,
    /// Which groups `fail_on` counts.
    pub confidence: GateConfidence,
    /// The run to compare with; without one, and with [`FailOn::New`], the previous run of the project.
    pub baseline_run: Option<String>,
    /// The share of all lines that may repeat, 0 to 1.
    pub max_share: Option<f64>,
}

/// How strong the evidence of a group has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GateConfidence {
    /// Only groups of high confidence.
    #[default]
    High,
    /// Any.
    Low,
}

impl GateConfidence {
    const fn counts(self, group: &Group) -> bool {
        matches!(self, Self::Low) || matches!(group.confidence, Confidence::High)
    }
}

/// Which groups fail the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// Those that the earlier run did not have, and those that gained a copy since.
    New,
    /// Every one that is not accepted.
    Any,
}

/// A gate that failed.
#[derive(Debug, Clone, PartialEq)]
pub enum BrokenGate {
    /// Groups that the gate counts.
    Groups {
        /// Which groups it counts.
        fail_on: FailOn,
        /// Their ids, in the order in which they are shown.
        ids: Vec<String>,
    },
    /// More lines repeat than may.
    Share {
        /// The share of lines that repeat, 0 to 1.
        share: f64,
        /// The share that may.
        limit: f64,
    },
    /// There are no records, so that no gate can say anything.
    NoRecords(Subject),
}

impl Gate {
    /// Leaves accepted groups out, compares the others with an earlier run, and says which gates failed.
    ///
    /// `run` is the snapshot that was searched. `findings.shown` has all groups that may fail the gate, before a limit cuts
    /// them.
    pub fn apply(&self, source: &Source<'_>, run: RunId, today: &str, findings: &mut Findings) -> Result<(), Error> {
        leave_out_accepted(&Accepted::read(source.reader, today)?, findings);
        if let Some(baseline) = self.baseline(source, run, findings)? {
            let definitions = load::definitions(source, baseline, &findings.settings, &mut findings.warnings)?;
            compare_with(Subject::Run(baseline), &definitions, findings);
        }
        findings.is_first_run = self.fail_on == Some(FailOn::New) && findings.baseline.is_none();
        self.judge(findings);
        Ok(())
    }

    /// Says which gates failed, by the state that each shown group has.
    pub fn judge(&self, findings: &mut Findings) {
        findings.broken_gates.extend(self.broken(findings));
        findings.uncounted_count = findings.shown.iter().filter(|shown| self.is_uncounted(findings, shown)).count();
    }

    /// Whether anything is asked for.
    pub const fn is_asked(&self) -> bool {
        self.fail_on.is_some() || self.max_share.is_some()
    }

    /// The groups that `fail_on` is about and that have the evidence it asks for.
    pub fn counted<'a>(&'a self, findings: &'a Findings) -> impl Iterator<Item = &'a Shown> {
        let level = self.confidence;
        let is_counted = move |shown: &&Shown| self.concerns(shown.state) && level.counts(findings.group(shown));
        findings.shown.iter().filter(is_counted)
    }

    fn is_uncounted(&self, findings: &Findings, shown: &Shown) -> bool {
        self.concerns(shown.state) && !self.confidence.counts(findings.group(shown))
    }

    /// Whether `fail_on` is about groups of this state.
    const fn concerns(&self, state: GroupState) -> bool {
        match self.fail_on {
            Some(FailOn::New) => state.is_news(),
            Some(FailOn::Any) => true,
            None => false,
        }
    }

    /// The run to compare with, where one is asked for and there.
    fn baseline(&self, source: &Source<'_>, run: RunId, findings: &mut Findings) -> Result<Option<RunId>, Error> {
        if let Some(name) = &self.baseline_run {
            let (number, named) = load::find_run(source.reader, name)?;
            findings.warnings.extend(baseline::doubts((number, &named), (run, &findings.run)));
            return Ok(Some(number));
        }
        if self.fail_on != Some(FailOn::New) {
            return Ok(None);
        }
        let previous = baseline::previous(source.reader, run, &findings.run)?;
        if previous.is_none() {
            findings.warnings.push(Warning::FirstRun(run));
        }
        Ok(previous)
    }

    fn broken(&self, findings: &Findings) -> Vec<BrokenGate> {
        let mut broken = Vec::new();
        if self.is_asked() && findings.definitions.is_empty() {
            broken.push(BrokenGate::NoRecords(findings.run.subject.clone()));
        }
        if let Some(fail_on) = self.fail_on {
            let ids: Vec<String> = self.counted(findings).map(|shown| findings.group(shown).group_id.clone()).collect();
            if !ids.is_empty() {
                broken.push(BrokenGate::Groups { fail_on, ids });
            }
        }
        let share = findings.report.totals.share();
        if let Some(limit) = self.max_share.filter(|limit| share > *limit) {
            broken.push(BrokenGate::Share { share, limit });
        }
        broken
    }
}

/// Sets the state of each shown group, compared with the duplicates among `definitions`, those of `baseline`.
pub fn compare_with(baseline: Subject, definitions: &[Definition], findings: &mut Findings) {
    let current = search_keys(&findings.report.groups, &findings.definitions);
    let earlier = search_keys(&find(definitions, &findings.settings).groups, definitions);
    let changes = compare_edits(&earlier, &current);
    for shown in &mut findings.shown {
        let GroupChange { change, added } = &changes[shown.group];
        (shown.state, shown.added) = ((*change).into(), added.clone());
    }
    findings.baseline = Some(baseline);
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

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    fn gate(fail_on: Option<FailOn>, max_share: Option<f64>) -> Gate {
        Gate { fail_on, max_share, ..Gate::default() }
    }

    fn ids(findings: &Findings, gate: &Gate) -> Vec<String> {
        gate.counted(findings).map(|shown| findings.group(shown).group_id[14..].to_owned()).collect()
    }

    #[test]
    fn a_gate_names_what_broke_it() {
        let mut findings = samples::shop();
        findings.shown[0].state = GroupState::Known;
        findings.shown[1].state = GroupState::New;
        findings.shown[3].state = GroupState::Grown { before: 2 };
        let broken = |gate: &Gate| gate.broken(&findings);
        let ids = vec!["00000000000000e2".to_owned(), "00000000000000e4".to_owned()];
        assert_eq!(broken(&gate(Some(FailOn::New), None)), [BrokenGate::Groups { fail_on: FailOn::New, ids }]);
        let any = broken(&gate(Some(FailOn::Any), None));
        assert!(matches!(&any[..], [BrokenGate::Groups { fail_on: FailOn::Any, ids }] if ids.len() == 5), "{any:?}");
        assert_eq!(broken(&gate(None, None)), []);
        let share = findings.report.totals.share();
        assert_eq!(broken(&gate(None, Some(0.005))), [BrokenGate::Share { share, limit: 0.005 }]);
        assert_eq!(broken(&gate(None, Some(share))), [], "as many as allowed");
        assert_eq!(broken(&gate(Some(FailOn::New), Some(0.0))).len(), 2);
    }

    #[test]
    fn low_confidence_breaks_no_gate_by_default() {
        let mut findings = samples::shop();
        (findings.report.groups[1].confidence, findings.report.groups[2].confidence) =
            (Confidence::None, Confidence::Low);
        let any = gate(Some(FailOn::Any), None);
        assert_eq!(ids(&findings, &any), ["e1", "e4", "e5"]);
        assert_eq!(findings.shown.iter().filter(|shown| any.is_uncounted(&findings, shown)).count(), 2);
        let all = Gate { confidence: GateConfidence::Low, ..any };
        assert_eq!(ids(&findings, &all), ["e1", "e2", "e3", "e4", "e5"]);
        findings.shown[2].state = GroupState::New;
        let new = gate(Some(FailOn::New), None);
        assert!(ids(&findings, &new).is_empty() && new.broken(&findings).is_empty());
        assert_eq!(ids(&findings, &Gate { fail_on: new.fail_on, ..all }), ["e3"]);
        assert!(!gate(None, None).is_uncounted(&findings, &findings.shown[2]), "no gate");
    }

    #[test]
    fn a_run_without_records_passes_no_gate() {
        let mut findings = samples::shop();
        (findings.shown, findings.definitions) = (Vec::new(), Vec::new());
        for gate in [gate(Some(FailOn::New), None), gate(Some(FailOn::Any), None), gate(None, Some(1.0))] {
            let broken = gate.broken(&findings);
            assert!(matches!(broken[0], BrokenGate::NoRecords(_)), "{broken:?}");
        }
        assert_eq!(gate(None, None).broken(&findings), [], "no gate");
    }
}
