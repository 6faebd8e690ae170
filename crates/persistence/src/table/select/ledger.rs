//! The ledger, read. Its rows are in the order of their row ids: invocations are in the order in which they began,
//! whatever the clock said. Compacting a file may give them other row ids, but keeps their order.

use std::collections::HashMap;

use rusqlite::{Connection, Result, Row};

use crate::{LedgerRow, RunId, table::read_told};

/// Every row; [`read`] takes one of them.
pub(crate) const NEWEST_FIRST: &str = "
SELECT rowid, snapshot_id, run_id, subject, notes, started_at, finished_at, status, error, closed_by, command,
       tool_version, host, pid, root_path, code_ref, code_ref_note, trace_id, telemetry_recorded, telemetry_written,
       telemetry_dropped
FROM runs_ledger
ORDER BY rowid DESC";

const OWNERS: &str = "
SELECT snapshot_id, max(rowid)
FROM runs_ledger
WHERE snapshot_id IS NOT NULL
GROUP BY snapshot_id";

const SUBJECTS: &str = "
SELECT snapshot_id, run_id, subject, status
FROM runs_ledger
WHERE snapshot_id IS NOT NULL
ORDER BY rowid";

/// A UUID that begins with a text lies between it and the same text with a letter behind it that no UUID has.
const BY_PREFIX: &str = "
SELECT run_id, run_id
FROM runs_ledger
WHERE run_id >= ?1 AND run_id < ?1 || 'g'
ORDER BY run_id
LIMIT ?2";

const BEFORE: &str = "SELECT run_id FROM runs_ledger WHERE run_id < ?1 ORDER BY run_id DESC LIMIT ?2";

const BEHIND: &str = "SELECT run_id FROM runs_ledger WHERE run_id > ?1 ORDER BY run_id LIMIT ?2";

/// A row of the ledger and where it stands.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) row_id: i64,
    pub(crate) snapshot_id: Option<RunId>,
    pub(crate) row: LedgerRow,
}

/// Takes a row of [`NEWEST_FIRST`].
pub(crate) fn read(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        row_id: row.get(0)?,
        snapshot_id: row.get::<_, Option<i64>>(1)?.map(RunId),
        row: LedgerRow {
            run_id: row.get(2)?,
            subject: row.get(3)?,
            notes: row.get(4)?,
            started_at: row.get(5)?,
            finished_at: row.get(6)?,
            status: row.get(7)?,
            error: row.get(8)?,
            closed_by: row.get(9)?,
            command: row.get(10)?,
            tool_version: row.get(11)?,
            host: row.get(12)?,
            pid: row.get(13)?,
            root_path: row.get(14)?,
            code_ref: row.get(15)?,
            code_ref_note: row.get(16)?,
            trace_id: row.get(17)?,
            telemetry_recorded: read_told(row, 18)?,
            telemetry_written: read_told(row, 19)?,
            telemetry_dropped: read_told(row, 20)?,
        },
    })
}

/// The row id of the newest row that names a snapshot, by the snapshot.
pub(crate) fn owners(connection: &Connection) -> Result<HashMap<RunId, i64>> {
    connection.prepare(OWNERS)?.query_map([], |row| Ok((RunId(row.get(0)?), row.get(1)?)))?.collect()
}

/// Whose snapshot it is.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) ledger_id: String,
    pub(crate) subject: String,
    pub(crate) status: String,
}

/// Snapshots and whose they are, the older rows first.
pub(crate) fn subjects(connection: &Connection) -> Result<Vec<(RunId, Owner)>> {
    connection
        .prepare(SUBJECTS)?
        .query_map([], |row| {
            let owner = Owner { ledger_id: row.get(1)?, subject: row.get(2)?, status: row.get(3)? };
            Ok((RunId(row.get(0)?), owner))
        })?
        .collect()
}

/// Ids that begin with `prefix`, each beside itself, at most `limit`.
pub(crate) fn with_prefix(connection: &Connection, prefix: &str, limit: i64) -> Result<Vec<(String, String)>> {
    connection.prepare(BY_PREFIX)?.query_map((prefix, limit), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Up to `limit` ids on each side of `prefix`.
pub(crate) fn neighbours(connection: &Connection, prefix: &str, limit: i64) -> Result<Vec<String>> {
    super::super::on_both_sides(connection, [BEFORE, BEHIND], prefix, limit)
}
