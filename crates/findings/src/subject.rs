//! What is searched or compared with.

use std::fmt;

use cds_persistence::RunId;

/// A set of definitions that is searched for duplicates, or that another one is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A stored snapshot.
    Run(RunId),
    /// The tree as it is on disk, not stored.
    Tree,
    /// The tree of a commit, not stored.
    Commit {
        /// As the user named it, for example `origin/main`.
        name: String,
        /// The id of the commit in full.
        id: String,
    },
}

impl Subject {
    /// The stored snapshot with this number.
    pub const fn run(number: i64) -> Self {
        Self::Run(RunId(number))
    }

    /// The number of a stored snapshot.
    pub const fn run_id(&self) -> Option<i64> {
        match self {
            Self::Run(run) => Some(run.0),
            Self::Tree | Self::Commit { .. } => None,
        }
    }

    /// The id of a commit.
    pub fn commit(&self) -> Option<&str> {
        match self {
            Self::Commit { id, .. } => Some(id),
            Self::Run(_) | Self::Tree => None,
        }
    }
}

/// `run 7`, `the tree` or `origin/main (commit 1a2b3c4d5e6f)`.
impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(run) => write!(formatter, "run {run}"),
            Self::Tree => formatter.write_str("the tree"),
            Self::Commit { name, id } => write!(formatter, "{name} (commit {})", id.get(..12).unwrap_or(id)),
        }
    }
}
