//! How far the work has come: the two numbers, the two files that operators read, and the rules between them.
//!
//! The database holds the truth, and the files are exports written after each run. A missing or damaged file is not the
//! same as one that says nothing was done yet; it is rebuilt from a [`Progress`].

mod file;
mod log;
mod progress;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

pub use file::{
    RunSpan, State, StateFile, Stored, get_incremental_start_run, read_state, update_attempted_run_state,
    update_contiguous_run_state, write_state,
};
pub use log::{Appended, IgnoredLine, RunList, append_to_failure_log, parse_run_records_from_file, write_failure_log};
pub use progress::{Progress, RunOutcome};

use cds_persistence::RunId;

use crate::Error;

/// The direction of a transfer; each direction has its own files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From a database into an archive.
    Archive,
    /// From an archive or another database into a database.
    Import,
}

cds_model::words! {
    Direction:
        Archive = "archive",
        Import = "import",
}

/// The paths of the two files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFiles {
    /// The JSON file with the two numbers.
    pub state: PathBuf,
    /// The open failures, one run number on each line.
    pub failures: PathBuf,
}

impl StateFiles {
    /// The files of `direction` in a directory.
    pub fn in_directory(directory: &Path, direction: Direction) -> Self {
        let (state, failures) = match direction {
            Direction::Archive => ("archive_state.json", "archive_failures.log"),
            Direction::Import => ("import_state.json", "import_failures.log"),
        };
        Self { state: directory.join(state), failures: directory.join(failures) }
    }
}

/// Writes `progress` to both files, for `peer`. The log also lists the runs in `requested`.
///
/// The log is written first. A reader between the two writes then sees a failure in the log before the numbers pass it,
/// so no run is ever missing from both.
///
/// # Errors
///
/// If a file could not be written; it then stays as it was. The log may be newer than the state.
pub fn export_progress(
    files: &StateFiles,
    peer: &str,
    progress: &Progress,
    requested: &BTreeSet<RunId>,
) -> Result<(), Error> {
    write_failure_log(&files.failures, progress.open_failures().chain(requested.iter().copied()))?;
    let mut file = StateFile::open(&files.state)?;
    let (before, truth) = (file.state(), progress.state());
    let is_behind =
        before.last_contiguous_run > truth.last_contiguous_run || before.last_attempted_run > truth.last_attempted_run;
    if is_behind {
        // The file is about another peer, or another source replaced the known one.
        file.set(State::default());
    }
    update_attempted_run_state(&mut file, RunId(truth.last_attempted_run));
    // Every number up to it is done or unused.
    update_contiguous_run_state(&mut file, [RunId(1)..=RunId(truth.last_contiguous_run)]);
    file.set_listed(peer, progress.open_failures());
    file.save()
}
