//! Derives the state of all runs from the transfer log. No files, no database.

use std::collections::{BTreeMap, BTreeSet};

use cds_persistence::{RunId, TransferRow};

use crate::{Progress, RunOutcome};

/// The lowest run number that state files can hold.
pub(super) const FIRST_RUN: RunId = RunId(1);

/// The runs of a source with their keys; `None` if a key cannot be read.
pub(super) type Keys = BTreeMap<RunId, Option<String>>;

/// The state of the runs of a peer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Standing {
    /// All runs with valid numbers.
    pub(super) progress: Progress,
    /// Runs whose numbers the log has for different runs, because another source replaced the known one.
    pub(super) renumbered: BTreeSet<RunId>,
    /// Open failures with numbers below [`FIRST_RUN`], which state files cannot hold.
    pub(super) unlisted: BTreeSet<RunId>,
}

impl Standing {
    /// Derives the state from the last attempt at each run.
    pub(super) fn of(existing: &Keys, rows: &BTreeMap<RunId, TransferRow>) -> Self {
        let mut standing = Self::default();
        let mut outcomes = Vec::new();
        for (run, row) in rows {
            let key = existing.get(run);
            // The same number with another key means that another database replaced the source.
            let is_other = matches!((key, &row.run_key), (Some(Some(key)), Some(tried)) if key != tried);
            if is_other {
                standing.renumbered.insert(*run);
            }
            // A run that was given up can be tried again if it is back in the source.
            let outcome = match row {
                _ if is_other => RunOutcome::Failed,
                row if row.is_done => RunOutcome::Done,
                row if row.is_removed && key.is_none() => RunOutcome::Removed,
                row if row.is_struck => RunOutcome::Struck,
                _ => RunOutcome::Failed,
            };
            if *run >= FIRST_RUN {
                outcomes.push((*run, outcome));
            // State files cannot hold these numbers, so such failures are tracked from the log alone.
            } else if outcome == RunOutcome::Failed {
                standing.unlisted.insert(*run);
            }
        }
        standing.progress = Progress::new(existing.keys().copied().filter(|run| *run >= FIRST_RUN), outcomes);
        standing
    }

    /// The open failures, in order.
    pub(super) fn open_failures(&self) -> impl Iterator<Item = RunId> {
        self.unlisted.iter().copied().chain(self.progress.open_failures())
    }

    /// The runs that a call without options moves, in order.
    pub(super) fn new_runs(&self, existing: &Keys, rows: &BTreeMap<RunId, TransferRow>) -> Vec<RunId> {
        let mut runs: BTreeSet<RunId> = self.progress.not_yet_tried().collect();
        runs.extend(&self.renumbered);
        let is_untried = |run: &RunId| !rows.contains_key(run);
        runs.extend(existing.keys().take_while(|run| **run < FIRST_RUN).filter(|run| is_untried(run)));
        // A run that was skipped for one run or project did not fail.
        runs.extend(self.progress.open_failures().filter(is_untried));
        runs.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(run: i64, key: &str, word: &str) -> (RunId, TransferRow) {
        let row = TransferRow {
            run_id: RunId(run),
            run_key: (!key.is_empty()).then(|| key.to_owned()),
            local_run_id: None,
            attempt: 1,
            is_done: word == "done",
            is_removed: word == "removed",
            is_struck: word == "struck",
            error: None,
            recorded_at: String::new(),
        };
        (row.run_id, row)
    }

    /// Checks the open failures and new runs for existing runs with keys and the outcomes of attempts.
    fn check(existing: &[(i64, &str)], rows: &[(i64, &str, &str)], open: &[i64], new: &[i64]) {
        let key = |key: &str| (!key.is_empty()).then(|| key.to_owned());
        let existing: Keys = existing.iter().map(|(run, text)| (RunId(*run), key(text))).collect();
        let rows = rows.iter().map(|(run, key, word)| row(*run, key, word)).collect();
        let standing = Standing::of(&existing, &rows);
        let numbers = |runs: Vec<RunId>| runs.into_iter().map(|run| run.0).collect::<Vec<_>>();
        assert_eq!(numbers(standing.open_failures().collect()), open, "open failures");
        assert_eq!(numbers(standing.new_runs(&existing, &rows)), new, "new runs");
    }

    #[test]
    fn tried_runs_are_not_new() {
        check(&[(1, "a"), (2, "b"), (3, "c")], &[(1, "a", "done"), (2, "b", "failed")], &[2], &[3]);
        check(&[(1, "a"), (2, "b"), (4, "d")], &[(1, "a", "failed"), (4, "d", "done")], &[1, 2], &[2]);
    }

    #[test]
    fn unreadable_key_counts_as_unchanged() {
        check(&[(1, ""), (2, "b")], &[(1, "a", "done"), (2, "", "done")], &[], &[]);
    }

    #[test]
    fn removed_run_reopens_when_back() {
        check(&[(3, "c")], &[(1, "a", "removed"), (3, "c", "done")], &[], &[]);
        check(&[(1, "a"), (3, "c")], &[(1, "a", "removed"), (3, "c", "done")], &[1], &[]);
    }

    #[test]
    fn struck_run_is_settled() {
        check(&[(1, "a"), (2, "b")], &[(1, "a", "struck"), (2, "b", "done")], &[], &[]);
        check(&[(1, "x"), (2, "b")], &[(1, "a", "struck"), (2, "b", "done")], &[1], &[1]);
    }

    #[test]
    fn replaced_source_starts_over() {
        let rows = [(1, "a", "done"), (3, "c", "done")];
        check(&[(1, "x"), (2, "y"), (3, "z")], &rows, &[1, 2, 3], &[1, 2, 3]);
        check(&[(1, "x")], &rows, &[1], &[1]);
    }

    #[test]
    fn numbers_below_one_are_tried_once() {
        check(&[(-4, "a"), (0, "b"), (1, "c")], &[(-4, "a", "failed")], &[-4], &[0, 1]);
    }
}
