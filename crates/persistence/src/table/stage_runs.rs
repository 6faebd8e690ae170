//! The table `stage_runs`: one row for each stage of an invocation.

use cds_model::{Fingerprint, Stage, StageEnd, StageStart, Timestamp};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{Index, Table, tokens};
use crate::OtherStageEnd;

pub(crate) const TABLE: Table = Table {
    name: "stage_runs",
    create: "
CREATE TABLE IF NOT EXISTS stage_runs (
    run_id TEXT PRIMARY KEY NOT NULL,
    ledger_id TEXT NOT NULL REFERENCES runs_ledger(run_id),
    stage TEXT NOT NULL,
    status TEXT NOT NULL,
    source TEXT NOT NULL,
    error TEXT,
    input_fingerprint TEXT,
    code_ref TEXT,
    code_ref_note TEXT NOT NULL,
    config_hash TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    rows_in INTEGER,
    rows_out INTEGER,
    duration_seconds REAL,
    llm_calls INTEGER,
    tokens INTEGER,
    trace_id TEXT NOT NULL
)",
    indexes: &[
        Index {
            columns: "ledger_id",
            create: "CREATE INDEX IF NOT EXISTS idx_stage_runs_ledger_id ON stage_runs(ledger_id)",
        },
        Index {
            columns: "input_fingerprint",
            create: "CREATE INDEX IF NOT EXISTS idx_stage_runs_input_fingerprint ON stage_runs(input_fingerprint)",
        },
    ],
    // The same start again changes nothing; another start under the same id is refused.
    guards: &[],
    insert: "
INSERT INTO stage_runs (run_id, ledger_id, stage, status, source, input_fingerprint, code_ref, code_ref_note,
                        config_hash, started_at, rows_in, trace_id)
VALUES (?1, ?2, ?3, 'running', 'executed', ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (run_id) DO UPDATE SET run_id = excluded.run_id
WHERE ledger_id = excluded.ledger_id AND stage = excluded.stage",
};

const FINISH: &str = "
UPDATE stage_runs
SET status = ?2, source = ?3, error = ?4, input_fingerprint = coalesce(?5, input_fingerprint), finished_at = ?6,
    duration_seconds = ?7, rows_in = coalesce(?8, rows_in), rows_out = ?9, llm_calls = ?10, tokens = ?11
WHERE run_id = ?1";

/// A stage of another program, with the commit of its run.
const INSERT_NAMED: &str = "
INSERT INTO stage_runs (run_id, ledger_id, stage, status, source, code_ref, code_ref_note, config_hash, started_at,
                        rows_in, trace_id)
SELECT ?1, run_id, ?3, 'running', 'executed', code_ref, code_ref_note, '', ?4, ?5, trace_id
FROM runs_ledger
WHERE run_id = ?2";

const LAST_NAMED: &str = "
SELECT run_id, status FROM stage_runs WHERE ledger_id = ?1 AND stage = ?2 ORDER BY rowid DESC LIMIT 1";

/// The first end stays, unless it was inferred.
const FINISH_NAMED: &str = "
UPDATE stage_runs
SET status = ?2, error = ?3, finished_at = ?4, rows_in = coalesce(?5, rows_in), rows_out = ?6,
    duration_seconds = max(0.0, round((julianday(?4) - julianday(started_at)) * 86400.0, 3))
WHERE run_id = ?1 AND status IN ('running', 'interrupted')";

/// The duration of such a stage is unknown. It counts as interrupted even if its run completed.
const CLOSE_LEFT_OPEN: &str = "
UPDATE stage_runs
SET (status, finished_at, error) = (
    SELECT CASE WHEN status = 'failed' THEN 'failed' ELSE 'interrupted' END, finished_at,
           CASE WHEN error IS NULL OR status NOT IN ('failed', 'interrupted')
                THEN 'the end of this stage was not written; its run ended as ' || status
                ELSE error END
    FROM runs_ledger
    WHERE runs_ledger.run_id = stage_runs.ledger_id)
WHERE status = 'running'
  AND (SELECT status FROM runs_ledger WHERE runs_ledger.run_id = stage_runs.ledger_id) <> 'running'";

/// A run that computed its result comes before one that reused a result.
const CHECKPOINT: &str = "
SELECT run_id
FROM stage_runs
WHERE input_fingerprint = ?1 AND stage = ?2 AND config_hash = ?3 AND status = 'completed'
ORDER BY source = 'executed' DESC, started_at DESC, run_id DESC
LIMIT 1";

/// Inserts the start of a stage, unless it exists; returns the number of matching rows.
pub(crate) fn insert(connection: &Connection, start: &StageStart) -> Result<usize> {
    connection.execute(
        TABLE.insert,
        params![
            start.id.to_string(),
            start.ledger_id.to_string(),
            start.stage.as_str(),
            start.input_fingerprint.map(|fingerprint| fingerprint.to_string()),
            start.code_ref.commit,
            start.code_ref.note,
            start.config_hash.to_string(),
            start.started_at.to_string(),
            tokens(start.rows_in),
            start.trace_id,
        ],
    )
}

/// Writes the end of a stage, replacing an earlier one; returns the number of rows found.
pub(crate) fn finish(connection: &Connection, end: &StageEnd) -> Result<usize> {
    connection.execute(
        FINISH,
        params![
            end.id.to_string(),
            end.status.as_str(),
            end.source.as_str(),
            end.error,
            end.input_fingerprint.map(|fingerprint| fingerprint.to_string()),
            end.finished_at.to_string(),
            end.duration.as_secs_f64(),
            tokens(end.rows_in),
            tokens(end.rows_out),
            tokens(end.llm_calls),
            tokens(end.tokens),
        ],
    )
}

/// Inserts the start of a stage of another program; returns the number of rows written.
pub(crate) fn insert_named(
    connection: &Connection,
    id: &str,
    run: &str,
    name: &str,
    at: Timestamp,
    rows_in: Option<u64>,
) -> Result<usize> {
    connection.execute(INSERT_NAMED, params![id, run, name, at.to_string(), tokens(rows_in)])
}

/// Id and status of the newest stage of that name in a run.
pub(crate) fn last_named(connection: &Connection, run: &str, name: &str) -> Result<Option<(String, String)>> {
    connection.query_row(LAST_NAMED, [run, name], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// Writes the end of a stage of another program; returns the number of rows changed.
pub(crate) fn finish_named(connection: &Connection, id: &str, end: &OtherStageEnd) -> Result<usize> {
    let (at, rows_in, rows_out) = (end.finished_at.to_string(), tokens(end.rows_in), tokens(end.rows_out));
    connection.execute(FINISH_NAMED, params![id, end.status.as_str(), end.error, at, rows_in, rows_out])
}

/// Gives open stages of ended runs the end of their run.
pub(crate) fn close_left_open(connection: &Connection) -> Result<usize> {
    connection.execute(CLOSE_LEFT_OPEN, [])
}

/// The newest completed run of a stage with this input and configuration.
pub(crate) fn checkpoint(
    connection: &Connection,
    stage: Stage,
    input: Fingerprint,
    config_hash: Fingerprint,
) -> Result<Option<String>> {
    let key = (input.to_string(), stage.as_str(), config_hash.to_string());
    connection.query_row(CHECKPOINT, key, |row| row.get(0)).optional()
}
