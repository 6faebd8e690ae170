//! How far the work with a peer has come, for people, and how the files are written anew that tell of it.

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

/// What the files say of a peer, and what is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerState {
    /// The other side, as the database calls it.
    pub peer: String,
    /// What the state file says.
    pub state_file: Stored<State>,
    /// What the failure log says.
    pub failure_log: Stored<RunList>,
    /// What the database says.
    pub truth: State,
    /// What was tried or passed over and is not done, each with the reason where it was tried.
    pub open_failures: Vec<(RunId, Option<String>)>,
    /// What an operator struck from the failure log: it is tried again only when it is asked for.
    pub struck: Vec<RunId>,
    /// What the next normal call does.
    pub not_yet_tried: Vec<RunId>,
    /// When the last attempt ended, as it is stored; none where there was none.
    pub last_attempt_at: Option<String>,
}

/// Looks at a peer and at the files. `existing` are the runs of the source; without them only those are known that were
/// tried.
///
/// # Errors
///
/// The database or a file cannot be read. That a file is missing or damaged is no error.
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

/// What is needed to write the files of a peer anew.
pub struct Recovery<'a> {
    /// The database that has the log of transfers; its lock is held by the caller.
    pub database: &'a mut SqlitePersistence,
    /// Which way.
    pub direction: Direction,
    /// The other side, as the database calls it.
    pub peer: &'a str,
    /// The files.
    pub state: &'a StateFiles,
    /// The runs of the source, as far as they are known.
    pub existing: &'a [RunId],
    /// When runs are archived: the source, and the archive, whose lock is held by the caller.
    pub archive: Option<(&'a SqliteReader, &'a Path)>,
    /// The clock.
    pub now: &'a dyn Fn() -> Timestamp,
}

/// Writes both files anew. What lies whole in the archive and is not written down is written down first, whatever of it
/// failed before; what killed attempts left there is removed.
///
/// # Errors
///
/// The archive is not there, or something cannot be read or written.
pub fn recover(recovery: Recovery<'_>) -> Result<PeerState, Error> {
    let Recovery { database, direction, peer, state, existing, archive, now } = recovery;
    let mut keys: Keys = existing.iter().map(|run| (*run, None)).collect();
    let mut rows = by_run(database.transfers(direction.as_str(), peer)?);
    if let Some((source, path)) = archive {
        remove_leftovers(path)?;
        // All of it is read before anything is written.
        let found = find(source)?;
        keys.extend(keys_of(&found));
        let lying = list_runs(path)?.runs;
        for (run, identity) in found.iter().filter_map(|(run, found)| Some((*run, found.as_ref().ok()?))) {
            let is_done = |row: &TransferRow| row.is_done && row.run_key.as_deref() == Some(identity.run_key.as_str());
            if rows.get(&run).is_some_and(is_done) {
                continue;
            }
            // A run that names no project may have been archived under any.
            let own = project_of(identity, None);
            let is_named = super::tracker::named(identity).is_some();
            let mut places = lying.iter().filter(|lying| lying.run == run && (!is_named || lying.project == own));
            if places.any(|place| matches!(look(&place.path, identity), Ok(Some(())))) {
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
