//! Resolves the name of a run; every command uses this resolver.

use super::find::{self, Counted, FoundRun};
use crate::{Error, Invocation, ResolvedSnapshot, RunId, RunProblem, SnapshotAbsence, SqliteReader};

impl SqliteReader {
    /// The run that `name` means.
    ///
    /// These forms are tried in order:
    ///
    /// 1. `latest`, the newest run, or `latest~N`, the run N positions before it; checks and upkeep do not count
    /// 2. the number of a snapshot without leading zeros, even of a pruned one that the ledger still names
    /// 3. the id of an invocation or of one of its stages, or a unique prefix of 4 or more hexadecimal digits; in
    ///    either case, with or without hyphens
    ///
    /// # Errors
    ///
    /// [`Error::Run`] with the reason if the name means no run or several.
    pub fn resolve_run(&self, name: &str) -> Result<Invocation, Error> {
        self.resolve(name, Counted::Runs)
    }

    /// The run that `name` means, with its snapshot. `latest` is the snapshot with the highest number, and `latest~N`
    /// the one N snapshots before it.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] with the reason if the name means no run, several, or a run without a snapshot.
    pub fn resolve_snapshot(&self, name: &str) -> Result<ResolvedSnapshot, Error> {
        let invocation = self.resolve(name, Counted::Snapshots)?;
        let problem = match (&invocation.snapshot, invocation.snapshot_id) {
            (Some(row), _) => return Ok(ResolvedSnapshot { row: row.clone(), invocation }),
            (None, Some(id)) => self.absence(id)?,
            (None, None) => RunProblem::NoSnapshot { status: invocation.status().to_owned() },
        };
        Err(Error::Run { name: name.to_owned(), problem })
    }

    fn resolve(&self, name: &str, counted: Counted) -> Result<Invocation, Error> {
        let problem = match self.read_accounts(|accounts| find::find(accounts, name, counted))? {
            FoundRun::One(found) => return Ok(*found),
            FoundRun::Ambiguous(candidates) => RunProblem::Ambiguous { candidates },
            FoundRun::Missing(nearest) => match name.parse().map(RunId) {
                // If a snapshot was deleted by hand, its ledger row may be deleted too, so the chain is asked.
                Ok(id) => match self.absence(id)? {
                    RunProblem::Unrecorded(_) => self.unknown(nearest, counted)?,
                    problem => problem,
                },
                Err(_) => self.unknown(nearest, counted)?,
            },
        };
        Err(Error::Run { name: name.to_owned(), problem })
    }

    fn unknown(&self, nearest: Vec<String>, counted: Counted) -> Result<RunProblem, Error> {
        let has_none = nearest.is_empty() || counted == Counted::Snapshots && self.newest_snapshot()?.is_none();
        Ok(if has_none { RunProblem::Empty } else { RunProblem::Unknown { nearest } })
    }

    fn absence(&self, id: RunId) -> Result<RunProblem, Error> {
        Ok(match self.absence_of(id)? {
            SnapshotAbsence::Pruned => RunProblem::Pruned(id),
            SnapshotAbsence::Unexplained => RunProblem::Missing(id),
            SnapshotAbsence::Unrecorded => RunProblem::Unrecorded(id),
        })
    }
}
