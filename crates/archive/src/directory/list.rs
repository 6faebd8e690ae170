//! Lists an archive: its runs, and drafts that killed attempts left behind.

use std::{
    fs::{self, DirEntry},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use cds_persistence::RunId;

use super::name::{is_draft, project_from_directory_name, run_from_directory_name};
use crate::{Error, files::sync_directory};

/// A run in an archive. Only `verify_run_directory` checks whether it is intact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArchivedRun {
    /// The project; empty if it has no name.
    pub project: String,
    /// The number of the run in the database it came from.
    pub run: RunId,
    /// Its directory.
    pub path: PathBuf,
}

/// The content of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArchiveListing {
    /// Its runs, ordered by project, then number.
    pub runs: Vec<ArchivedRun>,
    /// Entries that are neither a run nor a draft of one, without hidden entries.
    pub strange: Vec<PathBuf>,
}

/// Lists the runs of an archive. Symbolic links are not followed.
///
/// # Errors
///
/// If the archive is not a directory or cannot be read.
pub fn list_runs(archive: &Path) -> Result<ArchiveListing, Error> {
    let mut listing = ArchiveListing::default();
    for project_entry in entries(archive)? {
        let Some(project) = directory_name(&project_entry).as_deref().and_then(project_from_directory_name) else {
            note_strange(&mut listing, &project_entry);
            continue;
        };
        for run_entry in entries(&project_entry.path())? {
            match directory_name(&run_entry).as_deref().and_then(run_from_directory_name) {
                Some(run) => {
                    let project = project.clone();
                    listing.runs.push(ArchivedRun { project, run, path: run_entry.path() });
                }
                None => note_strange(&mut listing, &run_entry),
            }
        }
    }
    listing.runs.sort();
    listing.strange.sort();
    Ok(listing)
}

/// Removes drafts that killed attempts left behind, and returns how many. The caller must hold the archive's lock.
///
/// # Errors
///
/// If the archive is not a directory, or a draft cannot be removed.
pub fn remove_leftovers(archive: &Path) -> Result<usize, Error> {
    let mut count = 0;
    for project_entry in entries(archive)? {
        if directory_name(&project_entry).as_deref().and_then(project_from_directory_name).is_none() {
            continue;
        }
        for entry in entries(&project_entry.path())? {
            if directory_name(&entry).as_deref().is_some_and(is_draft) {
                remove_directory(&entry.path())?;
                count += 1;
            }
        }
    }
    Ok(count)
}

/// Removes a directory and its content, if it exists. Symbolic links in it are removed, not followed.
pub(super) fn remove_directory(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other.map_err(Error::io("remove", path))?,
    }
    path.parent().map_or(Ok(()), sync_directory)
}

pub(super) fn check_archive(path: &Path) -> Result<(), Error> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(Error::NoArchive { path: path.to_owned() }),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::NoArchive { path: path.to_owned() }),
        Err(source) => Err(Error::io("look at", path)(source)),
    }
}

fn entries(directory: &Path) -> Result<Vec<DirEntry>, Error> {
    check_archive(directory)?;
    let list = || fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>();
    list().map_err(Error::io("list", directory))
}

/// The name of `entry` if it is a directory, not a link to one.
fn directory_name(entry: &DirEntry) -> Option<String> {
    let is_directory = entry.file_type().is_ok_and(|file_type| file_type.is_dir());
    is_directory.then(|| entry.file_name().into_string().ok()).flatten()
}

fn note_strange(listing: &mut ArchiveListing, entry: &DirEntry) {
    if !entry.file_name().as_encoded_bytes().starts_with(b".") {
        listing.strange.push(entry.path());
    }
}
