//! The contract of a persistence, independent of its storage.

use std::{collections::HashMap, fmt};

use cds_model::{KeptAnswer, QuestionKey, RunSnapshot, RunStatus, Timestamp};
use serde::Serialize;

use crate::{Error, LastChange, LatestSnapshot, SnapshotProof};

/// Stores snapshots of runs, and paid answers.
///
/// This is what a run needs of a store. Accounts, history and read-only queries use `SQLite` directly.
pub trait Persistence {
    /// Writes `snapshot` completely or not at all.
    ///
    /// # Errors
    ///
    /// If the snapshot was not written; nothing else has changed. An account that cannot be written, or a problem after
    /// the snapshot is safe, is no error but a warning in [`SavedRun::warnings`].
    fn save(&mut self, snapshot: &RunSnapshot) -> Result<SavedRun, Error> {
        self.save_if(snapshot, &|| true)
    }

    /// Like [`save`](Self::save), but calls `may_commit` before the last step, which cannot be undone.
    ///
    /// # Errors
    ///
    /// [`Error::Withdrawn`] if `may_commit` returns false; otherwise those of `save`. Nothing of the snapshot was
    /// written.
    fn save_if(&mut self, snapshot: &RunSnapshot, may_commit: &dyn Fn() -> bool) -> Result<SavedRun, Error>;

    /// The stored intents for `keys`.
    ///
    /// # Errors
    ///
    /// If the answers cannot be read. Missing answers are not an error.
    fn lookup_answers(&self, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, Error>;

    /// Stores answers, all or none; each replaces an older one to the same question.
    ///
    /// After it returns, they survive a power cut.
    ///
    /// # Errors
    ///
    /// If none of these answers is stored; earlier ones are not affected.
    fn keep_answers(&mut self, answers: &[KeptAnswer], at: Timestamp) -> Result<(), Error>;

    /// Removes the stored answers to `keys`, all or none, because they turned out to be worthless.
    fn forget_answers(&mut self, keys: &[QuestionKey]) -> Result<(), Error>;

    /// The model digest of the newest stored answer of `model`, for when the provider cannot be asked.
    fn latest_digest(&self, model: &str) -> Result<Option<String>, Error>;

    /// Whether the latest known state of a project has definitions: those that the history follows, or, if another
    /// program wrote the snapshots of `root_path`, the records of the last of them.
    fn has_definitions_of(&self, project: &str, root_path: &str) -> Result<bool, Error>;

    /// The latest snapshot of a part of a project with its intents, or else the last one that another program wrote of
    /// `root_path`; `None` if there is neither.
    fn latest_snapshot(&self, project: &str, part: &str, root_path: &str) -> Result<Option<LatestSnapshot>, Error>;

    /// When the code of each present definition of a part of a project last changed, in any order.
    fn last_changes(&self, project: &str, part: &str) -> Result<Vec<LastChange>, Error>;

    /// Releases everything that is held open. Saved data is safe in any case.
    fn close(self: Box<Self>) -> Result<(), Error>;
}

/// The number of a run, unique in its database and growing from run to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RunId(pub i64);

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The result of saving a run.
#[derive(Debug)]
pub struct SavedRun {
    /// The number of the run.
    pub run_id: RunId,
    /// The number of its records.
    pub record_count: usize,
    /// The number of records whose intent was requested but not received.
    pub intent_failed_count: usize,
    /// The number of its analyzer errors.
    pub analyzer_error_count: usize,
    /// The status of the run.
    pub status: RunStatus,
    /// The proof of the snapshot; `None` if no history was requested.
    pub proof: Option<SnapshotProof>,
    /// Problems with its account ([`Error::Account`]) or after it was safe; the snapshot exists anyway.
    pub warnings: Vec<Error>,
}
