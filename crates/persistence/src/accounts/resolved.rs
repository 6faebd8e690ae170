//! What the name of a run leads to, or why it leads to none.

use std::fmt;

use super::{Invocation, SnapshotRow};
use crate::RunId;

/// Why a name does not lead to a run with a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunProblem {
    /// The database has no run, or none with a snapshot where one is needed.
    Empty,
    /// No run has this name.
    Unknown {
        /// The nearest numbers of snapshots, or ids of invocations and stages; at most five.
        nearest: Vec<String>,
    },
    /// Several runs begin with this prefix.
    Ambiguous {
        /// The ids of runs or stages; at most ten.
        candidates: Vec<String>,
    },
    /// The run has no snapshot.
    NoSnapshot {
        /// Its status, as stored.
        status: String,
    },
    /// The snapshot was pruned.
    Pruned(RunId),
    /// The snapshot is missing but was not pruned: it was deleted by other means.
    Missing(RunId),
    /// The snapshot is missing, and no history records why.
    Unrecorded(RunId),
}

impl fmt::Display for RunProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("the database has no snapshot yet"),
            Self::Unknown { .. } => formatter.write_str("there is no such run"),
            Self::Ambiguous { .. } => formatter.write_str("more than one run begins like this"),
            Self::NoSnapshot { status } => write!(formatter, "the run has no snapshot, its status is {status}"),
            Self::Pruned(id) => write!(formatter, "its snapshot {id} was pruned"),
            Self::Missing(id) => write!(formatter, "its snapshot {id} is missing without having been pruned"),
            Self::Unrecorded(id) => write!(formatter, "its snapshot {id} is missing, and no history says why"),
        }
    }
}

/// A run with its snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedSnapshot {
    /// The run.
    pub invocation: Invocation,
    /// The row in `runs`.
    pub row: SnapshotRow,
}
