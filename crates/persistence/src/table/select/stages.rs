//! Reads the stages.

use rusqlite::{Connection, Result, Row, params};

use crate::{
    StageFilter, StageRow,
    table::{read_optional_count, read_optional_text, read_seconds, read_text},
};

const NEWEST_FIRST: &str = "
SELECT run_id, ledger_id, stage, status, source, error, input_fingerprint, code_ref, code_ref_note, config_hash,
       started_at, finished_at, rows_in, rows_out, duration_seconds, llm_calls, tokens, trace_id
FROM stage_runs
WHERE (?1 IS NULL OR stage = ?1) AND (?2 IS NULL OR status = ?2)
ORDER BY rowid DESC
LIMIT ?3";

/// Limited, because another program may write any number of stages.
const OF_INVOCATION: &str = "
SELECT run_id, ledger_id, stage, status, source, error, input_fingerprint, code_ref, code_ref_note, config_hash,
       started_at, finished_at, rows_in, rows_out, duration_seconds, llm_calls, tokens, trace_id
FROM stage_runs
WHERE ledger_id = ?1
ORDER BY rowid
LIMIT 1000";

/// Values that are not counts are ignored. Sums use floating point, because an integer sum that overflows is an error.
const COSTS: &str = "
SELECT CASE WHEN count(call_count) > 0 THEN CAST(total(call_count) AS INTEGER) END,
       CASE WHEN count(token_count) > 0 THEN CAST(total(token_count) AS INTEGER) END
FROM (SELECT CASE WHEN typeof(llm_calls) = 'integer' AND llm_calls >= 0 THEN llm_calls END AS call_count,
             CASE WHEN typeof(tokens) = 'integer' AND tokens >= 0 THEN tokens END AS token_count
      FROM stage_runs
      WHERE ledger_id = ?1)";

const DURATIONS: &str = "
SELECT stage, duration_seconds
FROM stage_runs
WHERE status <> 'running' AND typeof(duration_seconds) IN ('real', 'integer') AND (?1 IS NULL OR started_at >= ?1)
ORDER BY stage, duration_seconds";

/// As in the ledger. A stage whose invocation is not in the ledger is not found.
const BY_PREFIX: &str = "
SELECT stage_runs.run_id, ledger_id
FROM stage_runs
JOIN runs_ledger ON runs_ledger.run_id = ledger_id
WHERE stage_runs.run_id >= ?1 AND stage_runs.run_id < ?1 || 'g'
ORDER BY stage_runs.run_id
LIMIT ?2";

const BEFORE: &str = "SELECT run_id FROM stage_runs WHERE run_id < ?1 ORDER BY run_id DESC LIMIT ?2";

const BEHIND: &str = "SELECT run_id FROM stage_runs WHERE run_id > ?1 ORDER BY run_id LIMIT ?2";

/// The stages that match `filter`, newest first.
pub(crate) fn newest(connection: &Connection, filter: &StageFilter) -> Result<Vec<StageRow>> {
    let limit = filter.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(-1));
    connection.prepare(NEWEST_FIRST)?.query_map(params![filter.stage, filter.status, limit], read)?.collect()
}

/// The first 1,000 stages of one invocation, in the order in which they began.
pub(crate) fn of_invocation(connection: &Connection, ledger_id: &str) -> Result<Vec<StageRow>> {
    connection.prepare(OF_INVOCATION)?.query_map([ledger_id], read)?.collect()
}

/// The calls and tokens of one invocation, if its stages report them.
pub(crate) fn costs(connection: &Connection, ledger_id: &str) -> Result<(Option<u64>, Option<u64>)> {
    connection
        .prepare_cached(COSTS)?
        .query_row([ledger_id], |row| Ok((read_optional_count(row, 0)?, read_optional_count(row, 1)?)))
}

/// The durations of ended stages, grouped by stage and sorted within each group.
pub(crate) fn durations(connection: &Connection, since: Option<&str>) -> Result<Vec<(String, f64)>> {
    connection.prepare(DURATIONS)?.query_map([since], |row| Ok((read_text(row, 0)?, row.get(1)?)))?.collect()
}

/// Ids with `prefix`, each with its invocation, at most `limit`.
pub(crate) fn with_prefix(connection: &Connection, prefix: &str, limit: i64) -> Result<Vec<(String, String)>> {
    connection.prepare(BY_PREFIX)?.query_map((prefix, limit), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Up to `limit` ids on each side of `prefix`.
pub(crate) fn neighbours(connection: &Connection, prefix: &str, limit: i64) -> Result<Vec<String>> {
    super::super::on_both_sides(connection, [BEFORE, BEHIND], prefix, limit)
}

fn read(row: &Row<'_>) -> Result<StageRow> {
    Ok(StageRow {
        run_id: read_text(row, 0)?,
        ledger_id: read_text(row, 1)?,
        stage: read_text(row, 2)?,
        status: read_text(row, 3)?,
        source: read_text(row, 4)?,
        error: read_optional_text(row, 5)?,
        input_fingerprint: read_optional_text(row, 6)?,
        code_ref: read_optional_text(row, 7)?,
        code_ref_note: read_text(row, 8)?,
        config_hash: read_text(row, 9)?,
        started_at: read_text(row, 10)?,
        finished_at: read_optional_text(row, 11)?,
        rows_in: read_optional_count(row, 12)?,
        rows_out: read_optional_count(row, 13)?,
        duration_seconds: read_seconds(row, 14)?,
        llm_calls: read_optional_count(row, 15)?,
        tokens: read_optional_count(row, 16)?,
        trace_id: read_text(row, 17)?,
    })
}
