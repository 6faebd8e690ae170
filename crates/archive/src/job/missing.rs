//! Finds the runs of a database that should be in an archive and are not.

use std::{collections::BTreeSet, path::Path};

use cds_persistence::{RunId, SqliteReader};

use super::{
    archive::find,
    standing::Standing,
    state::by_run,
    tracker::{Found, keys_of, project_of},
};
use crate::{Direction, Error, list_runs, read_manifest};

/// The runs of a database that are missing from `archive`, each with the reason.
///
/// These are runs that the log says were archived under the name `peer`, and runs that failed or were skipped. Runs
/// that were never tried are not included. With `project`, only runs that the database still has are included, because
/// the log does not name projects.
///
/// # Errors
///
/// If the database cannot be read, or the archive is not a directory or cannot be listed.
pub fn missing_runs(
    database: &SqliteReader,
    peer: &str,
    archive: &Path,
    project: Option<&str>,
) -> Result<Vec<(RunId, String)>, Error> {
    let rows = by_run(database.transfers(Direction::Archive.as_str(), peer)?);
    let found = find(database)?;
    let standing = Standing::of(&keys_of(&found), &rows);
    let mut archived = BTreeSet::new();
    for run in list_runs(archive)?.runs {
        // An unreadable manifest counts as missing here; `verify` reports the damage.
        if let Ok(Some(manifest)) = read_manifest(&run.path) {
            archived.insert((run.run, manifest.facts.run_key));
        }
    }
    let mut missing = Vec::new();
    for (run, row) in rows.iter().filter(|(_, row)| row.is_done) {
        let is_there = match &row.run_key {
            Some(key) => archived.contains(&(*run, key.clone())),
            // Rows of runs whose key could not be read have only the number.
            None => archived.iter().any(|(other, _)| other == run),
        };
        if !is_there {
            missing.push((*run, format!("it was archived at {} and is no longer there", row.recorded_at)));
        }
    }
    for run in standing.open_failures() {
        let why = match rows.get(&run) {
            Some(_) if standing.renumbered.contains(&run) => "another run had this number when it was tried".to_owned(),
            Some(row) => row.error.clone().unwrap_or_else(|| "its attempt had no end".to_owned()),
            None => "it was skipped; the next call without options archives it".to_owned(),
        };
        missing.push((run, format!("it is not archived: {why}")));
    }
    missing.retain(|(run, _)| project.is_none_or(|project| is_of(&found, *run, project)));
    missing.sort();
    Ok(missing)
}

fn is_of(found: &Found, run: RunId, project: &str) -> bool {
    match found.get(&run) {
        Some(Ok(identity)) => project_of(identity, Some(project)) == project,
        // Its project is unknown, so it may belong to this one.
        Some(Err(_)) => true,
        None => false,
    }
}
