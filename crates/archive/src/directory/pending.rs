//! A run that is being archived: written to a draft directory, and renamed once it is complete.

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

/// The draft directory of a run. The owner must hold the archive's lock.
///
/// Dropping it removes the draft. If the process is killed, the next attempt at the same run or `remove_leftovers`
/// removes the draft.
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
    /// Creates an empty draft next to the final directory of the run.
    ///
    /// # Errors
    ///
    /// If the archive does not exist or already has the run, if the project's name is too long, or on an I/O error.
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

    /// Creates a file of the run, such as `records.parquet`.
    ///
    /// Until `commit` the file has another name, because some engines read every such file, even in hidden directories.
    ///
    /// # Errors
    ///
    /// Those of [`TableWriter::create`].
    pub fn create_table(&self, file_name: &str, columns: &[ColumnSpec]) -> Result<TableWriter, Error> {
        TableWriter::create(&self.draft_of(file_name), columns)
    }

    /// Finishes the file created under this name and adds it to the manifest.
    ///
    /// # Errors
    ///
    /// Those of [`TableWriter::finish`].
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

    /// Writes the manifest and renames the draft to the run's directory. After it returns, the run survives a power
    /// cut.
    ///
    /// # Errors
    ///
    /// On an I/O error. The run is then not in the archive, except if only the last sync failed: then it may be.
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
        fs::rename(&self.draft, &self.target).map_err(Error::io("rename to", &self.target))?;
        self.is_committed = true;
        self.target.parent().map_or(Ok(()), sync_directory)?;
        Ok(self.target.clone())
    }

    /// The name of a file before the commit.
    fn draft_of(&self, file_name: &str) -> PathBuf {
        self.draft.join(format!("{file_name}.draft"))
    }
}

impl Drop for PendingRun {
    fn drop(&mut self) {
        if !self.is_committed {
            // If this fails, the next attempt removes the draft.
            let _ = remove_directory(&self.draft);
        }
    }
}

/// A rename would silently replace an empty directory.
fn check_absent(target: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(target) {
        Ok(_) => Err(Error::RunExists { path: target.to_owned() }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::io("look at", target)(source)),
    }
}
