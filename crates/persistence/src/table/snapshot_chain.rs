//! The table `snapshot_chain`: one row for each snapshot that was written and one for each that was pruned.
//! Append-only; each row has the hash of the previous one.

use cds_model::{ChainLink, Fingerprint};
use rusqlite::{Connection, OptionalExtension as _, Result, Row, Statement, params};

use super::{Index, Table, read_text};
use crate::{ChainRow, RecordedSnapshot, RunId};

pub(crate) const TABLE: Table = Table {
    name: "snapshot_chain",
    create: "
CREATE TABLE IF NOT EXISTS snapshot_chain (
    sequence INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    run_id INTEGER NOT NULL,
    project TEXT NOT NULL,
    part TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    record_count INTEGER NOT NULL,
    snapshot_root TEXT NOT NULL,
    run_hash TEXT NOT NULL,
    history_sequence INTEGER NOT NULL,
    history_hash TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
)",
    indexes: &[Index {
        columns: "run_id",
        create: "CREATE INDEX IF NOT EXISTS idx_snapshot_chain_run_id ON snapshot_chain(run_id)",
    }],
    guards: &[
        "CREATE TRIGGER IF NOT EXISTS snapshot_chain_insert BEFORE INSERT ON snapshot_chain
WHEN NEW.sequence IS NOT -1 AND NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM snapshot_chain)
BEGIN SELECT RAISE(FAIL, 'snapshot_chain is append-only: the next row has the next number'); END",
        "CREATE TRIGGER IF NOT EXISTS snapshot_chain_update BEFORE UPDATE ON snapshot_chain
BEGIN SELECT RAISE(ABORT, 'snapshot_chain is append-only'); END",
        "CREATE TRIGGER IF NOT EXISTS snapshot_chain_delete BEFORE DELETE ON snapshot_chain
BEGIN SELECT RAISE(ABORT, 'snapshot_chain is append-only'); END",
    ],
    insert: "
INSERT OR FAIL INTO snapshot_chain (event, run_id, project, part, recorded_at, record_count, snapshot_root, run_hash,
                            history_sequence, history_hash, previous_hash, hash)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
};

const ROWS: &str = "
SELECT sequence, event, run_id, project, part, recorded_at, record_count, snapshot_root, run_hash, history_sequence,
       history_hash, previous_hash, hash
FROM snapshot_chain";

const RUN_BOUNDS: &str = "SELECT (SELECT min(run_id) FROM snapshot_chain), (SELECT max(run_id) FROM snapshot_chain)";

const SNAPSHOTS: &str = "
SELECT snapshot_chain.run_id, runs_ledger.code_ref, snapshot_chain.recorded_at
FROM snapshot_chain
LEFT JOIN runs_ledger ON runs_ledger.snapshot_id = snapshot_chain.run_id
WHERE snapshot_chain.project = ?1 AND snapshot_chain.part = ?2 AND snapshot_chain.event = 'snapshot'
ORDER BY snapshot_chain.sequence";

/// The same without a ledger.
const SNAPSHOTS_ALONE: &str = "
SELECT run_id, NULL, recorded_at
FROM snapshot_chain
WHERE project = ?1 AND part = ?2 AND event = 'snapshot'
ORDER BY sequence";

/// The snapshots of a part of a project in the order of the chain, with their commits where there is a ledger.
pub(crate) fn snapshots_of(
    connection: &Connection,
    project: &str,
    part: &str,
    has_ledger: bool,
) -> Result<Vec<RecordedSnapshot>> {
    let mut statement = connection.prepare(if has_ledger { SNAPSHOTS } else { SNAPSHOTS_ALONE })?;
    let rows = statement.query_map([project, part], |row| {
        Ok(RecordedSnapshot {
            run: RunId(row.get(0)?),
            code_ref: Some(read_text(row, 1)?).filter(|code_ref| !code_ref.is_empty()),
            recorded_at: read_text(row, 2)?,
        })
    })?;
    rows.collect()
}

/// The last row, if there is one.
pub(crate) fn last(connection: &Connection) -> Result<Option<ChainRow>> {
    connection.query_row(&format!("{ROWS} ORDER BY sequence DESC LIMIT 1"), [], read).optional()
}

/// The row written with a snapshot, if it has one. If another program assigned the number of a removed snapshot again,
/// the last row counts.
pub(crate) fn of_snapshot(connection: &Connection, run: RunId) -> Result<Option<ChainRow>> {
    let sql = format!("{ROWS} WHERE run_id = ?1 AND event = '{}' ORDER BY sequence DESC LIMIT 1", ChainLink::SNAPSHOT);
    connection.query_row(&sql, [run.0], read).optional()
}

/// The lowest and the highest run number in the chain; `None` if it is empty.
pub(crate) fn run_bounds(connection: &Connection) -> Result<Option<(RunId, RunId)>> {
    let read = |row: &Row<'_>| Ok(row.get(0).map(RunId).ok().zip(row.get(1).map(RunId).ok()));
    connection.query_row(RUN_BOUNDS, [], read)
}

/// Inserts one row with its hash; returns the number of rows written. `SQLite` assigns the next number.
pub(crate) fn insert(statement: &mut Statement<'_>, link: &ChainLink<'_>, hash: Fingerprint) -> Result<usize> {
    statement.execute(params![
        link.event,
        link.run_id,
        link.project,
        link.part,
        link.recorded_at,
        link.record_count,
        link.snapshot_root,
        link.run_hash,
        link.history_sequence,
        link.history_hash,
        link.previous_hash,
        hash.to_string(),
    ])
}

fn read(row: &Row<'_>) -> Result<ChainRow> {
    Ok(ChainRow {
        sequence: row.get(0)?,
        event: read_text(row, 1)?,
        run_id: RunId(row.get(2)?),
        project: read_text(row, 3)?,
        part: read_text(row, 4)?,
        recorded_at: read_text(row, 5)?,
        record_count: row.get(6)?,
        snapshot_root: read_text(row, 7)?,
        run_hash: read_text(row, 8)?,
        history_sequence: row.get(9)?,
        history_hash: read_text(row, 10)?,
        previous_hash: read_text(row, 11)?,
        hash: read_text(row, 12)?,
    })
}
