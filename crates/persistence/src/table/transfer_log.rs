//! The table `transfer_log`: one row for each attempt to archive or import a run.

use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use super::{Index, Table, read_number};
use crate::{RunId, Transfer, TransferRow};

pub(crate) const TABLE: Table = Table {
    name: "transfer_log",
    create: "
CREATE TABLE IF NOT EXISTS transfer_log (
    id INTEGER PRIMARY KEY,
    direction TEXT NOT NULL,
    peer TEXT NOT NULL,
    run_id INTEGER NOT NULL,
    run_key TEXT,
    local_run_id INTEGER,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    snapshot_root TEXT,
    recorded_at TEXT NOT NULL
)",
    indexes: &[
        Index {
            columns: "run_key",
            create: "CREATE INDEX IF NOT EXISTS idx_transfer_log_run_key ON transfer_log(run_key)",
        },
        Index {
            columns: "local_run_id",
            create: "CREATE INDEX IF NOT EXISTS idx_transfer_log_local_run_id ON transfer_log(local_run_id)",
        },
    ],
    guards: &[],
    insert: "
INSERT INTO transfer_log (direction, peer, run_id, run_key, local_run_id, attempt, status, error, snapshot_root,
                          recorded_at)
VALUES (?1, ?2, ?3, ?4, ?5,
        1 + (SELECT count(*) FROM transfer_log WHERE direction = ?1 AND peer = ?2 AND run_id = ?3
                                                 AND run_key IS ?4),
        ?6, ?7, ?8, ?9)",
};

/// The last row of each run: with a single `max()`, `SQLite` takes the other columns from the row of the maximum.
const LAST: &str = "
SELECT run_id, run_key, local_run_id, attempt, status, error, recorded_at, max(id)
FROM transfer_log
WHERE direction = ?1 AND peer = ?2
GROUP BY run_id
ORDER BY run_id";

const IMPORTED: &str = "
SELECT local_run_id FROM transfer_log
WHERE run_key = ?1 AND direction = 'import' AND status = 'succeeded' AND local_run_id IS NOT NULL
ORDER BY id DESC LIMIT 1";

const KEY_OF: &str = "
SELECT run_key FROM transfer_log
WHERE local_run_id = ?1 AND direction = 'import' AND status = 'succeeded' AND run_key IS NOT NULL
ORDER BY id LIMIT 1";

const PEERS: &str = "SELECT DISTINCT peer FROM transfer_log WHERE direction = ?1 ORDER BY peer";

/// Inserts one attempt; returns the number of rows written.
pub(crate) fn insert(connection: &Connection, transfer: &Transfer) -> Result<usize> {
    connection.execute(
        TABLE.insert,
        params![
            transfer.direction,
            transfer.peer,
            transfer.run_id.0,
            transfer.run_key,
            transfer.local_run_id.map(|run| run.0),
            transfer.outcome.as_str(),
            transfer.outcome.error(),
            transfer.snapshot_root,
            transfer.at.to_string(),
        ],
    )
}

/// The last attempt at each run, ordered by run number.
pub(crate) fn last(connection: &Connection, direction: &str, peer: &str) -> Result<Vec<TransferRow>> {
    connection.prepare(LAST)?.query_map((direction, peer), read)?.collect()
}

/// Every archive or source ever tried.
pub(crate) fn peers(connection: &Connection, direction: &str) -> Result<Vec<String>> {
    connection.prepare(PEERS)?.query_map([direction], |row| row.get(0))?.collect()
}

/// The local number of an imported run, if it was imported.
pub(crate) fn imported(connection: &Connection, run_key: &str) -> Result<Option<i64>> {
    connection.query_row(IMPORTED, [run_key], |row| row.get(0)).optional()
}

/// The key of an imported run; `None` if it was created here.
pub(crate) fn key_of(connection: &Connection, local_run: RunId) -> Result<Option<String>> {
    connection.prepare_cached(KEY_OF)?.query_row([local_run.0], |row| row.get(0)).optional()
}

fn read(row: &Row<'_>) -> Result<TransferRow> {
    let has_status = |word| row.get_ref(4).map(|status| status.as_str().is_ok_and(|status| status == word));
    Ok(TransferRow {
        run_id: RunId(row.get(0)?),
        run_key: row.get(1)?,
        local_run_id: row.get::<_, Option<i64>>(2)?.map(RunId),
        attempt: read_number(row, 3)?,
        is_done: has_status("succeeded")?,
        is_removed: has_status("gone")?,
        is_struck: has_status("struck")?,
        error: row.get(5)?,
        recorded_at: row.get(6)?,
    })
}
