//! Reports the state of a peer, and rebuilds its state files.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use cds_model::Timestamp;
use cds_persistence::{RunId, SqlitePersistence, SqliteReader, Transfer, TransferOutcome, TransferRow};

use super::{
    archive::{find, look},
    standing::{Keys, Standing},
    tracker::{export, keys_of, project_of},
};
use crate::{
    Direction, Error, RunList, State, StateFiles, Stored, list_runs, parse_run_records_from_file, read_state,
    remove_leftovers,
};

/// The state of a peer according to the files and to the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerState {
    /// The name of the other side in the log.
    pub peer: String,
    /// The content of the state file.
    pub state_file: Stored<State>,
    /// The content of the failure log.
    pub failure_log: Stored<RunList>,
    /// The state according to the database.
    pub truth: State,
    /// Runs that were tried or skipped and are not done; a run that was tried has a reason.
    pub open_failures: Vec<(RunId, Option<String>)>,
    /// Runs that an operator removed from the failure log; they are tried again only on request.
    pub struck: Vec<RunId>,
    /// Runs that the next call without options moves.
    pub not_yet_tried: Vec<RunId>,
    /// The end of the last attempt, as stored; `None` if there was none.
    pub last_attempt_at: Option<String>,
}

/// Reads the state of a peer from the database and the files.
///
/// `existing` are the runs of the source; without them, only runs that were tried are known.
///
/// # Errors
///
/// If the database or a file cannot be read. A missing or damaged file is not an error.
pub fn peer_state(
    database: &SqliteReader,
    direction: Direction,
    peer: &str,
    state: &StateFiles,
    existing: &[RunId],
) -> Result<PeerState, Error> {
    let rows = database.transfers(direction.as_str(), peer)?;
    describe(peer, state, &existing.iter().map(|run| (*run, None)).collect(), &by_run(rows))
}

/// What [`recover`] needs.
pub struct Recovery<'a> {
    /// The database with the transfer log; the caller holds its lock.
    pub database: &'a mut SqlitePersistence,
    /// The direction of the transfers.
    pub direction: Direction,
    /// The name of the other side in the log.
    pub peer: &'a str,
    /// The files to rebuild.
    pub state: &'a StateFiles,
    /// The runs of the source, as far as known.
    pub existing: &'a [RunId],
    /// For archiving: the source, and the archive, whose lock the caller holds.
    pub archive: Option<(&'a SqliteReader, &'a Path)>,
    /// The clock.
    pub now: &'a dyn Fn() -> Timestamp,
}

/// Rebuilds both files.
///
/// Runs that are complete in the archive but not logged as done are logged first. Drafts of killed attempts are
/// removed.
///
/// # Errors
///
/// If the archive does not exist, or something cannot be read or written.
pub fn recover(recovery: Recovery<'_>) -> Result<PeerState, Error> {
    let Recovery { database, direction, peer, state, existing, archive, now } = recovery;
    let mut keys: Keys = existing.iter().map(|run| (*run, None)).collect();
    let mut rows = by_run(database.transfers(direction.as_str(), peer)?);
    if let Some((source, path)) = archive {
        remove_leftovers(path)?;
        // Read everything before the first write.
        let found = find(source)?;
        keys.extend(keys_of(&found));
        let archived = list_runs(path)?.runs;
        // A killed process may have completed a run in the archive without logging it.
        for (run, identity) in found.iter().filter_map(|(run, found)| Some((*run, found.as_ref().ok()?))) {
            let is_done = |row: &TransferRow| row.is_done && row.run_key.as_deref() == Some(identity.run_key.as_str());
            if rows.get(&run).is_some_and(is_done) {
                continue;
            }
            // A run without a project may have been archived under any project.
            let own = project_of(identity, None);
            let is_named = super::tracker::named(identity).is_some();
            let mut candidates =
                archived.iter().filter(|candidate| candidate.run == run && (!is_named || candidate.project == own));
            // `look` verifies every file, so only a complete copy of this run counts.
            if candidates.any(|candidate| matches!(look(&candidate.path, identity), Ok(Some(())))) {
                let transfer = Transfer {
                    direction: direction.as_str(),
                    peer: peer.to_owned(),
                    run_id: run,
                    run_key: Some(identity.run_key.clone()),
                    local_run_id: None,
                    snapshot_root: identity.snapshot_root.clone(),
                    outcome: TransferOutcome::Succeeded,
                    at: now(),
                };
                database.log_transfer(&transfer)?;
            }
        }
        rows = by_run(database.transfers(direction.as_str(), peer)?);
    }
    export(state, peer, &Standing::of(&keys, &rows), &BTreeSet::new())?;
    describe(peer, state, &keys, &rows)
}

pub(super) fn by_run(rows: Vec<TransferRow>) -> BTreeMap<RunId, TransferRow> {
    rows.into_iter().map(|row| (row.run_id, row)).collect()
}

fn describe(
    peer: &str,
    state: &StateFiles,
    keys: &Keys,
    rows: &BTreeMap<RunId, TransferRow>,
) -> Result<PeerState, Error> {
    let standing = Standing::of(keys, rows);
    let why = |run: RunId| match rows.get(&run) {
        Some(_) if standing.renumbered.contains(&run) => {
            Some("another run had this number when it was tried".to_owned())
        }
        row => row.and_then(|row| row.error.clone()),
    };
    Ok(PeerState {
        peer: peer.to_owned(),
        state_file: read_state(&state.state)?,
        failure_log: parse_run_records_from_file(&state.failures)?,
        truth: standing.progress.state(),
        open_failures: standing.open_failures().map(|run| (run, why(run))).collect(),
        struck: standing.progress.struck().collect(),
        not_yet_tried: standing.new_runs(keys, rows),
        last_attempt_at: rows.values().map(|row| row.recorded_at.clone()).max(),
    })
}
