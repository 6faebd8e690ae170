//! An archived run as a source of rows, and a wrapper that can cancel any source.

use std::{
    cell::Cell,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use cds_model::FieldValue;
use cds_persistence::{ImportError, RowVisitor, RunId, RunIdentity, RunSource, RunTable};

use super::{
    outcome::reason,
    tables::{RECORDS, column_name, file_name, is_always_there, is_archived, to_field_value},
    tracker::Found,
};
use crate::{Error, Manifest, RunFacts, TableReader, list_runs, read_manifest, verify_run_directory};

/// Rows between two checks whether to stop.
const ROWS_BETWEEN_CHECKS: u64 = 256;

/// The runs of one project of an archive, with their directories.
pub(super) fn find(archive: &Path, project: &str) -> Result<(Found, BTreeMap<RunId, PathBuf>), Error> {
    let runs = list_runs(archive)?.runs.into_iter().filter(|run| run.project == project);
    let directories: BTreeMap<RunId, PathBuf> = runs.map(|run| (run.run, run.path)).collect();
    let identity =
        |(run, path): (&RunId, &PathBuf)| (*run, identity(*run, project, path).map_err(|error| reason(&error)));
    Ok((directories.iter().map(identity).collect(), directories))
}

fn identity(run_id: RunId, folder_project: &str, directory: &Path) -> Result<RunIdentity, Error> {
    let occupied = |reason: String| Error::Occupied { path: directory.to_owned(), reason };
    let manifest = read_manifest(directory)?.ok_or_else(|| occupied("it has no manifest".to_owned()))?;
    if manifest.project != folder_project || manifest.run_id != run_id.0 {
        let Manifest { project, run_id: other, .. } = manifest;
        return Err(occupied(format!(
            "it is run {run_id} of project {folder_project:?}, but its manifest names run {other} of {project:?}"
        )));
    }
    let Manifest { project, facts, .. } = manifest;
    let RunFacts { run_key, part, root_path, record_count, snapshot_root, .. } = facts;
    let project = (!project.is_empty()).then_some(project);
    Ok(RunIdentity { run_id, run_key, project, part, snapshot_root, record_count, root_path })
}

/// The files of one archived run.
#[derive(Debug)]
pub(super) struct ArchivedSource {
    directory: PathBuf,
    files: Vec<String>,
}

impl ArchivedSource {
    /// Opens the run in a directory after checking every file against the manifest.
    pub(super) fn open(directory: PathBuf) -> Result<Self, Error> {
        if let Some(deviation) = verify_run_directory(&directory).first() {
            let reason = format!("it is damaged: {deviation}");
            return Err(Error::Occupied { path: directory, reason });
        }
        let manifest = read_manifest(&directory)?;
        let files = manifest.into_iter().flat_map(|manifest| manifest.files).map(|file| file.name).collect();
        Ok(Self { directory, files })
    }

    fn read(&self, table: &RunTable, visit: RowVisitor<'_>) -> Result<(), Stopped> {
        let name = file_name(table);
        if !self.files.contains(&name) {
            let path = self.directory.join(name);
            // The archive leaves out most tables without rows.
            return if is_always_there(table) {
                Err(Error::Occupied { path, reason: "it is missing".to_owned() }.into())
            } else {
                Ok(())
            };
        }
        let path = self.directory.join(name);
        let mut reader = TableReader::open(&path)?;
        let mut positions = Vec::with_capacity(table.columns.len());
        for column in table.columns {
            // Columns are found by name, so files of other versions may have others or another order.
            let position = reader.position(column_name(table, column.name));
            if position.is_none() && !column.is_nullable && is_archived(table, column.name) {
                let reason = format!("it has no column {:?}", column.name);
                return Err(Error::UnfitTable { path, reason }.into());
            }
            positions.push(position);
        }
        while let Some(batch) = reader.next_batch()? {
            for row in 0..batch.row_count() {
                let value = |position: &Option<usize>| {
                    position.map_or(FieldValue::Null, |position| to_field_value(batch.value(row, position)))
                };
                visit(&positions.iter().map(value).collect::<Vec<_>>()).map_err(Stopped::ByVisitor)?;
            }
        }
        Ok(())
    }
}

impl RunSource for ArchivedSource {
    fn rows(&self, table: &RunTable, visit: RowVisitor<'_>) -> Result<(), ImportError> {
        self.read(table, visit).map_err(|stopped| match stopped {
            Stopped::ByVisitor(error) => error,
            Stopped::Reading(error) => ImportError::Source(Box::new(error)),
        })
    }
}

/// Why reading rows stopped early.
enum Stopped {
    ByVisitor(ImportError),
    Reading(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Reading(error)
    }
}

/// A source that can be cancelled between rows and counts the text of its records.
pub(super) struct Watched<'a> {
    pub(super) inner: &'a dyn RunSource,
    pub(super) should_stop: &'a dyn Fn() -> bool,
    pub(super) byte_count: Cell<u64>,
}

impl RunSource for Watched<'_> {
    fn rows(&self, table: &RunTable, visit: RowVisitor<'_>) -> Result<(), ImportError> {
        let mut count = 0_u64;
        self.inner.rows(table, &mut |row| {
            if count.is_multiple_of(ROWS_BETWEEN_CHECKS) && (self.should_stop)() {
                return Err(ImportError::Source(Box::new(Error::Cancelled)));
            }
            count += 1;
            if table.name == RECORDS {
                let length: usize =
                    row.iter().map(|value| if let FieldValue::Text(text) = value { text.len() } else { 0 }).sum();
                self.byte_count.set(self.byte_count.get() + length as u64);
            }
            visit(row)
        })
    }
}
