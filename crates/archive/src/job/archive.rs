//! Archives runs: each as Parquet files in its own directory, verified against the root over its records.

use std::path::Path;

use cds_model::{FieldValue, Fingerprint, MerkleTree, RECORD_FIELDS, RecordHashes};
use cds_persistence::{Access, RunId, RunIdentity, RunTable, SqliteReader};

use super::{
    Job, JobReport,
    outcome::{Arrival, Obstacle, reason},
    tables::{RECORDS, archived_tables, file_name, is_always_there, is_archived, to_column_specs, to_value},
    tracker::{Found, Next, Tracker, project_of},
};
use crate::{
    Direction, Error, Manifest, PendingRun, RunFacts, TableWriter, Value, read_manifest, remove_leftovers,
    run_directory, verify_run_directory,
};

/// Rows between two checks whether to stop.
const ROWS_BETWEEN_CHECKS: u64 = 256;

/// Archives the selected runs of `source` into the directory `archive`.
///
/// `source` must read the database of the job. The caller holds the lock of the archive.
///
/// # Errors
///
/// If the work cannot begin or continue. Runs archived so far are complete and logged; the run at which it failed
/// counts as not tried.
pub fn archive_runs(
    job: Job<'_>,
    source: &SqliteReader,
    archive: &Path,
    tool_version: &str,
) -> Result<JobReport, Error> {
    remove_leftovers(archive)?;
    let shared;
    // Any other reader would notice a changed file as soon as the first run is logged.
    let source = if source.access() == Access::Shared {
        source
    } else {
        shared = job.database.open_reader()?;
        &shared
    };
    let mut tracker = Tracker::begin(job, Direction::Archive, find(source)?)?;
    for run in tracker.selected()? {
        let archiving = |job: &mut Job<'_>, identity: &RunIdentity| {
            Archiving { job, source, archive, identity, tool_version }
                .run()
                .map_err(|obstacle| obstacle.or_stop_if_missing(archive))
        };
        // Everything done so far is logged; the next call continues with this run.
        if let Next::End = tracker.attempt(run, archiving)? {
            break;
        }
    }
    Ok(tracker.finish())
}

/// The runs of a database.
pub(super) fn find(source: &SqliteReader) -> Result<Found, Error> {
    let identity = |run: RunId| match source.run_identity(run) {
        Ok(identity) => identity.map(|identity| (run, Ok(identity))),
        Err(error) => Some((run, Err(reason(&error)))),
    };
    Ok(source.snapshots()?.into_iter().filter_map(identity).collect())
}

/// Whether a directory holds this run completely; `None` if the directory does not exist.
///
/// # Errors
///
/// If it holds another run, is damaged, or is a symbolic link.
pub(super) fn look(directory: &Path, identity: &RunIdentity) -> Result<Option<()>, Error> {
    let occupied = |reason: String| Error::Occupied { path: directory.to_owned(), reason };
    // Listing an archive does not follow links, so a run behind one would be invisible.
    for path in directory.parent().into_iter().chain([directory]) {
        if path.is_symlink() {
            let reason = "it is a link, and links in an archive are not followed".to_owned();
            return Err(Error::Occupied { path: path.to_owned(), reason });
        }
    }
    if directory.symlink_metadata().is_err() {
        return Ok(None);
    }
    let manifest = read_manifest(directory)?.ok_or_else(|| occupied("it has no manifest".to_owned()))?;
    if let Some(difference) = difference(&manifest, identity) {
        return Err(occupied(difference));
    }
    match verify_run_directory(directory).first() {
        None => Ok(Some(())),
        Some(deviation) => Err(occupied(format!("it is damaged: {deviation}"))),
    }
}

fn difference(manifest: &Manifest, identity: &RunIdentity) -> Option<String> {
    if manifest.facts.run_key != identity.run_key {
        return Some(format!("it holds another run, {}", manifest.facts.run_key));
    }
    // A run without a root in its database got one when it was archived, so there is nothing to compare.
    let is_same_root = identity.snapshot_root.is_none() || identity.snapshot_root == manifest.facts.snapshot_root;
    if !is_same_root || manifest.facts.record_count != identity.record_count {
        return Some("it holds the same run with different records".to_owned());
    }
    None
}

/// One run that is being archived.
struct Archiving<'a, 'job> {
    job: &'a Job<'job>,
    source: &'a SqliteReader,
    archive: &'a Path,
    identity: &'a RunIdentity,
    tool_version: &'a str,
}

impl Archiving<'_, '_> {
    /// Refuses what an import would refuse, so that every archived run can be imported.
    fn run(&self) -> Result<Arrival, Obstacle> {
        let project = project_of(self.identity, self.job.project.as_deref());
        let target = run_directory(self.archive, &project, self.identity.run_id)?;
        if look(&target, self.identity)?.is_some() {
            return Ok(Arrival::AlreadyThere { local_run: None });
        }
        let mut pending = PendingRun::begin(self.archive, &project, self.identity.run_id)?;
        let mut tree = MerkleTree::default();
        let mut byte_count = 0;
        for table in archived_tables() {
            byte_count += self.write_table(&mut pending, table, &mut tree)?;
        }
        self.check(&tree)?;
        // An import checks both against the chain, so a run that fails here could never be imported.
        self.source.check_run_hash(self.identity.run_id)?;
        let snapshot_root = tree.root().to_string();
        // The last moment to stop: `commit` makes the run visible.
        if !(self.job.may_commit)() {
            return Err(Error::Withdrawn.into());
        }
        pending.commit(self.facts(&snapshot_root))?;
        let record_count = tree.leaf_count();
        Ok(Arrival::Moved { local_run: None, record_count, byte_count, snapshot_root })
    }

    /// Writes the rows of the run in one table; returns the length of the file.
    fn write_table(&self, pending: &mut PendingRun, table: &RunTable, tree: &mut MerkleTree) -> Result<u64, Error> {
        let (name, columns) = (file_name(table), to_column_specs(table));
        let mut writer: Option<TableWriter> = None;
        if is_always_there(table) {
            writer = Some(pending.create_table(&name, &columns)?);
        }
        let mut count = 0_u64;
        self.source.run_rows(self.identity.run_id, table, &mut |row: &[FieldValue<'_>]| {
            if count.is_multiple_of(ROWS_BETWEEN_CHECKS) && (self.job.should_stop)() {
                return Err(Error::Cancelled);
            }
            count += 1;
            // Checked here as well, because an import would refuse such a row.
            table.check_row(row)?;
            let writer = match &mut writer {
                Some(writer) => writer,
                none => none.insert(pending.create_table(&name, &columns)?),
            };
            let content_hash = content_hash(table, row).map(|hash| {
                tree.push(hash);
                hash.to_string()
            });
            let mut values = Vec::with_capacity(columns.len());
            for (value, column) in row.iter().zip(table.columns).filter(|(_, column)| is_archived(table, column.name)) {
                values.push(to_value(*value, || (format!("{}.{}", table.name, column.name), count))?);
            }
            values.extend(content_hash.as_deref().map(Value::Text));
            writer.push(&values)
        })?;
        match writer {
            Some(writer) => Ok(pending.finish_table(&name, writer)?.byte_count),
            None => Ok(0),
        }
    }

    /// Checks the records against the count and the root that the run was written with.
    fn check(&self, tree: &MerkleTree) -> Result<(), Error> {
        let (stored, found) = (self.identity.record_count, tree.leaf_count());
        if stored != found {
            return Err(Error::RecordCount { stored, found });
        }
        match &self.identity.snapshot_root {
            Some(stored) if *stored != tree.root().to_string() => {
                Err(Error::OtherRoot { stored: stored.clone(), recomputed: tree.root() })
            }
            _ => Ok(()),
        }
    }

    fn facts(&self, snapshot_root: &str) -> RunFacts {
        RunFacts {
            tool_version: self.tool_version.to_owned(),
            run_key: self.identity.run_key.clone(),
            part: self.identity.part.clone(),
            root_path: self.identity.root_path.clone(),
            record_count: self.identity.record_count,
            snapshot_root: Some(snapshot_root.to_owned()),
            is_root_computed: self.identity.snapshot_root.is_none(),
            source: self.source.path().to_string_lossy().into_owned(),
            archived_at: (self.job.now)().to_string(),
        }
    }
}

/// The content hash of a record; `None` for rows of other tables.
fn content_hash(table: &RunTable, row: &[FieldValue<'_>]) -> Option<Fingerprint> {
    if table.name != RECORDS {
        return None;
    }
    // The first column is the number of the record, which is not hashed.
    let fields: &[FieldValue<'_>; RECORD_FIELDS.len()] = row.get(1..)?.try_into().ok()?;
    Some(RecordHashes::content_of(fields))
}
