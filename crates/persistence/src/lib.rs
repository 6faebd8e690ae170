//! Stores snapshots of runs: the contract of a persistence, and its implementation with `SQLite`.
//!
//! Every SQL statement of the project is here, one file for each table. A snapshot is written completely or not at all.
//! This crate reads no clock and no environment (except for the directory of temporary files), prints nothing, and
//! never opens a database through a URI from outside.

mod accepted;
mod accounts;
mod address;
mod contract;
mod error;
mod history;
mod known;
mod layout;
mod lock;
mod sqlite;
mod statistics;
mod step;
mod storage;
mod table;
mod telemetry;
mod transfer;
mod verification;

pub use accepted::{Acceptance, AcceptedDuplicate};
pub use accounts::{
    AccountError, Counted, DefinitionRow, DetailsRow, EnrichmentRow, ErrorGroup, Invocation, InvocationDetails,
    InvocationFilter, KeepRule, LedgerRow, NotReadRow, OtherStageEnd, PruneVerdict, ResolvedSnapshot, RunProblem,
    RunStats, SnapshotRow, StageDurations, StageFilter, StageRow,
};
pub use address::DatabaseAddress;
pub use contract::{Persistence, RunId, SavedRun};
pub use error::{Cause, Error};
pub use history::{ChainRow, Pruned, SnapshotAbsence, SnapshotProof};
pub use known::{IntentOrigin, KnownRecord, LastChange, LatestSnapshot};
pub use layout::Layout;
pub use lock::{
    FileLock, LockError, LockHolder, LockLost, LockMonitor, LockStatus, LossReason, WATCH_INTERVAL, get_pid,
    is_lock_file_valid, lock_path, lock_status,
};
pub use sqlite::{
    Access, CodeRow, DamagedRow, DatabaseRun, Diagnosis, FORMAT_VERSION, FileRecord, FileSystem, Format, KnownContent,
    KnownFile, KnownFiles, LocationReport, Mismatch, NamedUnits, OpenOptions, RecomputedProof, RecordedSnapshot,
    RecordedUnit, SqliteAccounts, SqlitePersistence, SqliteReader, SqliteTelemetry, StateRow, StoredUnit, Text,
    TextQuery, Texts, UnitLocation, UnitQuery, UnitRecord, UnitTransition, examine_location, remove_copies,
    stop_statements,
};
pub use statistics::{CachedModel, EnrichmentRate, IntentCacheStats};
pub use step::Step;
pub use storage::{Growth, RunUse, StorageUse, TableUse};
pub use telemetry::{BATCH_SIZE, FlushOutcome, QUEUE_CAPACITY, TelemetryBuffer, TelemetryFlusher, TelemetrySink};
pub use transfer::{
    ColumnKind, ImportError, ImportPlan, ImportedRun, Presence, RowVisitor, RunColumn, RunIdentity, RunSource,
    RunTable, Transfer, TransferOutcome, TransferRow,
};
pub use verification::{Deviation, DeviationKind, Unverified, Verification, VerifyQuery};

/// The version of the bundled `SQLite`, such as `3.53.1`.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}
