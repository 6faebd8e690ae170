//! Moves runs: which ones, in which order, what is written down of each, and what becomes of the rest when one fails.
//!
//! The log of transfers in the database is the truth; the state files are exports of it, written after each run. Every
//! run stands for itself: what is wrong with it is its failure, with a reason, and the next one is tried. Only what
//! would be wrong with every other run as well ends the work: a full disk, an archive that is gone, a lock that is lost,
//! a database that cannot be written.

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

/// Which runs are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// Those that were never tried, be it that they are behind the last that was, or that they were passed over for
    /// another run or project; failures are left alone.
    ///
    /// Where another database took the place of the one that was known by the name of the peer, also those whose
    /// numbers were tried before, but which are other runs.
    New,
    /// This one, whatever became of it before. Runs that are passed over by that are open failures until they are tried.
    One(RunId),
    /// Exactly those that were tried or passed over and are not done.
    OpenFailures,
}

/// What is to be moved, where that is written down, and who is told.
pub struct Job<'a> {
    /// The database that has the log of transfers. Its lock is held by the caller. When runs are archived it is also
    /// the source, whose reader is best had from `SqlitePersistence::open_reader`.
    pub database: &'a mut SqlitePersistence,
    /// What the log calls the other side: the path of the archive, or that of the source; for a source that is an
    /// archive the path of the project's directory in it, since each project has run numbers of its own.
    pub peer: String,
    /// The files that operators read. They are about this peer alone: files that speak of another one are rebuilt.
    pub state: StateFiles,
    /// Which runs.
    pub selection: Selection,
    /// Only runs of this project, and runs that name none, which then go under it; else they go under the last folder
    /// of the path of their tree. Must be given where the source is an archive.
    pub project: Option<String>,
    /// The clock.
    pub now: &'a dyn Fn() -> Timestamp,
    /// Whether to end early; asked between runs and inside of them. A run that is ended so was not tried.
    pub should_stop: &'a dyn Fn() -> bool,
    /// Asked right before a run becomes visible: whether the locks are still ours.
    pub may_commit: &'a dyn Fn() -> bool,
    /// Is told of everything that happens, as it happens.
    pub observer: &'a mut dyn FnMut(JobEvent<'_>),
}

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum JobEvent<'a> {
    /// A state file did not say what the database knows, and is made anew from it. The reason is a predicate of the
    /// file, such as `is missing`.
    Rebuilt {
        /// Which file.
        file: &'a Path,
        /// What was wrong with it.
        reason: &'a str,
    },
    /// A line of the failure log is no run number.
    IgnoredLine {
        /// The log.
        file: &'a Path,
        /// Which line, from 1.
        line: usize,
        /// Its beginning, to be escaped before a terminal sees it.
        text: &'a str,
    },
    /// A run is being moved.
    Started {
        /// By its number in the source.
        run: RunId,
        /// How many records its row counts.
        record_count: u64,
    },
    /// A run arrived.
    Done {
        /// By its number in the source.
        run: RunId,
        /// Its number here, when it was imported.
        local_run: Option<RunId>,
        /// How many records it has.
        record_count: u64,
        /// Archived: the length of its files. Imported: that of the texts of its records.
        byte_count: u64,
        /// The root over its records.
        snapshot_root: Option<&'a str>,
    },
    /// A run was where it was to go before it was tried.
    AlreadyThere {
        /// By its number in the source.
        run: RunId,
        /// Its number here, where it was imported and is not pruned.
        local_run: Option<RunId>,
    },
    /// A run did not arrive.
    Failed {
        /// By its number in the source.
        run: RunId,
        /// Why, with its causes.
        error: &'a str,
    },
    /// A run that had failed is no more in the source: it is no open failure any more.
    Gone {
        /// By the number that it had in the source.
        run: RunId,
    },
    /// An operator struck a run from the failure log: it is no open failure any more.
    Struck {
        /// By its number in the source.
        run: RunId,
    },
}

/// What was done, and where that leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobReport {
    /// Runs that arrived.
    pub done: u64,
    /// Runs that were there already.
    pub already_there: u64,
    /// Runs that did not arrive, each with the reason.
    pub failed: Vec<(RunId, String)>,
    /// Failed runs that are no more in the source, and are open failures no more.
    pub gone: Vec<RunId>,
    /// Failed runs that an operator struck from the failure log.
    pub struck: Vec<RunId>,
    /// Records of the runs that arrived.
    pub record_count: u64,
    /// Bytes of the runs that arrived, see [`JobEvent::Done`].
    pub byte_count: u64,
    /// How far the work has come.
    pub state: State,
    /// What is left to retry.
    pub open_failures: Vec<RunId>,
    /// The work was ended early because it was asked to.
    pub is_interrupted: bool,
    /// The work was ended early because every other run would have failed for the same reason as the last one: this
    /// one. What was not tried goes on with the next call.
    pub stopped_by: Option<String>,
    /// What the chain of the database ends with, where something was imported.
    pub chain_head: Option<String>,
}

/// Where runs come from.
#[derive(Debug, Clone, Copy)]
pub enum ImportFrom<'a> {
    /// A database.
    Database(&'a SqliteReader),
    /// The directory of an archive; the project is that of the job.
    Archive(&'a Path),
}
