//! A run on its way into an archive: written beside its place, and moved there when it is whole.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use cds_persistence::RunId;

use super::{
    list::{check_archive, remove_directory},
    name::{draft_directory_name, project_to_directory_name, run_to_directory_name},
};
use crate::{
    ColumnSpec, Error, FileEntry, Manifest, RunFacts, TableWriter, WrittenTable,
    files::sync_directory,
    manifest::{MANIFEST_NAME, write_manifest},
};

/// The draft of a run's directory. Dropping it removes the draft; a draft that a killed process left is removed by the
/// next attempt at the same run, or by `remove_leftovers`. Only whoever holds the archive's lock may have one.
#[derive(Debug)]
pub struct PendingRun {
    project: String,
    run: RunId,
    draft: PathBuf,
    target: PathBuf,
    files: Vec<FileEntry>,
    is_committed: bool,
}

impl PendingRun {
    /// Creates an empty draft beside the place of the run.
    ///
    /// # Errors
    ///
    /// The archive is not there, has the run already, the project's name is too long, or the system refused.
    pub fn begin(archive: &Path, project: &str, run: RunId) -> Result<Self, Error> {
        check_archive(archive)?;
        let parent = archive.join(project_to_directory_name(project)?);
        match fs::create_dir(&parent) {
            Ok(()) => sync_directory(archive)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(source) => return Err(Error::io("create", &parent)(source)),
        }
        let target = parent.join(run_to_directory_name(run));
        check_absent(&target)?;
        let draft = parent.join(draft_directory_name(run));
        remove_directory(&draft)?;
        fs::create_dir(&draft).map_err(Error::io("create", &draft))?;
        Ok(Self { project: project.to_owned(), run, draft, target, files: Vec::new(), is_committed: false })
    }

    /// Begins a file of the run, such as `records.parquet`. It has that name only when the run is whole, since engines
    /// that look for every such file do not care about hidden directories.
    ///
    /// # Errors
    ///
    /// As for [`TableWriter::create`].
    pub fn create_table(&self, file_name: &str, columns: &[ColumnSpec]) -> Result<TableWriter, Error> {
        TableWriter::create(&self.draft_of(file_name), columns)
    }

    /// Ends a file that was begun under this name, and notes it for the manifest.
    ///
    /// # Errors
    ///
    /// As for [`TableWriter::finish`].
    pub fn finish_table(&mut self, file_name: &str, table: TableWriter) -> Result<WrittenTable, Error> {
        let written = table.finish()?;
        self.files.push(FileEntry {
            name: file_name.to_owned(),
            row_count: written.row_count,
            byte_count: written.byte_count,
            sha256: written.sha256.clone(),
        });
        Ok(written)
    }

    /// Writes the manifest and moves the run to its place. When this returns the run survives a power cut.
    ///
    /// # Errors
    ///
    /// The system refused. The run is not in the archive, unless only the last sync failed: then it may be.
    pub fn commit(mut self, facts: RunFacts) -> Result<PathBuf, Error> {
        let manifest = Manifest {
            format_version: crate::MANIFEST_FORMAT_VERSION,
            project: self.project.clone(),
            run_id: self.run.0,
            facts,
            files: std::mem::take(&mut self.files),
        };
        write_manifest(&self.draft.join(MANIFEST_NAME), &manifest)?;
        for file in &manifest.files {
            let draft = self.draft_of(&file.name);
            fs::rename(&draft, self.draft.join(&file.name)).map_err(Error::io("rename", &draft))?;
        }
        sync_directory(&self.draft)?;
        check_absent(&self.target)?;
        fs::rename(&self.draft, &self.target).map_err(Error::io("move into place", &self.target))?;
        self.is_committed = true;
        self.target.parent().map_or(Ok(()), sync_directory)?;
        Ok(self.target.clone())
    }

    fn draft_of(&self, file_name: &str) -> PathBuf {
        self.draft.join(format!("{file_name}.draft"))
    }
}

impl Drop for PendingRun {
    fn drop(&mut self) {
        if !self.is_committed {
            // What cannot be removed now is removed by the next attempt.
            let _ = remove_directory(&self.draft);
        }
    }
}

/// An empty directory would be replaced by the move without a word.
fn check_absent(target: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(target) {
        Ok(_) => Err(Error::RunExists { path: target.to_owned() }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::io("look at", target)(source)),
    }
}
