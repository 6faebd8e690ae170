//! Writes rows of `snapshot_chain`.

use std::collections::{HashMap, hash_map::Entry};

use cds_model::{CHAIN_START, ChainLink, Fingerprint, Timestamp};

use super::super::database::Database;
use crate::{
    Error, RunId, Step,
    table::{select, snapshot_chain, unit_history, units},
};

/// The values of a chain row.
pub(super) struct Sealed<'a> {
    pub(super) event: &'static str,
    pub(super) run: RunId,
    pub(super) project: &'a str,
    pub(super) part: &'a str,
    pub(super) record_count: i64,
    pub(super) snapshot_root: &'a str,
    pub(super) run_hash: &'a str,
}

/// Writes the next row and returns its hash.
pub(super) fn write(database: &Database, at: &str, sealed: &Sealed<'_>) -> Result<Fingerprint, Error> {
    let error = |cause| database.error(Step::WriteChain, cause);
    let start = CHAIN_START.to_string();
    // The chain row covers all history rows up to this moment.
    let history = unit_history::last(&database.connection).map_err(error)?;
    let (history_sequence, history_hash) = history.unwrap_or((0, start.clone()));
    let last = snapshot_chain::last(&database.connection).map_err(error)?;
    let (sequence, previous_hash) = last.map_or((1, start), |row| (row.sequence.saturating_add(1), row.hash));
    let link = ChainLink {
        sequence,
        event: sealed.event,
        run_id: sealed.run.0,
        project: sealed.project,
        part: sealed.part,
        recorded_at: at,
        record_count: sealed.record_count,
        snapshot_root: sealed.snapshot_root,
        run_hash: sealed.run_hash,
        history_sequence,
        history_hash: &history_hash,
        previous_hash: &previous_hash,
    };
    let hash = link.hash();
    let mut statement = database.prepare_insert(&snapshot_chain::TABLE)?;
    database.check_one_row(snapshot_chain::insert(&mut statement, &link, hash), || Step::WriteChain)?;
    Ok(hash)
}

/// Writes a chain row for each pruned snapshot, with the root over its records. It must run before they are removed: the
/// triggers of `record_hashes` refuse a removal until the chain records the pruning.
///
/// Without the records, nothing else proves the last state of the definitions. So each row also has a hash over the
/// `units` of its part of the project. A snapshot of another program without a row gets one too, once there is a chain.
///
/// Returns the last hash; `None` if no row was written.
pub(in super::super) fn write_tombstones(
    database: &Database,
    runs: &[RunId],
    at: Timestamp,
) -> Result<Option<Fingerprint>, Error> {
    let connection = &database.connection;
    let error = |cause| database.error(Step::WriteChain, cause);
    let at = at.to_string();
    let mut head = None;
    let mut units_hashes = HashMap::new();
    let bounds = snapshot_chain::run_bounds(connection).map_err(error)?;
    for &run in runs {
        let (project, part, record_count, snapshot_root);
        if let Some(row) = snapshot_chain::of_snapshot(connection, run).map_err(error)? {
            (project, part, record_count, snapshot_root) = (row.project, row.part, row.record_count, row.snapshot_root);
        // A snapshot without a row is from another program. Only if the chain began before it would its removal look
        // like a loss.
        } else if bounds.is_some_and(|(first, _)| first < run) {
            let tree = select::states::tree(connection, run).map_err(error)?;
            (project, part) = (String::new(), String::new());
            record_count = i64::try_from(tree.leaf_count()).unwrap_or(i64::MAX);
            snapshot_root = tree.root().to_string();
        } else {
            continue;
        }
        // One hash serves all pruned runs of a part, because pruning does not change `units`.
        let units_hash = match units_hashes.entry((project, part)) {
            Entry::Occupied(entry) => entry,
            Entry::Vacant(entry) => {
                let (project, part) = entry.key();
                let hash = units::hash_of_part(connection, project, part).map_err(error)?;
                entry.insert_entry(hash.to_string())
            }
        };
        let (project, part) = units_hash.key();
        let sealed = Sealed {
            event: ChainLink::PRUNED,
            run,
            project,
            part,
            record_count,
            snapshot_root: &snapshot_root,
            run_hash: units_hash.get(),
        };
        head = Some(write(database, &at, &sealed)?);
    }
    Ok(head)
}
