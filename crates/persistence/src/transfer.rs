//! Runs on their way between databases and archives: their tables, where they come from, and how that is written down.

use cds_model::{FieldValue, Fingerprint, Timestamp};

use crate::{Error, RunId};

/// The type of a column, as it is declared.
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
    /// Whether values may be missing.
    pub is_nullable: bool,
}

/// A table, as far as it belongs to one run.
///
/// What the place of a row tells already is no column: the number of the run where every row has the same.
#[derive(Debug, PartialEq, Eq)]
pub struct RunTable {
    /// Its name in the database.
    pub name: &'static str,
    /// In the order in which rows are shown and taken.
    pub columns: &'static [RunColumn],
    pub(crate) select: &'static str,
}

impl RunTable {
    /// The place of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// What a run is known by wherever it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunIdentity {
    /// Its number in its database.
    pub run_id: RunId,
    /// The same in every copy of the run, and of no other run: its id in the ledger; where it has none, a hash over its
    /// number, its row and its records in the database that it was made in.
    pub run_key: String,
    /// The project, where the chain or the ledger names one.
    pub project: Option<String>,
    /// The part of the project; empty for all of it.
    pub part: String,
    /// The root over its records, where the chain has one.
    pub snapshot_root: Option<String>,
    /// How many records its row counts.
    pub record_count: u64,
    /// The path of its tree.
    pub root_path: String,
}

/// How an attempt to move a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferOutcome {
    /// The run is where it was to go.
    Succeeded,
    /// It is not, for this reason.
    Failed(String),
    /// It never got there, and is no more where it was: there is nothing left to try. Why that is said.
    Removed(String),
    /// An operator struck it from the failure log: it is not to be tried again. Why that is said.
    Struck(String),
}

impl TransferOutcome {
    /// The word for it in the database.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed(_) => "failed",
            Self::Removed(_) => "gone",
            Self::Struck(_) => "struck",
        }
    }

    /// Why the run is not where it was to go.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Succeeded => None,
            Self::Failed(error) | Self::Removed(error) | Self::Struck(error) => Some(error),
        }
    }
}

/// One attempt to move a run, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// `archive` or `import`.
    pub direction: &'static str,
    /// The archive, or the database or archive that the run comes from.
    pub peer: String,
    /// Its number in the database or archive that it comes from.
    pub run_id: RunId,
    /// What it is known by; none where that could not be found out.
    pub run_key: Option<String>,
    /// Its number in this database; none where it did not get here.
    pub local_run_id: Option<RunId>,
    /// Its root; none where it has none.
    pub snapshot_root: Option<String>,
    /// How it ended.
    pub outcome: TransferOutcome,
    /// When it ended.
    pub at: Timestamp,
}

/// Whether a run is in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It never was, or somebody deleted it by hand.
    Absent,
    /// Under this number.
    Here(RunId),
    /// It was, and is pruned.
    Pruned,
}

/// The last attempt at one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRow {
    /// The run in the database or archive that it comes from.
    pub run_id: RunId,
    /// What it is known by.
    pub run_key: Option<String>,
    /// Its number in this database.
    pub local_run_id: Option<RunId>,
    /// How many attempts there were.
    pub attempt: u64,
    /// Whether the run is where it was to go.
    pub is_done: bool,
    /// Whether the run was given up, because it is no more where it was.
    pub is_removed: bool,
    /// Whether an operator struck it from the failure log.
    pub is_struck: bool,
    /// Why it is not.
    pub error: Option<String>,
    /// When the attempt ended; RFC 3339 as it is stored.
    pub recorded_at: String,
}

/// Where the rows of one run come from.
pub trait RunSource {
    /// Shows every row of `table` to `visit`, in the order of the table; none where the run has none.
    ///
    /// # Errors
    ///
    /// The rows cannot be read, or `visit` said so.
    fn rows(&self, table: &RunTable, visit: RowVisitor<'_>) -> Result<(), ImportError>;
}

/// Takes one row after the other, its values in the order of the columns.
pub type RowVisitor<'a> = &'a mut dyn FnMut(&[FieldValue<'_>]) -> Result<(), ImportError>;

/// Why a run was not imported; nothing of it was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The database that it was to go to.
    #[error(transparent)]
    Database(#[from] Error),
    /// The database or archive that it comes from.
    #[error("read the run")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A value that no run can have.
    #[error("{table} has a row that does not fit: {reason}")]
    Unfit {
        /// The table.
        table: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The records are not those that the root was made from.
    #[error("the records have the root {recomputed}, the run was written with {stored}: it was altered or damaged")]
    OtherRoot {
        /// The root that the run came with.
        stored: String,
        /// The root of what was read.
        recomputed: Fingerprint,
    },
    /// Something else that belongs to the run is not what its hash was made from.
    #[error("the run's row, its errors, questions or costs were altered or are damaged: {stored} became {recomputed}")]
    OtherRun {
        /// The hash that the run came with.
        stored: String,
        /// The hash of what was read.
        recomputed: String,
    },
}

/// A run that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedRun {
    /// Its number here.
    pub run_id: RunId,
    /// How many records it has.
    pub record_count: u64,
    /// The root over them.
    pub snapshot_root: Fingerprint,
    /// What the chain ends with now.
    pub chain_head: Fingerprint,
}

/// What decides how a run is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportPlan {
    /// What is known of the run.
    pub identity: RunIdentity,
    /// The project to which it goes where the run names none.
    pub project: String,
    /// Where it comes from, for the log.
    pub peer: String,
    /// When it is imported.
    pub at: Timestamp,
}
