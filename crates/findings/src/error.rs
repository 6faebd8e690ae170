//! What can go wrong between a snapshot and its findings.

use cds_persistence::RunId;

use crate::Subject;

/// Why there are no findings.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database; it names the file or the run itself.
    #[error(transparent)]
    Database(#[from] cds_persistence::Error),
    /// A pattern for paths cannot be used.
    #[error("use path filter {pattern:?}: {reason}")]
    PathFilter {
        /// As it was given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The beginning of an id does not match exactly one group.
    #[error("find group {prefix:?} in {subject}: {problem}")]
    Group {
        /// As it was given.
        prefix: String,
        /// What was searched.
        subject: Subject,
        /// Why.
        problem: GroupProblem,
    },
    /// More records than can be numbered.
    #[error("search run {run}: more than {} records cannot be compared", u32::MAX)]
    TooManyRecords {
        /// The run that has them.
        run: RunId,
    },
    /// The caller asked to stop.
    #[error("stopped")]
    Stopped,
}

/// Why the beginning of an id does not match exactly one group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupProblem {
    /// No group has an id that begins like this.
    #[error("no group of this search has an id that begins like this")]
    Unknown,
    /// More than one does.
    #[error("{count} groups begin like this")]
    Ambiguous {
        /// How many do.
        count: usize,
        /// Some of their ids.
        candidates: Vec<String>,
    },
    /// Another group already shows it.
    #[error("group {by} covers it")]
    Covered {
        /// The id of that group.
        by: String,
    },
}
