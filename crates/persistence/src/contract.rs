//! What any persistence promises, whatever it stores the snapshots in.

use std::fmt;

use cds_model::{RunSnapshot, RunStatus};

use crate::{Error, SnapshotProof};

/// Keeps snapshots of runs.
pub trait Persistence {
    /// Writes `snapshot` whole or not at all.
    ///
    /// # Errors
    ///
    /// The snapshot was not written, and nothing else changed. What goes wrong once the snapshot is safe is no error,
    /// and neither is an account that cannot be written: these are in [`SavedRun::warnings`].
    fn save(&mut self, snapshot: &RunSnapshot) -> Result<SavedRun, Error>;
}

/// The number of a run, unique in its database and growing from run to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub i64);

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What was written of a run.
#[derive(Debug)]
pub struct SavedRun {
    /// The number that the run got.
    pub run_id: RunId,
    /// How many records it has.
    pub record_count: usize,
    /// How many of them were asked for an intent and have none.
    pub intent_failed_count: usize,
    /// How many analyzer errors it has.
    pub analyzer_error_count: usize,
    /// How it ended.
    pub status: RunStatus,
    /// What proves it; none where nobody wanted its history.
    pub proof: Option<SnapshotProof>,
    /// What went wrong with its account ([`Error::Account`]) or after it was safe; the snapshot is there all the same.
    pub warnings: Vec<Error>,
}
