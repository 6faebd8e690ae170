//! The table `ledger_details`: what else is known of an invocation beside its row in the ledger.
//!
//! A table of its own and no columns of `runs_ledger`: a database of an earlier version fits as it is, and one of this
//! version fits an earlier program.

use cds_model::{Heartbeat, LedgerId, RunDetails, Timestamp};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::{Table, read_told, tokens};
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

/// The row of a run that an earlier version began may be missing. Counts that are not given stay.
const BEAT: &str = "
INSERT INTO ledger_details (run_id, role, heartbeat_at, answered_count, selected_count)
SELECT run_id, 'run', ?2, ?3, ?4 FROM runs_ledger WHERE run_id = ?1
ON CONFLICT (run_id) DO UPDATE
SET heartbeat_at = excluded.heartbeat_at,
    answered_count = coalesce(excluded.answered_count, answered_count),
    selected_count = coalesce(excluded.selected_count, selected_count)";

/// As long as it was held open when it gave its last sign of life.
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

/// Writes what is known when a run begins, unless it is there.
pub(crate) fn insert(connection: &Connection, id: LedgerId, details: &RunDetails) -> Result<usize> {
    let expires_at = details.expires_at.map(|at| at.to_string());
    connection.execute(TABLE.insert, params![id.to_string(), details.role.as_str(), details.request, expires_at])
}

/// Writes a sign of life, and says how many runs were found.
pub(crate) fn beat(connection: &Connection, id: &str, beat: &Heartbeat) -> Result<usize> {
    let [answered, selected] = [beat.answered, beat.selected].map(tokens);
    connection.prepare_cached(BEAT)?.execute(params![id, beat.at.to_string(), answered, selected])
}

/// Writes a sign of life of a run that others hold open, and puts off its expiry.
pub(crate) fn renew(connection: &Connection, id: &str, at: Timestamp) -> Result<usize> {
    connection.execute(RENEW, [id.to_owned(), at.to_string()])
}

/// What is no text says nothing: one damaged row must not hide the run, or the others.
fn text(row: &Row<'_>, column: usize) -> Result<Option<String>> {
    Ok(row.get_ref(column)?.as_str().ok().map(str::to_owned))
}

/// What is known of a run; none where nobody wrote it down.
pub(crate) fn of_run(connection: &Connection, id: &str) -> Result<Option<DetailsRow>> {
    connection
        .prepare_cached(OF_RUN)?
        .query_row([id], |row| {
            Ok(DetailsRow {
                role: text(row, 0)?.unwrap_or_default(),
                request: text(row, 1)?,
                heartbeat_at: text(row, 2)?,
                expires_at: text(row, 3)?,
                answered_count: read_told(row, 4)?,
                selected_count: read_told(row, 5)?,
            })
        })
        .optional()
}
