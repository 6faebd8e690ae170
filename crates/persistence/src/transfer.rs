//! Transfers of runs: the tables of a run, the source of its rows, and the log.

use cds_model::{FieldValue, Fingerprint, Timestamp};

use crate::{Error, RunId, table::shared::Query};

/// The declared type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Whole numbers of 64 bits.
    Integer,
    /// Floating-point numbers of 64 bits.
    Real,
    /// UTF-8.
    Text,
    /// Bytes.
    Blob,
}

/// A column of a [`RunTable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunColumn {
    /// Its name in the database.
    pub name: &'static str,
    /// Its type.
    pub kind: ColumnKind,
    /// Whether values may be NULL.
    pub is_nullable: bool,
}

/// The columns of a table that belong to one run.
///
/// The number of the run is left out where it is the same in every row.
#[derive(Debug, PartialEq, Eq)]
pub struct RunTable {
    /// Its name in the database.
    pub name: &'static str,
    /// In the order of values in a row.
    pub columns: &'static [RunColumn],
    pub(crate) select: Query,
}

impl RunTable {
    /// The index of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// The identity of a run in every database and archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunIdentity {
    /// Its number in its database.
    pub run_id: RunId,
    /// Equal in every copy of the run, and in no other run: its id in the ledger. A run without one has a hash over its
    /// number, row and records in the database where it was created.
    pub run_key: String,
    /// The project, if the chain or the ledger names one.
    pub project: Option<String>,
    /// The part of the project; empty for all of it.
    pub part: String,
    /// The root over its records, if the chain has one.
    pub snapshot_root: Option<String>,
    /// The number of records in its row.
    pub record_count: u64,
    /// The path of its tree.
    pub root_path: String,
}

/// The outcome of an attempt to move a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferOutcome {
    /// The run is in the target.
    Succeeded,
    /// It failed, for this reason.
    Failed(String),
    /// It failed before and is no longer in the source, so it cannot be retried; the text says why.
    Removed(String),
    /// An operator removed it from the failure log, so it is not retried; the text says why.
    Struck(String),
}

impl TransferOutcome {
    /// The word in the database.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed(_) => "failed",
            Self::Removed(_) => "gone",
            Self::Struck(_) => "struck",
        }
    }

    /// Why the run is not in the target.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Succeeded => None,
            Self::Failed(error) | Self::Removed(error) | Self::Struck(error) => Some(error),
        }
    }
}

/// One attempt to move a run, as logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// `archive` or `import`.
    pub direction: &'static str,
    /// The archive, or the source of the import.
    pub peer: String,
    /// Its number in the source.
    pub run_id: RunId,
    /// Its key; `None` if it could not be read.
    pub run_key: Option<String>,
    /// Its number in this database; `None` if it is not here.
    pub local_run_id: Option<RunId>,
    /// Its root; `None` if it has none.
    pub snapshot_root: Option<String>,
    /// How it ended.
    pub outcome: TransferOutcome,
    /// When it ended.
    pub at: Timestamp,
}

/// Whether a run is in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It was never there, or was deleted by hand.
    Absent,
    /// It is there, under this number.
    Here(RunId),
    /// It was there, and was pruned.
    Pruned,
}

/// The last attempt at one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRow {
    /// The number of the run in the source.
    pub run_id: RunId,
    /// Its key.
    pub run_key: Option<String>,
    /// Its number in this database.
    pub local_run_id: Option<RunId>,
    /// The number of attempts.
    pub attempt: u64,
    /// Whether the run is in the target.
    pub is_done: bool,
    /// Whether the run was given up because it is no longer in the source.
    pub is_removed: bool,
    /// Whether an operator removed it from the failure log.
    pub is_struck: bool,
    /// Why it is not in the target.
    pub error: Option<String>,
    /// When the attempt ended; RFC 3339 as stored.
    pub recorded_at: String,
}

/// A source of the rows of one run.
pub trait RunSource {
    /// Calls `visit` for every row of `table`, in the order of the table.
    ///
    /// # Errors
    ///
    /// If the rows cannot be read, or the error of `visit`.
    fn rows(&self, table: &RunTable, visit: RowVisitor<'_>) -> Result<(), ImportError>;
}

/// Receives each row, with values in column order.
pub type RowVisitor<'a> = &'a mut dyn FnMut(&[FieldValue<'_>]) -> Result<(), ImportError>;

/// Why a run was not imported; nothing of it was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The target database failed.
    #[error(transparent)]
    Database(#[from] Error),
    /// The source failed.
    #[error("read the run")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A value is not possible in a run.
    #[error("{table} has a row that does not fit: {reason}")]
    Unfit {
        /// The table.
        table: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The root over the records differs from the root that the run was written with.
    #[error("the records have the root {recomputed}, the run was written with {stored}: it was altered or damaged")]
    OtherRoot {
        /// The root in the source.
        stored: String,
        /// The root over the records read.
        recomputed: Fingerprint,
    },
    /// The hash over the rest of the run differs from the one that the run was written with.
    #[error(
        "the run's row, its errors, questions or costs were altered or damaged: hash {recomputed} instead of {stored}"
    )]
    OtherRun {
        /// The hash in the source.
        stored: String,
        /// The hash over the rows read.
        recomputed: String,
    },
}

/// An imported run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedRun {
    /// Its new number.
    pub run_id: RunId,
    /// The number of its records.
    pub record_count: u64,
    /// The root over its records.
    pub snapshot_root: Fingerprint,
    /// The new last hash of the chain.
    pub chain_head: Fingerprint,
}

/// The parameters of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportPlan {
    /// The identity of the run.
    pub identity: RunIdentity,
    /// The project for a run that names none.
    pub project: String,
    /// The source, for the log.
    pub peer: String,
    /// When it is imported.
    pub at: Timestamp,
}
