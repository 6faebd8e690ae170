//! The directories of runs: `project=<name>/run_id=<n>/`, the layout of Hive partitions.

mod list;
mod name;
mod pending;

use std::path::{Path, PathBuf};

use cds_persistence::RunId;

pub use list::{ArchiveListing, ArchivedRun, list_runs, remove_leftovers};
pub use name::{DEFAULT_PARTITION, project_from_directory_name, project_to_directory_name};
pub use pending::PendingRun;

use crate::Error;

/// The directory of a run in an archive, whether or not it exists.
///
/// # Errors
///
/// If the project's name is too long for a directory name.
pub fn run_directory(archive: &Path, project: &str, run: RunId) -> Result<PathBuf, Error> {
    Ok(archive.join(project_to_directory_name(project)?).join(name::run_to_directory_name(run)))
}
