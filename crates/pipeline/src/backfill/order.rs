//! Which commits are still to be saved: a history only goes forward.

use std::{collections::HashSet, sync::atomic::AtomicBool};

use cds_persistence::{RecordedSnapshot, SqliteReader};
use cds_provenance::{Id, Order, Repository};

use super::PastCommit;
use crate::{DatabasePlan, Error};

/// The commits without a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Todo {
    /// Oldest first.
    pub commits: Vec<PastCommit>,
    /// How many others have one.
    pub present_count: usize,
}

/// Takes out the commits that have a snapshot of this part of the project.
///
/// # Errors
///
/// One of the others is older than the latest snapshot, or the database or the repository cannot be read.
pub fn to_do(
    commits: Vec<PastCommit>,
    (project, part): (&str, &str),
    database: &DatabasePlan,
    repository: &Repository,
    interrupt: &AtomicBool,
) -> Result<Todo, Error> {
    let reader = SqliteReader::open_if_present(&database.path, &database.options)?;
    let recorded = reader.map(|reader| reader.recorded_snapshots(project, part)).transpose()?.unwrap_or_default();
    let there: HashSet<&str> = recorded.iter().filter_map(|snapshot| snapshot.code_ref.as_deref()).collect();
    let all_count = commits.len();
    let missing: Vec<PastCommit> =
        commits.into_iter().filter(|commit| !there.contains(&*commit.id.to_string())).collect();
    if let (Some(latest), Some(newest)) = (recorded.last(), missing.last()) {
        let newer = newer_than(latest, &newest.id, repository, interrupt);
        let is_late = |commit: &&PastCommit| match &newer {
            Some((newer, since)) => !newer.contains(&commit.id) || commit.committed_at < *since,
            // The commit of the latest snapshot is not known here.
            None => commit.time().to_string() < latest.recorded_at,
        };
        if let Some(commit) = missing.iter().find(is_late) {
            return Err(Error::OlderCommit {
                commit: commit.id.to_string(),
                committed_at: commit.time().to_string(),
                run: latest.run,
                latest: latest.code_ref.clone().unwrap_or_else(|| "an unknown commit".to_owned()),
            });
        }
    }
    Ok(Todo { present_count: all_count - missing.len(), commits: missing })
}

/// The commits up to `newest` that the commit of the latest snapshot does not follow on, and the earliest time of one that
/// does not follow on it either.
fn newer_than(
    latest: &RecordedSnapshot,
    newest: &Id,
    repository: &Repository,
    interrupt: &AtomicBool,
) -> Option<(HashSet<Id>, i64)> {
    let name = latest.code_ref.as_deref()?;
    let latest = repository.resolve(name.strip_suffix("-dirty").unwrap_or(name), interrupt).ok()?;
    let newer = repository.walk(Some(&latest), newest, Order::Topological, usize::MAX, interrupt).ok()?;
    // Where the newest follows on the latest, the order of the commits counts, and not their clocks.
    let back = repository.walk(Some(newest), &latest, Order::Topological, 1, interrupt).ok()?;
    let since = if back.commits.is_empty() {
        i64::MIN
    } else {
        repository.store(interrupt).ok()?.commit(&latest).ok()?.committed_at.unwrap_or(0)
    };
    Some((newer.commits.into_iter().collect(), since))
}
