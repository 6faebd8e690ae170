//! The table `runs_ledger`: one row for each invocation, whatever its outcome.

use cds_model::{CodeRef, LedgerId, RunEnd, RunStart, RunStatus, TelemetryCounts, Timestamp};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{Index, Table, tokens};
use crate::RunId;

pub(crate) const TABLE: Table = Table {
    name: "runs_ledger",
    // No foreign key to `runs`: the row stays when its snapshot is pruned.
    create: "
CREATE TABLE IF NOT EXISTS runs_ledger (
    run_id TEXT PRIMARY KEY NOT NULL,
    subject TEXT NOT NULL,
    notes TEXT,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    status TEXT NOT NULL,
    snapshot_id INTEGER,
    error TEXT,
    closed_by TEXT,
    command TEXT NOT NULL,
    tool_version TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    root_path TEXT,
    code_ref TEXT,
    code_ref_note TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    telemetry_recorded INTEGER,
    telemetry_written INTEGER,
    telemetry_dropped INTEGER
)",
    // For the highest snapshot number, which every new snapshot looks up.
    indexes: &[Index {
        columns: "snapshot_id",
        create: "CREATE INDEX IF NOT EXISTS idx_runs_ledger_snapshot_id ON runs_ledger(snapshot_id)",
    }],
    guards: &[],
    insert: "
INSERT INTO runs_ledger (run_id, subject, notes, started_at, status, command, tool_version, host, pid, root_path,
                         code_ref, code_ref_note, trace_id)
VALUES (?1, ?2, ?3, ?4, 'running', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (run_id) DO NOTHING",
};

const SUBJECT: &str = "SELECT subject FROM runs_ledger WHERE run_id = ?1";

/// Another program may have assigned the number of a removed snapshot again, so the last row counts.
const OWNER: &str = "SELECT run_id, subject FROM runs_ledger WHERE snapshot_id = ?1 ORDER BY rowid DESC LIMIT 1";

/// The first end stays, unless another command inferred it.
const FINISH: &str = "
UPDATE runs_ledger
SET notes = coalesce(nullif(?2, ''), notes),
    status = iif(status = 'running' OR closed_by IS NOT NULL, ?3, status),
    finished_at = iif(status = 'running' OR closed_by IS NOT NULL, ?4, finished_at),
    error = iif(status = 'running' OR closed_by IS NOT NULL, ?5, error),
    snapshot_id = coalesce(?6, snapshot_id),
    closed_by = NULL
WHERE run_id = ?1";

/// The stored snapshot decides how the run ended, so it replaces any earlier end. A run that another program holds open
/// gets its end from that program.
const FINISH_WITH_SNAPSHOT: &str = "
UPDATE runs_ledger
SET notes = coalesce(nullif(?2, ''), notes),
    status = iif(held.is_open, status, ?3), finished_at = iif(held.is_open, finished_at, ?4),
    error = iif(held.is_open, error, ?5), closed_by = iif(held.is_open, closed_by, NULL), snapshot_id = ?6
FROM (SELECT EXISTS (SELECT 1 FROM ledger_details WHERE run_id = ?1 AND expires_at IS NOT NULL) AS is_open) AS held
WHERE run_id = ?1";

const APPEND_NOTE: &str = "
UPDATE runs_ledger
SET notes = CASE WHEN ?2 = '' THEN notes WHEN coalesce(notes, '') = '' THEN ?2 ELSE notes || char(10) || ?2 END
WHERE run_id = ?1";

/// A run that another program holds open is not given up before its expiry.
const GIVEN_UP: &str = "
SELECT runs_ledger.run_id, expires_at
FROM runs_ledger LEFT JOIN ledger_details ON ledger_details.run_id = runs_ledger.run_id
WHERE status = 'running' AND runs_ledger.run_id IS NOT ?1 AND (expires_at IS NULL OR expires_at <= ?2)
ORDER BY runs_ledger.rowid";

const STATUS: &str = "SELECT status FROM runs_ledger WHERE run_id = ?1";

const HELD_OPEN: &str = "
SELECT subject, trace_id
FROM runs_ledger JOIN ledger_details ON ledger_details.run_id = runs_ledger.run_id
WHERE runs_ledger.run_id = ?1 AND status = 'running' AND expires_at IS NOT NULL";

/// In `SET`, the right sides have the old values.
const JOIN: &str = "
UPDATE runs_ledger
SET root_path = coalesce(root_path, ?2),
    code_ref_note = iif(code_ref IS NULL, ?4, code_ref_note), code_ref = coalesce(code_ref, ?3)
WHERE run_id = ?1";

const ATTACH_SNAPSHOT: &str = "UPDATE runs_ledger SET snapshot_id = ?2 WHERE run_id = ?1";

const INTERRUPT: &str = "
UPDATE runs_ledger
SET status = 'interrupted', finished_at = ?2, error = ?3, closed_by = ?4
WHERE run_id = ?1";

const SET_TELEMETRY_COUNTS: &str = "
UPDATE runs_ledger SET telemetry_recorded = ?2, telemetry_written = ?3, telemetry_dropped = ?4 WHERE run_id = ?1";

/// Ignores values that another program may have written: texts, and a number without a successor.
const LAST_SNAPSHOT: &str = "
SELECT CAST(max(snapshot_id) AS INTEGER) FROM runs_ledger WHERE snapshot_id < 9223372036854775807";

/// The snapshot of an invocation; `None` if it has none or is unknown.
pub(crate) fn snapshot_of(connection: &Connection, id: &str) -> Result<Option<i64>> {
    let sql = "SELECT snapshot_id FROM runs_ledger WHERE run_id = ?1";
    connection.query_row(sql, [id], |row| row.get(0)).optional().map(Option::flatten)
}

/// Id and project of the invocation that created a snapshot; `None` if unknown.
pub(crate) fn owner(connection: &Connection, snapshot: i64) -> Result<Option<(String, String)>> {
    connection.prepare_cached(OWNER)?.query_row([snapshot], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// Inserts the start of a run, unless it exists; returns the number of rows written.
pub(crate) fn insert(connection: &Connection, start: &RunStart) -> Result<usize> {
    connection.execute(
        TABLE.insert,
        params![
            start.id.to_string(),
            start.subject,
            Some(&start.notes).filter(|notes| !notes.is_empty()),
            start.started_at.to_string(),
            start.command,
            start.tool_version,
            start.host,
            start.pid,
            start.root_path,
            start.code_ref.commit,
            start.code_ref.note,
            start.trace_id,
        ],
    )
}

/// The project of a run; `None` if the run is unknown.
pub(crate) fn subject(connection: &Connection, id: &str) -> Result<Option<String>> {
    connection.query_row(SUBJECT, [id], |row| row.get(0)).optional()
}

/// Writes the end of a run; returns the number of rows found.
pub(crate) fn finish(connection: &Connection, end: &RunEnd) -> Result<usize> {
    connection.execute(
        FINISH,
        params![
            end.id.to_string(),
            end.notes,
            end.status.as_str(),
            end.finished_at.to_string(),
            end.error,
            end.snapshot_id,
        ],
    )
}

/// Writes the end of a run with a snapshot; returns the number of rows found.
pub(crate) fn finish_with_snapshot(
    connection: &Connection,
    end: &RunEnd,
    snapshot: RunId,
    status: RunStatus,
) -> Result<usize> {
    connection.execute(
        FINISH_WITH_SNAPSHOT,
        params![end.id.to_string(), end.notes, status.as_str(), end.finished_at.to_string(), end.error, snapshot.0],
    )
}

/// Appends a line to the notes of a run; returns the number of rows found.
pub(crate) fn append_note(connection: &Connection, id: &str, text: &str) -> Result<usize> {
    connection.execute(APPEND_NOTE, [id, text])
}

/// The runs without an end, oldest first, except `except` and those held open at the moment `at`; each with its expiry.
pub(crate) fn given_up(
    connection: &Connection,
    except: Option<LedgerId>,
    at: Timestamp,
) -> Result<Vec<(String, Option<String>)>> {
    let key = (except.map(|id| id.to_string()), at.to_string());
    connection.prepare(GIVEN_UP)?.query_map(key, |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// The status of a run; `None` if it is unknown.
pub(crate) fn status(connection: &Connection, id: &str) -> Result<Option<String>> {
    connection.query_row(STATUS, [id], |row| row.get(0)).optional()
}

/// Subject and trace id of a run that another program holds open; `None` if it is not such a run.
pub(crate) fn held_open(connection: &Connection, id: &str) -> Result<Option<(String, String)>> {
    connection.query_row(HELD_OPEN, [id], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// Fills in the tree and commit of a run that lacks them; returns the number of rows found.
pub(crate) fn join(connection: &Connection, start: &RunStart) -> Result<usize> {
    let CodeRef { commit, note } = &start.code_ref;
    connection.execute(JOIN, params![start.id.to_string(), start.root_path, commit, note])
}

/// Sets the snapshot of a run without ending it; returns the number of rows found.
pub(crate) fn attach_snapshot(connection: &Connection, id: &str, snapshot: i64) -> Result<usize> {
    connection.execute(ATTACH_SNAPSHOT, params![id, snapshot])
}

/// Writes the end of a run that another command inferred; returns the number of rows written.
pub(crate) fn interrupt(
    connection: &Connection,
    id: &str,
    at: Timestamp,
    reason: &str,
    closed_by: &str,
) -> Result<usize> {
    connection.prepare_cached(INTERRUPT)?.execute(params![id, at.to_string(), reason, closed_by])
}

/// Writes the telemetry counts of a run; returns the number of rows found.
pub(crate) fn set_telemetry_counts(connection: &Connection, id: LedgerId, counts: TelemetryCounts) -> Result<usize> {
    let [recorded, written, dropped] =
        [counts.recorded, counts.written, counts.dropped].map(|count| tokens(Some(count)));
    connection.execute(SET_TELEMETRY_COUNTS, params![id.to_string(), recorded, written, dropped])
}

/// The highest number that a snapshot with an account ever had, even if the snapshot no longer exists.
pub(crate) fn last_snapshot(connection: &Connection) -> Result<Option<i64>> {
    connection.query_row(LAST_SNAPSHOT, [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn highest_number_is_found_by_index() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLE.create).unwrap();
        connection.execute_batch(TABLE.indexes[0].create).unwrap();
        let plan: String =
            connection.query_row(&format!("EXPLAIN QUERY PLAN {LAST_SNAPSHOT}"), [], |row| row.get(3)).unwrap();
        assert!(plan.starts_with("SEARCH runs_ledger USING COVERING INDEX"), "{plan}");
    }
}
