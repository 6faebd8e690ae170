//! Moves runs between databases and archives: the tables of a run as Parquet files, and the state of that work.
//!
//! A run appears in an archive completely or not at all, with a manifest that proves its content. This crate knows
//! Parquet and files. It reads no clock and no environment, knows no SQL and prints nothing. The caller holds the lock
//! of the archive directory.

mod directory;
mod error;
mod files;
mod job;
mod manifest;
mod state;
mod table;

pub use directory::{
    ArchiveListing, ArchivedRun, DEFAULT_PARTITION, PendingRun, list_runs, project_from_directory_name,
    project_to_directory_name, remove_leftovers, run_directory,
};
pub use error::Error;
pub use job::{
    ArchiveVerification, ImportFrom, Job, JobEvent, JobReport, PeerState, Recovery, Selection, archive_runs, file_name,
    import_runs, missing_runs, peer_state, recover, to_column_specs, verify_archive,
};
pub use manifest::{
    Deviation, FileEntry, MANIFEST_FORMAT_VERSION, MANIFEST_NAME, Manifest, RunFacts, read_manifest,
    verify_run_directory,
};
pub use state::{
    Appended, Direction, IgnoredLine, Progress, RunList, RunOutcome, RunSpan, State, StateFile, StateFiles, Stored,
    append_to_failure_log, export_progress, get_incremental_start_run, parse_run_records_from_file, read_state,
    update_attempted_run_state, update_contiguous_run_state, write_failure_log, write_state,
};
pub use table::{
    Batch, COMPRESSION_LEVEL, ColumnSpec, ColumnType, MAX_GROUP_BYTES, MAX_GROUP_ROWS, MAX_ROW_BYTES, TableReader,
    TableWriter, Value, WrittenTable,
};
