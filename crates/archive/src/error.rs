//! Errors of archives and of the state files.

use std::{
    io,
    path::{Path, PathBuf},
};

use cds_model::Fingerprint;
use cds_persistence::{ImportError, RunId};
use parquet::errors::ParquetError;

use crate::ColumnType;

/// Why an archive or a state file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system reported an error.
    #[error("{action} {path:?}")]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A file of ours is not a regular file, so it was not opened.
    #[error("open {path:?}: it is not a regular file")]
    NotARegularFile {
        /// The file.
        path: PathBuf,
    },
    /// A failure log is too long and stays unchanged.
    #[error("read {path:?}: {reason}")]
    DamagedLog {
        /// The log.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The name of a project is too long for a directory name.
    #[error(
        "create a directory for project {project:?}: its name would have {length} bytes, and the limit is {limit}; its \
         runs stay in the database, give later ones a shorter name with cds persist --project"
    )]
    ProjectNameTooLong {
        /// The project.
        project: String,
        /// The length of the directory name in bytes.
        length: usize,
        /// The longest possible name in bytes.
        limit: usize,
    },
    /// The archive directory does not exist. It is never created, because it may be an unmounted disk.
    #[error("open archive {path:?}: it is not a directory")]
    NoArchive {
        /// The archive.
        path: PathBuf,
    },
    /// The archive already has the run.
    #[error("create {path:?}: it already exists")]
    RunExists {
        /// The directory of the run.
        path: PathBuf,
    },
    /// A table has no columns, or two with the same name.
    #[error("create table {path:?}: {reason}")]
    InvalidColumns {
        /// The file.
        path: PathBuf,
        /// What is wrong with the columns.
        reason: String,
    },
    /// A row has too many or too few values.
    #[error("write row {row} of {path:?}: it has {found} values for {expected} columns")]
    RowLength {
        /// The file.
        path: PathBuf,
        /// The number of the row, from 1.
        row: u64,
        /// The number of columns.
        expected: usize,
        /// The number of values.
        found: usize,
    },
    /// A value does not have the type of its column.
    #[error("write row {row} of {path:?}: column {column:?} takes {expected}, not {found}")]
    ValueType {
        /// The file.
        path: PathBuf,
        /// The number of the row, from 1.
        row: u64,
        /// The column.
        column: String,
        /// The type of the column.
        expected: ColumnType,
        /// The type of the value.
        found: &'static str,
    },
    /// A row is longer than a reader will accept.
    #[error("write row {row} of {path:?}: it has {length} bytes, and the limit is {limit}")]
    RowTooLong {
        /// The file.
        path: PathBuf,
        /// The number of the row, from 1.
        row: u64,
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The Parquet library could not write or read a file.
    #[error("{action} {path:?}")]
    Table {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the library.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A Parquet file exceeds a limit or holds something that no table of a run can hold.
    #[error("read table {path:?}: {reason}")]
    UnfitTable {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The database failed: the one with the transfer log, or the source of the runs.
    #[error(transparent)]
    Database(#[from] cds_persistence::Error),
    /// The source has no run with this number.
    #[error("find run {run}: it is not in the source")]
    NoSuchRun {
        /// The number.
        run: RunId,
    },
    /// A run of another program has a number below 1, which state files cannot hold.
    #[error("move run {run}: run numbers must be 1 or higher")]
    RunNumber {
        /// The number.
        run: RunId,
    },
    /// An import from an archive needs the name of a project.
    #[error("import from an archive: no project was given")]
    NoProject,
    /// Something else is in the directory of the run.
    #[error("use {path:?}: {reason}")]
    Occupied {
        /// The directory of the run.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A text is not valid UTF-8, which engines require.
    #[error("read {column} in row {row}: it is not valid UTF-8")]
    NotUtf8 {
        /// Table and column.
        column: String,
        /// Which row of the table, from 1.
        row: u64,
    },
    /// The number of records differs from the number in the run's row.
    #[error("the run should have {stored} records and has {found}: it was altered or damaged")]
    RecordCount {
        /// The number in the run's row.
        stored: u64,
        /// The number found.
        found: u64,
    },
    /// The root over the records differs from the root that the run was written with.
    #[error("the records have the root {recomputed}, the run was written with {stored}: it was altered or damaged")]
    OtherRoot {
        /// The root in the chain.
        stored: String,
        /// The root over the records found.
        recomputed: Fingerprint,
    },
    /// An import would refuse the run, so archiving it would be useless.
    #[error(transparent)]
    NotImportable(Box<ImportError>),
    /// The caller asked to stop.
    #[error("it was cancelled")]
    Cancelled,
    /// The caller may no longer write, because it lost a lock.
    #[error("the run was cancelled before it was complete: a lock was lost")]
    Withdrawn,
    /// A manifest cannot be parsed.
    #[error("read manifest {path:?}: {reason}")]
    DamagedManifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A later version wrote the manifest.
    #[error("read manifest {path:?}: it has format {found}, and this version knows formats up to {known}")]
    NewerManifest {
        /// The file.
        path: PathBuf,
        /// The format in the file.
        found: u32,
        /// The latest format that this version can read.
        known: u32,
    },
}

impl From<ImportError> for Error {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Database(error) => Self::Database(error),
            other => Self::NotImportable(Box::new(other)),
        }
    }
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// Wraps an error of the Parquet library. An I/O error inside it becomes [`Error::Io`], so that callers can tell a
    /// full disk from a damaged file.
    pub(crate) fn table(action: &'static str, path: &Path) -> impl FnOnce(ParquetError) -> Self {
        move |error| {
            let path = path.to_owned();
            match error {
                ParquetError::External(cause) => match cause.downcast::<io::Error>() {
                    Ok(source) => Self::Io { action, path, source: *source },
                    Err(source) => Self::Table { action, path, source },
                },
                other => Self::Table { action, path, source: Box::new(other) },
            }
        }
    }
}
