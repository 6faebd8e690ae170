//! What any persistence promises, whatever it stores the snapshots in.

use std::{collections::HashMap, fmt};

use cds_model::{KeptAnswer, QuestionKey, RunSnapshot, RunStatus, Timestamp};

use crate::{Error, SnapshotProof};

/// Keeps snapshots of runs, and the answers that were paid for.
///
/// It is what a run needs of a store; accounts, history and all that only looks at snapshots are asked of SQLite itself.
pub trait Persistence {
    /// Writes `snapshot` whole or not at all.
    ///
    /// # Errors
    ///
    /// The snapshot was not written, and nothing else changed. What goes wrong once the snapshot is safe is no error,
    /// and neither is an account that cannot be written: these are in [`SavedRun::warnings`].
    fn save(&mut self, snapshot: &RunSnapshot) -> Result<SavedRun, Error> {
        self.save_if(snapshot, &|| true)
    }

    /// As [`save`](Self::save), but asks `may_commit` when all is written but the last step, which cannot be undone.
    ///
    /// # Errors
    ///
    /// [`Error::Withdrawn`] where it says no; otherwise those of `save`. Nothing of the snapshot was written.
    fn save_if(&mut self, snapshot: &RunSnapshot, may_commit: &dyn Fn() -> bool) -> Result<SavedRun, Error>;

    /// The intents of those `keys` that were answered and kept.
    ///
    /// # Errors
    ///
    /// The answers cannot be read. That there are none is no error.
    fn lookup_answers(&self, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, Error>;

    /// Keeps a group of answers, each in place of an older one to the same question, all or none.
    ///
    /// When this returns, they survive a power cut.
    ///
    /// # Errors
    ///
    /// No answer of this group is kept; those of earlier groups are.
    fn keep_answers(&mut self, answers: &[KeptAnswer], at: Timestamp) -> Result<(), Error>;

    /// Removes kept answers, all of `keys` or none: they turned out to be worthless.
    fn forget_answers(&mut self, keys: &[QuestionKey]) -> Result<(), Error>;

    /// The digest in the newest kept answer of `model` that has one, for when the provider cannot be asked.
    fn latest_digest(&self, model: &str) -> Result<Option<String>, Error>;

    /// Whether the last that is known of a project has definitions: those of `project` that the history follows, or,
    /// where another program wrote the snapshots of `root_path`, the records of the last of these.
    fn has_definitions_of(&self, project: &str, root_path: &str) -> Result<bool, Error>;

    /// Gives back what is held open. What was saved is safe in any case.
    fn close(self: Box<Self>) -> Result<(), Error>;
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
