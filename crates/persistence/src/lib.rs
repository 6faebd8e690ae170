//! Keeps the snapshots of runs: the contract of a persistence, and its implementation on `SQLite`.
//!
//! Every SQL statement of the project is here, one file a table. A snapshot is written whole or not at all. This crate
//! reads no clock and no environment (but for the place of temporary files), prints nothing, and never opens a database
//! through a URI from outside.

mod accounts;
mod contract;
mod error;
mod lock;
mod sqlite;
mod statistics;
mod step;
mod table;

pub use accounts::{
    AccountError, Counted, DefinitionRow, EnrichmentRow, ErrorGroup, FoundRun, Invocation, InvocationDetails,
    InvocationFilter, KeepRule, LedgerRow, PruneVerdict, RunStats, SnapshotRow, StageDurations, StageFilter, StageRow,
};
pub use contract::{Persistence, RunId, SavedRun};
pub use error::{Cause, Error};
pub use sqlite::{Access, FORMAT_VERSION, Mismatch, OpenOptions, SqlitePersistence, SqliteReader};
pub use statistics::{CachedModel, EnrichmentRate, IntentCacheStats};
pub use step::Step;
