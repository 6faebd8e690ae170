//! What can go wrong with a database: one variant for each thing that a user would do something else about.

use std::{io, path::Path, path::PathBuf};

use cds_model::StageRunId;
use rusqlite::{ErrorCode, ffi};

use crate::{AccountError, DatabaseAddress, Mismatch, Step};

/// What the database said, in its own words.
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
    /// A name leads to no run, or to one that does not serve.
    #[error("find run {name:?}: {problem}")]
    Run {
        /// As it was given.
        name: String,
        /// Why.
        problem: crate::RunProblem,
    },
    /// The name is the address of a database, and may hold a password.
    #[error("open database {:?}: it is the address of a database, not the path of an SQLite file", .address.to_string())]
    Address {
        /// Without secrets.
        address: DatabaseAddress,
    },
    /// The path names no file on disk: it is empty or `:memory:`.
    #[error("open database {path:?}: {reason}")]
    InvalidName {
        /// As it was given.
        path: PathBuf,
        /// Which of these it is.
        reason: &'static str,
    },
    /// The directory of the file does not exist; it is never created.
    #[error("open database {path:?}: directory {directory:?} does not exist")]
    MissingDirectory {
        /// The database.
        path: PathBuf,
        /// What is missing.
        directory: PathBuf,
    },
    /// The file that is only to be read does not exist.
    #[error("open database {path:?}: it does not exist")]
    Missing {
        /// The database.
        path: PathBuf,
    },
    /// The path leads to a directory, a pipe, a device or the like.
    #[error("open database {path:?}: it is {kind}, not a regular file")]
    NotARegularFile {
        /// The database.
        path: PathBuf,
        /// What it is, with its article.
        kind: &'static str,
    },
    /// Something stands beside the database that cannot be one of its own files.
    #[error("open database {path:?}: {side_file:?} beside it {what}")]
    SideFile {
        /// The database.
        path: PathBuf,
        /// What stands there.
        side_file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The log beside the file is that of another file, or of another state of it.
    #[error("open database {path:?}: {log:?} does not belong to it, {why}")]
    ForeignLog {
        /// The database.
        path: PathBuf,
        /// The write-ahead log or the rollback journal.
        log: PathBuf,
        /// By what it is known.
        why: &'static str,
    },
    /// The process was asked to stop, and a statement did not come to its end.
    #[error("{step}: database {path:?} was still at work when it was asked to stop")]
    Stopped {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        step: Step,
    },
    /// Something was mounted at exactly this file, which is then in another folder for others.
    #[error(
        "write to database {path:?}: the file is a mount of its own, so other writers would not see its log and its lock"
    )]
    OwnMount {
        /// The database.
        path: PathBuf,
    },
    /// The file system does not tell what the path leads to.
    #[error("look at database {path:?}")]
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
    /// The file, or the file system that holds it, may not be written.
    #[error("write to database {path:?}: it is read-only")]
    ReadOnly {
        /// The database.
        path: PathBuf,
        /// What the database said, where it was asked.
        source: Option<Cause>,
    },
    /// The database, or the journal that must stand beside it, cannot be opened.
    #[error("{step}: database {path:?} or a journal beside it cannot be opened")]
    CannotOpen {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        step: Step,
        /// What the database said.
        source: Cause,
    },
    /// The file can only be read as a copy, and there is none.
    #[error("copy database {path:?} into a temporary directory")]
    Copy {
        /// The database.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file was written while it was read without locks, again and again.
    #[error("read database {path:?}: another process keeps changing it")]
    ChangedWhileRead {
        /// The database.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("open database {path:?}: it is not an SQLite database")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is an `SQLite` database whose content is broken.
    #[error("{step}: database {path:?} is damaged")]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        step: Step,
        /// What the database said.
        source: Cause,
    },
    /// The file says that it is another program's.
    #[error("open database {path:?}: it belongs to another program (application_id {application_id})")]
    AnotherProgram {
        /// The database.
        path: PathBuf,
        /// The program's number.
        application_id: i64,
    },
    /// The file has tables, and none of ours is among them.
    #[error("open database {path:?}: it has other tables ({table:?}) and neither runs nor records")]
    ForeignTables {
        /// The database.
        path: PathBuf,
        /// The first table or view that it has.
        table: String,
    },
    /// The file was written in a format that this version does not know.
    #[error("open database {path:?}: its format is version {found}, and this program knows versions up to {supported}")]
    NewerFormat {
        /// The database.
        path: PathBuf,
        /// The `user_version` of the file.
        found: i64,
        /// The last version that is known.
        supported: i64,
    },
    /// A table of ours is there with other columns.
    #[error("open database {path:?}: table {table} does not fit: {mismatch}")]
    SchemaMismatch {
        /// The database.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// The first thing that does not fit.
        mismatch: Mismatch,
    },
    /// Somebody else holds the database, for longer than it was to be waited.
    #[error("{step}: database {path:?} is locked by another process")]
    Locked {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        step: Step,
    },
    /// The path leads to another file than the one that was opened, or to none.
    #[error("write to database {path:?}: the file was moved, removed or replaced while it was open")]
    Replaced {
        /// The database.
        path: PathBuf,
    },
    /// There is no room left for what was to be written.
    #[error("{step}: no room is left for database {path:?}")]
    Full {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        step: Step,
        /// What the database said.
        source: Cause,
    },
    /// The caller took the snapshot back before it was committed.
    #[error("write to database {path:?}: it was called off before the commit")]
    Withdrawn {
        /// The database.
        path: PathBuf,
    },
    /// The caller asked for no more in the middle of reading.
    #[error("verify database {path:?}: it was called off")]
    CalledOff {
        /// The database.
        path: PathBuf,
    },
    /// The database said yes to a row and did not keep it; only a trigger of its own can do that.
    #[error("{step}: database {path:?} ignored the row")]
    RowIgnored {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        step: Step,
    },
    /// The snapshot is written, but what should prove those before it was changed by somebody else.
    #[error("go on with the proof of database {path:?}: {what}")]
    Doubtful {
        /// The database.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// A stage was to end that did not begin.
    #[error("write the end of the stage: database {path:?} has no start of stage run {id}")]
    UnknownStage {
        /// The database.
        path: PathBuf,
        /// The stage run.
        id: StageRunId,
    },
    /// The snapshot is written, but the ledger does not say so.
    #[error("write the end of the run into the accounts of database {path:?}")]
    Account {
        /// The database.
        path: PathBuf,
        /// Why.
        source: Box<AccountError>,
    },
    /// The journal that makes a transaction durable cannot be had.
    #[error("set the journal mode: database {path:?} stays in mode {mode:?}")]
    Journal {
        /// The database.
        path: PathBuf,
        /// The mode it has.
        mode: String,
    },
    /// A reader keeps the write-ahead log in use: the file alone does not hold everything until the next checkpoint.
    #[error("checkpoint database {path:?}: a reader keeps its write-ahead log in use")]
    CheckpointPending {
        /// The database.
        path: PathBuf,
    },
    /// The linked `SQLite` has an error that can damage databases.
    #[error("use SQLite {found}: it can damage a database, and {required} is the first version that does not")]
    OldLibrary {
        /// The version that is linked.
        found: &'static str,
        /// The first version that will do.
        required: &'static str,
    },
    /// A statement failed for another reason, which is the cause.
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
    /// Sorts what `SQLite` said about `step` into the variants.
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

    /// Whether the file could not be read or written at all, as on a full disk or at a limit on the size of files.
    pub const fn is_file_failure(&self) -> bool {
        matches!(self, Self::Statement { source, .. } if source.code & 0xff == ffi::SQLITE_IOERR)
    }

    pub(crate) const fn is_locked(&self) -> bool {
        matches!(self, Self::Locked { .. })
    }
}
