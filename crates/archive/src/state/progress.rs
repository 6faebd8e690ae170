//! Derives the two numbers and the open failures from the outcomes of runs. No files, no clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use cds_persistence::RunId;

use super::{State, get_incremental_start_run};

/// The outcome of an attempt. An attempt that started but did not end counts as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunOutcome {
    /// The run could not be moved.
    Failed,
    /// The run was moved; it stays done.
    Done,
    /// The run no longer exists and was given up: neither a success nor a gap.
    Removed,
    /// An operator removed the run from the failure log: a gap, but no open failure.
    Struck,
}

/// The runs that are done, that are open failures, and that were never tried.
///
/// A run that was skipped, because a higher one was tried first, is an open failure: no run up to the last attempted
/// one is ever forgotten. Both numbers only rise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Every run, and whether it is done.
    runs: BTreeMap<RunId, bool>,
    /// Runs up to `last_attempted` that are not done, except struck ones.
    open_failures: BTreeSet<RunId>,
    struck: BTreeSet<RunId>,
    last_contiguous: Option<RunId>,
    last_attempted: Option<RunId>,
}

impl Progress {
    /// Derives the progress from the existing runs and the outcomes of all attempts, in any order. A run that was tried
    /// counts as existing.
    pub fn new(
        existing: impl IntoIterator<Item = RunId>,
        outcomes: impl IntoIterator<Item = (RunId, RunOutcome)>,
    ) -> Self {
        let mut runs: BTreeMap<RunId, bool> = existing.into_iter().map(|run| (run, false)).collect();
        let mut last_attempted = None;
        let mut struck = BTreeSet::new();
        for (run, outcome) in outcomes {
            note(&mut runs, &mut struck, run, outcome);
            last_attempted = last_attempted.max(Some(run));
        }
        let passed = runs.iter().filter(|(run, is_done)| Some(**run) <= last_attempted && !**is_done);
        let open_failures = passed.map(|(run, _)| *run).filter(|run| !struck.contains(run)).collect();
        let mut progress = Self { runs, open_failures, struck, last_contiguous: None, last_attempted };
        progress.advance();
        progress
    }

    /// Adds the outcome of an attempt. A done run stays done.
    pub fn record(&mut self, run: RunId, outcome: RunOutcome) {
        note(&mut self.runs, &mut self.struck, run, outcome);
        if Some(run) > self.last_attempted {
            let from = self.last_attempted.map_or(Bound::Unbounded, Bound::Excluded);
            let passed = self.runs.range((from, Bound::Included(run))).filter(|(_, is_done)| !**is_done);
            self.open_failures.extend(passed.map(|(run, _)| *run));
            self.last_attempted = Some(run);
        }
        if self.runs.get(&run) == Some(&false) && !self.struck.contains(&run) {
            self.open_failures.insert(run);
        } else {
            self.open_failures.remove(&run);
            self.advance();
        }
    }

    /// The last run of the unbroken series of successes from the first run; the first gap ends it.
    pub fn last_contiguous(&self) -> Option<RunId> {
        self.last_contiguous
    }

    /// The highest run ever tried.
    pub fn last_attempted(&self) -> Option<RunId> {
        self.last_attempted
    }

    /// The runs up to the last attempted one that are not done, sorted: what `--retry-failed` moves.
    pub fn open_failures(&self) -> impl Iterator<Item = RunId> {
        self.open_failures.iter().copied()
    }

    /// The runs that an operator removed from the failure log and that are not done, sorted.
    pub fn struck(&self) -> impl Iterator<Item = RunId> {
        self.struck.iter().copied()
    }

    /// The runs after the last attempted one, sorted.
    pub fn not_yet_tried(&self) -> impl Iterator<Item = RunId> {
        let from = get_incremental_start_run(self.state());
        self.runs.range((Bound::Excluded(from), Bound::Unbounded)).map(|(run, _)| *run)
    }

    /// Whether the run was moved.
    pub fn is_done(&self, run: RunId) -> bool {
        self.runs.get(&run).copied().unwrap_or_default()
    }

    /// The two numbers for the state file.
    pub fn state(&self) -> State {
        let number = |run: Option<RunId>| run.map_or(0, |run| run.0);
        State { last_contiguous_run: number(self.last_contiguous), last_attempted_run: number(self.last_attempted) }
    }

    fn advance(&mut self) {
        let from = self.last_contiguous.map_or(Bound::Unbounded, Bound::Excluded);
        let series = self.runs.range((from, Bound::Unbounded)).take_while(|(_, is_done)| **is_done);
        self.last_contiguous = series.last().map(|(run, _)| *run).or(self.last_contiguous);
    }
}

/// Adds an outcome to the existing runs.
fn note(runs: &mut BTreeMap<RunId, bool>, struck: &mut BTreeSet<RunId>, run: RunId, outcome: RunOutcome) {
    struck.remove(&run);
    if outcome != RunOutcome::Removed {
        let is_done = runs.entry(run).or_default();
        *is_done |= outcome == RunOutcome::Done;
        if outcome == RunOutcome::Struck && !*is_done {
            struck.insert(run);
        }
    } else if runs.get(&run) == Some(&false) {
        runs.remove(&run);
    }
}

#[cfg(test)]
mod tests {
    use super::{RunOutcome::*, *};

    /// Formats a progress in one line: the two numbers, the open failures, the runs not yet tried.
    fn check(existing: &[i64], outcomes: &[(i64, RunOutcome)], expected: &str) {
        let describe = |progress: &Progress| {
            let state = progress.state();
            let list = |runs: Vec<RunId>| runs.iter().map(RunId::to_string).collect::<Vec<_>>().join(" ");
            format!(
                "contiguous {}, attempted {}, open [{}], not yet [{}]",
                state.last_contiguous_run,
                state.last_attempted_run,
                list(progress.open_failures().collect()),
                list(progress.not_yet_tried().collect())
            )
        };
        let existing: Vec<RunId> = existing.iter().copied().map(RunId).collect();
        let outcomes: Vec<_> = outcomes.iter().map(|(run, outcome)| (RunId(*run), *outcome)).collect();
        let at_once = Progress::new(existing.clone(), outcomes.clone());
        assert_eq!(describe(&at_once), expected);
        let mut step_by_step = Progress::new(existing, []);
        for (run, outcome) in outcomes {
            step_by_step.record(run, outcome);
        }
        assert_eq!(step_by_step, at_once, "incremental and full computation agree");
    }

    #[test]
    fn new_progress_is_empty() {
        check(&[], &[], "contiguous 0, attempted 0, open [], not yet []");
        check(&[2, 5], &[], "contiguous 0, attempted 0, open [], not yet [2 5]");
    }

    #[test]
    fn unused_numbers_are_no_gap() {
        check(&[2, 5, 9], &[(2, Done), (5, Done)], "contiguous 5, attempted 5, open [], not yet [9]");
    }

    #[test]
    fn first_gap_ends_the_series() {
        check(&[1, 2, 3, 4], &[(1, Done), (2, Failed), (3, Done)], "contiguous 1, attempted 3, open [2], not yet [4]");
    }

    #[test]
    fn later_success_closes_the_gap() {
        check(
            &[1, 2, 3, 4],
            &[(1, Done), (2, Failed), (3, Done), (2, Done)],
            "contiguous 3, attempted 3, open [], not yet [4]",
        );
    }

    #[test]
    fn skipped_runs_are_open_failures() {
        check(&[1, 2, 3], &[(3, Done)], "contiguous 0, attempted 3, open [1 2], not yet []");
    }

    #[test]
    fn removed_run_is_no_gap() {
        check(&[], &[(1, Failed), (1, Removed)], "contiguous 0, attempted 1, open [], not yet []");
        check(&[3], &[(1, Done), (2, Removed)], "contiguous 1, attempted 2, open [], not yet [3]");
        check(
            &[3],
            &[(1, Done), (2, Failed), (3, Done), (2, Removed)],
            "contiguous 3, attempted 3, open [], not yet []",
        );
        check(&[1], &[(1, Done), (1, Removed)], "contiguous 1, attempted 1, open [], not yet []");
    }

    #[test]
    fn struck_run_leaves_a_gap() {
        check(
            &[1, 2, 3, 4],
            &[(1, Done), (2, Failed), (3, Done), (2, Struck)],
            "contiguous 1, attempted 3, open [], not yet [4]",
        );
        check(&[1, 2], &[(2, Done), (1, Struck), (1, Failed)], "contiguous 0, attempted 2, open [1], not yet []");
        check(&[1, 2], &[(1, Struck), (1, Done)], "contiguous 1, attempted 1, open [], not yet [2]");
        check(&[1, 2], &[(1, Done), (1, Struck)], "contiguous 1, attempted 1, open [], not yet [2]");
    }

    #[test]
    fn done_run_stays_done() {
        check(&[1, 2], &[(1, Done), (1, Failed)], "contiguous 1, attempted 1, open [], not yet [2]");
    }

    #[test]
    fn tried_run_counts_as_existing() {
        check(&[3], &[(1, Done), (2, Failed)], "contiguous 1, attempted 2, open [2], not yet [3]");
    }

    #[test]
    fn struck_runs_are_listed_until_done() {
        let mut progress = Progress::new([1, 2, 3].map(RunId), [(RunId(1), Done), (RunId(2), Failed)]);
        let struck = |progress: &Progress| progress.struck().collect::<Vec<_>>();
        assert!(struck(&progress).is_empty());
        progress.record(RunId(2), Struck);
        assert_eq!(struck(&progress), [RunId(2)]);
        assert_eq!((progress.last_contiguous(), progress.last_attempted()), (Some(RunId(1)), Some(RunId(2))));
        assert!(progress.is_done(RunId(1)) && !progress.is_done(RunId(2)) && !progress.is_done(RunId(9)));
        progress.record(RunId(2), Done);
        assert!(struck(&progress).is_empty() && progress.is_done(RunId(2)));
        assert_eq!(progress.last_contiguous(), Some(RunId(2)));
    }
}
