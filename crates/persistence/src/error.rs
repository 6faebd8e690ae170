//! Database errors: one variant for each problem that needs a different reaction of the user.

use std::{io, path::Path, path::PathBuf};

use cds_model::StageRunId;
use rusqlite::{ErrorCode, ffi};

use crate::{AccountError, DatabaseAddress, Mismatch, Step};

/// The error message of `SQLite`.
#[derive(Debug, thiserror::Error)]
#[error("{text} (SQLite error {code})")]
pub struct Cause {
    /// The message, which may come from a trigger.
    pub text: String,
    /// The extended result code.
    pub code: i32,
}

impl From<rusqlite::Error> for Cause {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error().map_or(ffi::SQLITE_ERROR, |cause| cause.extended_code);
        Self { text: error.to_string(), code }
    }
}

/// Why a database could not be opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name does not lead to a usable run.
    #[error("find run {name:?}: {problem}")]
    Run {
        /// The name as given.
        name: String,
        /// Why.
        problem: crate::RunProblem,
    },
    /// The name is a database address, which may hold a password.
    #[error("open database {:?}: it is the address of a database, not the path of an SQLite file", .address.to_string())]
    Address {
        /// The address without secrets.
        address: DatabaseAddress,
    },
    /// A table has something that the other layout cannot have.
    #[error("convert database {path:?}: table {table}: {reason}")]
    NotConvertible {
        /// The database.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// What it is.
        reason: String,
    },
    /// The ids of records are used up.
    #[error("write to database {path:?}: no higher id for a record is left")]
    NoMoreIds {
        /// The database.
        path: PathBuf,
    },
    /// The path is not a file on disk: it is empty or `:memory:`.
    #[error("open database {path:?}: {reason}")]
    InvalidName {
        /// The path as given.
        path: PathBuf,
        /// Which of the two it is.
        reason: &'static str,
    },
    /// The directory of the file does not exist; it is never created.
    #[error("open database {path:?}: directory {directory:?} does not exist")]
    MissingDirectory {
        /// The database.
        path: PathBuf,
        /// The missing directory.
        directory: PathBuf,
    },
    /// A file to be read does not exist.
    #[error("open database {path:?}: it does not exist")]
    Missing {
        /// The database.
        path: PathBuf,
    },
    /// The path is a directory, a pipe, a device or the like.
    #[error("open database {path:?}: it is {kind}, not a regular file")]
    NotARegularFile {
        /// The database.
        path: PathBuf,
        /// What it is, with an article.
        kind: &'static str,
    },
    /// Something next to the database cannot be one of its own files.
    #[error("open database {path:?}: {side_file:?} next to it {what}")]
    SideFile {
        /// The database.
        path: PathBuf,
        /// The path of that file.
        side_file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The log next to the file belongs to another file, or to another state of it.
    #[error("open database {path:?}: {log:?} does not belong to it, {why}")]
    ForeignLog {
        /// The database.
        path: PathBuf,
        /// The write-ahead log or the rollback journal.
        log: PathBuf,
        /// How this was detected.
        why: &'static str,
    },
    /// The process was asked to stop, and a statement was interrupted.
    #[error("{step}: database {path:?} was interrupted")]
    Stopped {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        step: Step,
    },
    /// The file is a mount point itself, so other processes see it in another directory.
    #[error(
        "write to database {path:?}: the file is a mount of its own, so other writers would not see its log and its lock"
    )]
    OwnMount {
        /// The database.
        path: PathBuf,
    },
    /// The system could not examine the path.
    #[error("examine database {path:?}")]
    Inspect {
        /// The database.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not exist and could not be created.
    #[error("create database {path:?}")]
    Create {
        /// The database.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file or its file system is read-only.
    #[error("write to database {path:?}: it is read-only")]
    ReadOnly {
        /// The database.
        path: PathBuf,
        /// The cause, if `SQLite` reported it.
        source: Option<Cause>,
    },
    /// The database or its journal cannot be opened.
    #[error("{step}: database {path:?} or its journal cannot be opened")]
    CannotOpen {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        step: Step,
        /// What the database said.
        source: Cause,
    },
    /// The file can only be read as a copy, and copying failed.
    #[error("copy database {path:?} into a temporary directory")]
    Copy {
        /// The database.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Other processes kept writing the file while it was read without locks.
    #[error("read database {path:?}: another process keeps changing it")]
    ChangedWhileRead {
        /// The database.
        path: PathBuf,
    },
    /// The file is not a database.
    #[error("open database {path:?}: it is not an SQLite database")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is an `SQLite` database with damaged content.
    #[error("{step}: database {path:?} is damaged")]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        step: Step,
        /// What the database said.
        source: Cause,
    },
    /// The file header names another program.
    #[error("open database {path:?}: it belongs to another program (application_id {application_id})")]
    AnotherProgram {
        /// The database.
        path: PathBuf,
        /// The number of that program.
        application_id: i64,
    },
    /// The file has tables, but none of ours.
    #[error("open database {path:?}: it has other tables ({table:?}) and neither runs nor records")]
    ForeignTables {
        /// The database.
        path: PathBuf,
        /// Its first table or view.
        table: String,
    },
    /// The file has a format that this version does not know.
    #[error("open database {path:?}: its format is version {found}, and this program knows versions up to {supported}")]
    NewerFormat {
        /// The database.
        path: PathBuf,
        /// The `user_version` of the file.
        found: i64,
        /// The latest version that this program knows.
        supported: i64,
    },
    /// One of our tables has other columns.
    #[error("open database {path:?}: table {table} does not fit: {mismatch}")]
    SchemaMismatch {
        /// The database.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// The first difference.
        mismatch: Mismatch,
    },
    /// Another process held the database for longer than the timeout.
    #[error("{step}: database {path:?} is locked by another process")]
    Locked {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        step: Step,
    },
    /// The path no longer leads to the file that was opened.
    #[error("write to database {path:?}: the file was moved, removed or replaced while it was open")]
    Replaced {
        /// The database.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("{step}: no space is left for database {path:?}")]
    Full {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        step: Step,
        /// What the database said.
        source: Cause,
    },
    /// The caller cancelled the snapshot before it was committed.
    #[error("write to database {path:?}: it was cancelled before the commit")]
    Withdrawn {
        /// The database.
        path: PathBuf,
    },
    /// The caller cancelled reading.
    #[error("verify database {path:?}: it was cancelled")]
    Cancelled {
        /// The database.
        path: PathBuf,
    },
    /// The database reported success but did not store a row; only a trigger can cause this.
    #[error("{step}: database {path:?} ignored the row")]
    RowIgnored {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        step: Step,
    },
    /// The snapshot is written, but another program changed the proof of earlier snapshots.
    #[error("continue the proof of database {path:?}: {what}")]
    Doubtful {
        /// The database.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The end of a stage that was never started.
    #[error("write the end of the stage: database {path:?} has no start of stage run {id}")]
    UnknownStage {
        /// The database.
        path: PathBuf,
        /// The stage run.
        id: StageRunId,
    },
    /// The snapshot is written, but its end is not in the ledger.
    #[error("write the end of the run into the accounts of database {path:?}")]
    Account {
        /// The database.
        path: PathBuf,
        /// Why.
        source: Box<AccountError>,
    },
    /// The journal mode that makes transactions durable is not available.
    #[error("set the journal mode: database {path:?} stays in mode {mode:?}")]
    Journal {
        /// The database.
        path: PathBuf,
        /// Its journal mode.
        mode: String,
    },
    /// A reader uses the write-ahead log, so the file alone is incomplete until the next checkpoint.
    #[error("checkpoint database {path:?}: a reader keeps its write-ahead log in use")]
    CheckpointPending {
        /// The database.
        path: PathBuf,
    },
    /// The linked `SQLite` version has a bug that can damage databases.
    #[error("use SQLite {found}: it can damage a database, and {required} is the first version that does not")]
    OldLibrary {
        /// The linked version.
        found: &'static str,
        /// The first version without the bug.
        required: &'static str,
    },
    /// A statement failed for another reason.
    #[error("{step} in database {path:?}")]
    Statement {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        step: Step,
        /// What the database said.
        source: Cause,
    },
}

impl Error {
    /// Maps an error of `SQLite` during `step` to a variant.
    pub(crate) fn from_sqlite(path: &Path, step: Step, cause: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match cause.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path, step },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path, source: Some(cause.into()) },
            Some(ErrorCode::CannotOpen) => Self::CannotOpen { path, step, source: cause.into() },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, step, source: cause.into() },
            Some(ErrorCode::OperationInterrupted) => Self::Stopped { path, step },
            Some(ErrorCode::DiskFull) => Self::Full { path, step, source: cause.into() },
            _ => Self::Statement { path, step, source: cause.into() },
        }
    }

    /// Whether the file itself could not be read or written, as on a full disk or at a file size limit.
    pub const fn is_file_failure(&self) -> bool {
        matches!(self, Self::Statement { source, .. } if source.code & 0xff == ffi::SQLITE_IOERR)
    }

    pub(crate) const fn is_locked(&self) -> bool {
        matches!(self, Self::Locked { .. })
    }
}
