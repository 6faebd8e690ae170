//! The table `ledger_details`: further details of an invocation, besides its row in the ledger.
//!
//! It is a separate table instead of new columns in `runs_ledger`, so that databases and programs of earlier and
//! current versions stay compatible.

use cds_model::{Heartbeat, LedgerId, RunDetails, Timestamp};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::{Table, read_optional_count, tokens};
use crate::DetailsRow;

pub(crate) const TABLE: Table = Table {
    name: "ledger_details",
    create: "
CREATE TABLE IF NOT EXISTS ledger_details (
    run_id TEXT PRIMARY KEY NOT NULL REFERENCES runs_ledger(run_id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    request TEXT,
    heartbeat_at TEXT,
    expires_at TEXT,
    answered_count INTEGER,
    selected_count INTEGER
)",
    indexes: &[],
    guards: &[],
    insert: "
INSERT INTO ledger_details (run_id, role, request, expires_at)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (run_id) DO NOTHING",
};

/// A run of an earlier version may have no row yet. Counts that are NULL stay unchanged.
const BEAT: &str = "
INSERT INTO ledger_details (run_id, role, heartbeat_at, answered_count, selected_count)
SELECT run_id, 'run', ?2, ?3, ?4 FROM runs_ledger WHERE run_id = ?1
ON CONFLICT (run_id) DO UPDATE
SET heartbeat_at = excluded.heartbeat_at,
    answered_count = coalesce(excluded.answered_count, answered_count),
    selected_count = coalesce(excluded.selected_count, selected_count)";

/// Extends the expiry by the same time as at the last heartbeat.
const RENEW: &str = "
UPDATE ledger_details
SET heartbeat_at = ?2,
    expires_at = max(expires_at, coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', julianday(?2) + julianday(expires_at) - julianday(
        coalesce(heartbeat_at, (SELECT started_at FROM runs_ledger WHERE runs_ledger.run_id = ?1)))), expires_at))
WHERE run_id = ?1 AND expires_at IS NOT NULL";

const OF_RUN: &str = "
SELECT role, request, heartbeat_at, expires_at, answered_count, selected_count
FROM ledger_details
WHERE run_id = ?1";

/// Inserts the details of a run, unless they exist.
pub(crate) fn insert(connection: &Connection, id: LedgerId, details: &RunDetails) -> Result<usize> {
    let expires_at = details.expires_at.map(|at| at.to_string());
    connection.execute(TABLE.insert, params![id.to_string(), details.role.as_str(), details.request, expires_at])
}

/// Writes a heartbeat; returns the number of runs found.
pub(crate) fn beat(connection: &Connection, id: &str, beat: &Heartbeat) -> Result<usize> {
    let [answered, selected] = [beat.answered, beat.selected].map(tokens);
    connection.prepare_cached(BEAT)?.execute(params![id, beat.at.to_string(), answered, selected])
}

/// Writes a heartbeat of a run that another program holds open, and extends its expiry.
pub(crate) fn renew(connection: &Connection, id: &str, at: Timestamp) -> Result<usize> {
    connection.execute(RENEW, [id.to_owned(), at.to_string()])
}

/// `None` if the value is not a text: one damaged row must not hide the run, or other runs.
fn text(row: &Row<'_>, column: usize) -> Result<Option<String>> {
    Ok(row.get_ref(column)?.as_str().ok().map(str::to_owned))
}

/// The details of a run, if it has any.
pub(crate) fn of_run(connection: &Connection, id: &str) -> Result<Option<DetailsRow>> {
    connection
        .prepare_cached(OF_RUN)?
        .query_row([id], |row| {
            Ok(DetailsRow {
                role: text(row, 0)?.unwrap_or_default(),
                request: text(row, 1)?,
                heartbeat_at: text(row, 2)?,
                expires_at: text(row, 3)?,
                answered_count: read_optional_count(row, 4)?,
                selected_count: read_optional_count(row, 5)?,
            })
        })
        .optional()
}
