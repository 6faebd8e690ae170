//! Which runs of a database should lie in an archive and do not.

use std::{collections::BTreeSet, path::Path};

use cds_persistence::{RunId, SqliteReader};

use super::{
    archive::find,
    standing::Standing,
    state::by_run,
    tracker::{Found, keys_of, project_of},
};
use crate::{Direction, Error, list_runs, read_manifest};

/// The runs that were archived under the name `peer` and do not lie in `archive`, and those that were to be and failed
/// or were passed over, each with the reason. A run that was not tried since it came is none of them.
///
/// With `project` only runs that the database still has can be told, since the log does not name projects.
///
/// # Errors
///
/// The database cannot be read, or the archive is no directory or cannot be listed.
pub fn missing_runs(
    database: &SqliteReader,
    peer: &str,
    archive: &Path,
    project: Option<&str>,
) -> Result<Vec<(RunId, String)>, Error> {
    let rows = by_run(database.transfers(Direction::Archive.as_str(), peer)?);
    let found = find(database)?;
    let standing = Standing::of(&keys_of(&found), &rows);
    let mut lying = BTreeSet::new();
    for run in list_runs(archive)?.runs {
        // One that cannot be read is damaged, which is for others to say; it is not where it should be either.
        if let Ok(Some(manifest)) = read_manifest(&run.path) {
            lying.insert((run.run, manifest.facts.run_key));
        }
    }
    let mut missing = Vec::new();
    for (run, row) in rows.iter().filter(|(_, row)| row.is_done) {
        let is_there = match &row.run_key {
            Some(key) => lying.contains(&(*run, key.clone())),
            None => lying.iter().any(|(lying, _)| lying == run),
        };
        if !is_there {
            missing.push((*run, format!("it was archived at {}, and does not lie there any more", row.recorded_at)));
        }
    }
    for run in standing.open_failures() {
        let why = match rows.get(&run) {
            Some(_) if standing.renumbered.contains(&run) => "another run had this number when it was tried".to_owned(),
            Some(row) => row.error.clone().unwrap_or_else(|| "its attempt had no end".to_owned()),
            None => "it was passed over; the next normal call does it".to_owned(),
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
        // Whose it is cannot be known.
        Some(Err(_)) => true,
        None => false,
    }
}
