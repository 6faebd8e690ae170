//! Moves runs: selects them, moves them in order, logs each outcome, and decides whether to continue after a failure.
//!
//! - The transfer log in the database is the truth. The state files are exports of it, written after each run.
//! - A problem of one run is that run's failure, with a reason; the job continues with the next run.
//! - A problem that would affect every run ends the job: a full disk, a missing archive, a lost lock, a database that
//!   cannot be written.

mod archive;
mod import;
mod missing;
mod outcome;
mod source;
mod standing;
mod state;
mod tables;
mod tracker;
mod verify;

use std::path::Path;

use cds_model::Timestamp;
use cds_persistence::{RunId, SqlitePersistence, SqliteReader};

use crate::{State, StateFiles};

pub use archive::archive_runs;
pub use import::import_runs;
pub use missing::missing_runs;
pub use state::{PeerState, Recovery, peer_state, recover};
pub use tables::{file_name, to_column_specs};
pub use verify::{ArchiveVerification, verify_archive};

/// Which runs to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// Runs that were never tried: those after the last tried run, and those skipped for another run or project. Failed
    /// runs are not included.
    ///
    /// If another database has replaced the one known under this peer name, runs whose numbers were tried before are
    /// included if they are different runs.
    New,
    /// This run, whatever its last outcome was. Runs that are skipped by this are open failures until they are tried.
    One(RunId),
    /// Exactly the runs that were tried or skipped and are not done.
    OpenFailures,
}

/// What to move, where to log it, and who observes it.
pub struct Job<'a> {
    /// The database with the transfer log; the caller holds its lock. For archiving it is also the source, and
    /// `SqlitePersistence::open_reader` gives the best reader.
    pub database: &'a mut SqlitePersistence,
    /// The name of the other side in the log: the path of the archive or of the source. For an import from an archive
    /// it is the path of the project's directory, because each project has its own run numbers.
    pub peer: String,
    /// The files that operators read. They describe one peer; files about another peer are rebuilt.
    pub state: StateFiles,
    /// Which runs to move.
    pub selection: Selection,
    /// Only runs of this project, and runs without a project, which then get this one. If `None`, a run without a
    /// project gets the last folder of its tree's path. Required if the source is an archive.
    pub project: Option<String>,
    /// The clock.
    pub now: &'a dyn Fn() -> Timestamp,
    /// Whether to stop; called between runs and within them. A run that is stopped counts as not tried.
    pub should_stop: &'a dyn Fn() -> bool,
    /// Whether the locks are still held; called right before a run becomes visible.
    pub may_commit: &'a dyn Fn() -> bool,
    /// Receives every event as it happens.
    pub observer: &'a mut dyn FnMut(JobEvent<'_>),
}

/// An event of a job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum JobEvent<'a> {
    /// A state file disagreed with the database and is rebuilt from it. The reason is a predicate of the file, such as
    /// `is missing`.
    Rebuilt {
        /// The file.
        file: &'a Path,
        /// What was wrong with it.
        reason: &'a str,
    },
    /// A line of the failure log is not a run number.
    IgnoredLine {
        /// The log.
        file: &'a Path,
        /// The line number, from 1.
        line: usize,
        /// The beginning of the line; escape it before showing it on a terminal.
        text: &'a str,
    },
    /// A run is about to be moved.
    Started {
        /// The number in the source.
        run: RunId,
        /// The number of records in its row.
        record_count: u64,
    },
    /// A run was moved.
    Done {
        /// The number in the source.
        run: RunId,
        /// The number in the target database, for an import.
        local_run: Option<RunId>,
        /// The number of its records.
        record_count: u64,
        /// Archived: the length of its files. Imported: the length of the texts of its records.
        byte_count: u64,
        /// The root over its records.
        snapshot_root: Option<&'a str>,
    },
    /// A run was already in the target.
    AlreadyThere {
        /// The number in the source.
        run: RunId,
        /// The number in the target database, if it was imported and not pruned.
        local_run: Option<RunId>,
    },
    /// A run could not be moved.
    Failed {
        /// The number in the source.
        run: RunId,
        /// The error with its causes.
        error: &'a str,
    },
    /// A run that had failed is no longer in the source, so it is not an open failure any more.
    Removed {
        /// The number that it had in the source.
        run: RunId,
    },
    /// An operator removed a run from the failure log, so it is not an open failure any more.
    Struck {
        /// The number in the source.
        run: RunId,
    },
}

/// The result of a job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobReport {
    /// Runs that were moved.
    pub done: u64,
    /// Runs that were already there.
    pub already_there: u64,
    /// Runs that failed, each with the reason.
    pub failed: Vec<(RunId, String)>,
    /// Failed runs that are no longer in the source, and so no longer open failures.
    pub removed: Vec<RunId>,
    /// Failed runs that an operator removed from the failure log.
    pub struck: Vec<RunId>,
    /// Records of the moved runs.
    pub record_count: u64,
    /// Bytes of the moved runs, see [`JobEvent::Done`].
    pub byte_count: u64,
    /// The two numbers after the job.
    pub state: State,
    /// The runs that can be retried.
    pub open_failures: Vec<RunId>,
    /// Whether the caller asked to stop.
    pub is_interrupted: bool,
    /// The reason why the job ended early: it would have failed every other run as well. The next call continues with
    /// the runs that were not tried.
    pub stopped_by: Option<String>,
    /// The last hash of the database's chain, if something was imported.
    pub chain_head: Option<String>,
}

/// The source of an import.
#[derive(Debug, Clone, Copy)]
pub enum ImportFrom<'a> {
    /// A database.
    Database(&'a SqliteReader),
    /// The directory of an archive; the job names the project.
    Archive(&'a Path),
}
