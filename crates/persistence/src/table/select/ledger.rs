//! Reads the ledger. Row ids are in the order in which invocations began, independent of any clock. `VACUUM` may change
//! row ids, but keeps their order.

use std::collections::HashMap;

use rusqlite::{Connection, Result, Row};

use crate::{
    LedgerRow, RunId,
    table::{read_optional_count, read_optional_text, read_text},
};

/// Every row; [`read`] converts one.
pub(crate) const NEWEST_FIRST: &str = "
SELECT rowid, snapshot_id, run_id, subject, notes, started_at, finished_at, status, error, closed_by, command,
       tool_version, host, pid, root_path, code_ref, code_ref_note, trace_id, telemetry_recorded, telemetry_written,
       telemetry_dropped
FROM runs_ledger
ORDER BY rowid DESC";

const OWNERS: &str = "
SELECT snapshot_id, max(rowid)
FROM runs_ledger
WHERE typeof(snapshot_id) = 'integer'
GROUP BY snapshot_id";

const SUBJECTS: &str = "
SELECT snapshot_id, run_id, subject, status
FROM runs_ledger
WHERE typeof(snapshot_id) = 'integer'
ORDER BY rowid";

/// A UUID with the prefix is between the prefix and the prefix followed by a letter that is greater than any digit.
const BY_PREFIX: &str = "
SELECT run_id, run_id
FROM runs_ledger
WHERE run_id >= ?1 AND run_id < ?1 || 'g'
ORDER BY run_id
LIMIT ?2";

const BEFORE: &str = "SELECT run_id FROM runs_ledger WHERE run_id < ?1 ORDER BY run_id DESC LIMIT ?2";

const BEHIND: &str = "SELECT run_id FROM runs_ledger WHERE run_id > ?1 ORDER BY run_id LIMIT ?2";

/// A row of the ledger with its row id.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) row_id: i64,
    pub(crate) snapshot_id: Option<RunId>,
    pub(crate) row: LedgerRow,
}

/// Converts a row of [`NEWEST_FIRST`].
pub(crate) fn read(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        row_id: row.get(0)?,
        snapshot_id: row.get_ref(1)?.as_i64_or_null().ok().flatten().map(RunId),
        row: LedgerRow {
            run_id: read_text(row, 2)?,
            subject: read_text(row, 3)?,
            notes: read_optional_text(row, 4)?,
            started_at: read_text(row, 5)?,
            finished_at: read_optional_text(row, 6)?,
            status: read_text(row, 7)?,
            error: read_optional_text(row, 8)?,
            closed_by: read_optional_text(row, 9)?,
            command: read_text(row, 10)?,
            tool_version: read_text(row, 11)?,
            host: read_text(row, 12)?,
            pid: row.get_ref(13)?.as_i64().unwrap_or_default(),
            root_path: read_optional_text(row, 14)?,
            code_ref: read_optional_text(row, 15)?,
            code_ref_note: read_text(row, 16)?,
            trace_id: read_text(row, 17)?,
            telemetry_recorded: read_optional_count(row, 18)?,
            telemetry_written: read_optional_count(row, 19)?,
            telemetry_dropped: read_optional_count(row, 20)?,
        },
    })
}

/// The row id of the newest row of each snapshot.
pub(crate) fn owners(connection: &Connection) -> Result<HashMap<RunId, i64>> {
    connection.prepare(OWNERS)?.query_map([], |row| Ok((RunId(row.get(0)?), row.get(1)?)))?.collect()
}

/// The invocation that a snapshot belongs to.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) ledger_id: String,
    pub(crate) subject: String,
    pub(crate) status: String,
}

/// Snapshots and their owners, older rows first.
pub(crate) fn subjects(connection: &Connection) -> Result<Vec<(RunId, Owner)>> {
    connection
        .prepare(SUBJECTS)?
        .query_map([], |row| {
            let owner =
                Owner { ledger_id: read_text(row, 1)?, subject: read_text(row, 2)?, status: read_text(row, 3)? };
            Ok((RunId(row.get(0)?), owner))
        })?
        .collect()
}

/// Ids with `prefix`, each paired with itself, at most `limit`.
pub(crate) fn with_prefix(connection: &Connection, prefix: &str, limit: i64) -> Result<Vec<(String, String)>> {
    connection.prepare(BY_PREFIX)?.query_map((prefix, limit), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Up to `limit` ids on each side of `prefix`.
pub(crate) fn neighbours(connection: &Connection, prefix: &str, limit: i64) -> Result<Vec<String>> {
    super::super::on_both_sides(connection, [BEFORE, BEHIND], prefix, limit)
}
