//! Imports runs: each in one transaction, which also writes its row in the transfer log.

use std::{cell::Cell, collections::BTreeMap, path::PathBuf};

use cds_persistence::{DatabaseRun, ImportPlan, Presence, RunIdentity, RunSource};

use super::{
    ImportFrom, Job, JobReport, archive,
    outcome::{Arrival, Obstacle},
    source::{self, ArchivedSource, Watched},
    tracker::{Next, Tracker, project_of},
};
use crate::{Direction, Error};

/// Imports the selected runs that the job's database does not have yet, under whatever number.
///
/// # Errors
///
/// If the work cannot begin or continue. Runs imported so far are complete and logged; the run at which it failed
/// counts as not tried.
pub fn import_runs(job: Job<'_>, from: ImportFrom<'_>) -> Result<JobReport, Error> {
    let (found, directories) = match from {
        ImportFrom::Database(reader) => (archive::find(reader)?, BTreeMap::new()),
        // An archive holds runs of several databases; the project selects one.
        ImportFrom::Archive(path) => source::find(path, job.project.as_deref().ok_or(Error::NoProject)?)?,
    };
    let mut tracker = Tracker::begin(job, Direction::Import, found)?;
    for run in tracker.selected()? {
        let mut head = None;
        let location = match from {
            ImportFrom::Database(reader) => Location::Database(DatabaseRun { reader, run_id: run }),
            ImportFrom::Archive(_) => Location::Directory(directories.get(&run).cloned().unwrap_or_default()),
        };
        let next = tracker.attempt(run, |job, identity| import(job, location, identity, &mut head))?;
        if let Some(head) = head {
            tracker.set_chain_head(head);
        }
        if let Next::End = next {
            break;
        }
    }
    Ok(tracker.finish())
}

/// The location of one run.
enum Location<'a> {
    Database(DatabaseRun<'a>),
    Directory(PathBuf),
}

fn import(
    job: &mut Job<'_>,
    location: Location<'_>,
    identity: &RunIdentity,
    chain_head: &mut Option<String>,
) -> Result<Arrival, Obstacle> {
    match job.database.presence_of(identity).map_err(Error::from)? {
        Presence::Absent => {}
        Presence::Here(number) => return Ok(Arrival::AlreadyThere { local_run: Some(number) }),
        Presence::Pruned => return Ok(Arrival::AlreadyThere { local_run: None }),
    }
    let source: Box<dyn RunSource + '_> = match location {
        Location::Database(run) => Box::new(run),
        Location::Directory(directory) => Box::new(ArchivedSource::open(directory)?),
    };
    // The source must be cancellable within a run, since a large one takes minutes.
    let watched = Watched { inner: &*source, should_stop: job.should_stop, byte_count: Cell::new(0) };
    let plan = ImportPlan {
        identity: identity.clone(),
        project: project_of(identity, job.project.as_deref()),
        peer: job.peer.clone(),
        at: (job.now)(),
    };
    let imported = job.database.import_run(&watched, &plan, job.may_commit)?;
    *chain_head = Some(imported.chain_head.to_string());
    Ok(Arrival::Moved {
        local_run: Some(imported.run_id),
        record_count: imported.record_count,
        byte_count: watched.byte_count.get(),
        snapshot_root: imported.snapshot_root.to_string(),
    })
}
