//! What can go wrong with an archive and with the state of the work.

use std::{
    io,
    path::{Path, PathBuf},
};

use cds_model::Fingerprint;
use cds_persistence::{ImportError, RunId};
use parquet::errors::ParquetError;

use crate::ColumnType;

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused.
    #[error("{action} {path:?}")]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else is where a file of ours belongs; it is not opened.
    #[error("open {path:?}: it is not a regular file")]
    NotARegularFile {
        /// Where.
        path: PathBuf,
    },
    /// A failure log is too long to be one, and is left as it is.
    #[error("read {path:?}: {reason}")]
    DamagedLog {
        /// The log.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The name of a project does not fit into the name of a directory.
    #[error(
        "make a directory name of project {project:?}: it would have {length} bytes, and {limit} are possible; its runs \
         stay in their database, give later ones a shorter name with cds persist --project"
    )]
    ProjectNameTooLong {
        /// The project.
        project: String,
        /// What its directory's name would have, in bytes.
        length: usize,
        /// The greatest possible number of bytes.
        limit: usize,
    },
    /// The directory of the archive is not there; it is never created, since it may be an unmounted disk.
    #[error("open archive {path:?}: it is not a directory")]
    NoArchive {
        /// The archive.
        path: PathBuf,
    },
    /// The archive has the run already.
    #[error("create {path:?}: it exists")]
    RunExists {
        /// The directory of the run.
        path: PathBuf,
    },
    /// A table has no columns, or two of one name.
    #[error("create table {path:?}: {reason}")]
    InvalidColumns {
        /// The file.
        path: PathBuf,
        /// What is wrong with the columns.
        reason: String,
    },
    /// A row does not have the columns of its table.
    #[error("write row {row} of {path:?}: it has {found} values for {expected} columns")]
    RowLength {
        /// The file.
        path: PathBuf,
        /// Which row, from 1.
        row: u64,
        /// How many columns there are.
        expected: usize,
        /// How many values came.
        found: usize,
    },
    /// A value is not of its column's type.
    #[error("write row {row} of {path:?}: column {column:?} takes {expected}, not {found}")]
    ValueType {
        /// The file.
        path: PathBuf,
        /// Which row, from 1.
        row: u64,
        /// The column.
        column: String,
        /// What the column takes.
        expected: ColumnType,
        /// What came.
        found: &'static str,
    },
    /// A row is longer than a reader could be asked to hold.
    #[error("write row {row} of {path:?}: it has {length} bytes, and {limit} are allowed")]
    RowTooLong {
        /// The file.
        path: PathBuf,
        /// Which row, from 1.
        row: u64,
        /// Its length in bytes.
        length: usize,
        /// The greatest allowed length in bytes.
        limit: usize,
    },
    /// A Parquet file cannot be written or read.
    #[error("{action} {path:?}")]
    Table {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A Parquet file holds something that no table of a run has, or more than may be read.
    #[error("read table {path:?}: {reason}")]
    UnfitTable {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The database that has the log, or that runs come from.
    #[error(transparent)]
    Database(#[from] cds_persistence::Error),
    /// There is no run of this number.
    #[error("find run {run}: the source has none")]
    NoSuchRun {
        /// The number.
        run: RunId,
    },
    /// A run has a number that no state file can hold; another program gave it.
    #[error("run numbers begin with 1, and this one is {run}")]
    RunNumber {
        /// The number.
        run: RunId,
    },
    /// An archive is to be imported from, and nobody said which of its projects.
    #[error("import from an archive: no project is named")]
    NoProject,
    /// Where a run is, or is to go, there is something else.
    #[error("use {path:?}: {reason}")]
    Occupied {
        /// The directory of the run.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A text cannot be what engines take for text.
    #[error("row {row} of the run has a {column} that is no UTF-8")]
    NotUtf8 {
        /// Table and column.
        column: String,
        /// Which row of the table, from 1.
        row: u64,
    },
    /// A run has another number of records than it was written with.
    #[error("the run counts {stored} records, and there are {found}: it was altered or is damaged")]
    RecordCount {
        /// What its row says.
        stored: u64,
        /// How many there are.
        found: u64,
    },
    /// The records are not those that the run was written with.
    #[error("the records give the root {recomputed}, the run says {stored}: it was altered or is damaged")]
    OtherRoot {
        /// What the chain says.
        stored: String,
        /// What the records give.
        recomputed: Fingerprint,
    },
    /// An import would refuse the run, so nobody could have it back.
    #[error(transparent)]
    NotImportable(Box<ImportError>),
    /// The caller asked for no more.
    #[error("it was called off")]
    CalledOff,
    /// The caller may not write any more, since a lock was lost.
    #[error("the run was called off before it was in its place")]
    Withdrawn,
    /// A manifest cannot be understood.
    #[error("read manifest {path:?}: {reason}")]
    DamagedManifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A manifest was written by a later version.
    #[error("read manifest {path:?}: it has format {found}, and this version knows formats up to {known}")]
    NewerManifest {
        /// The file.
        path: PathBuf,
        /// The format that it says it has.
        found: u32,
        /// The latest format that can be read.
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

    /// An error of the Parquet library; what the system said on the way keeps its own shape, so that a full disk is
    /// told from a damaged file.
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
