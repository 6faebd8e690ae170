//! The table `enrichments`: the cost of a run's intents.

use cds_model::EnrichmentAccount;
use rusqlite::{Connection, OptionalExtension, Result, Row, Statement, params};

use super::{Table, count, read_optional_count, read_seconds, tokens};
use crate::{EnrichmentRate, EnrichmentRow, RunId};

pub(crate) const TABLE: Table = Table {
    name: "enrichments",
    create: "
CREATE TABLE IF NOT EXISTS enrichments (
    run_id INTEGER PRIMARY KEY REFERENCES runs(id),
    selected_count INTEGER NOT NULL,
    asked_count INTEGER NOT NULL,
    reused_count INTEGER NOT NULL,
    shared_count INTEGER NOT NULL,
    failed_count INTEGER NOT NULL,
    retried_count INTEGER NOT NULL,
    call_count INTEGER NOT NULL,
    cut_count INTEGER NOT NULL,
    prompt_tokens INTEGER,
    answer_tokens INTEGER,
    elapsed_seconds REAL NOT NULL,
    mean_latency_seconds REAL NOT NULL,
    p95_latency_seconds REAL NOT NULL
)",
    indexes: &[],
    guards: &[],
    insert: "
INSERT INTO enrichments (run_id, selected_count, asked_count, reused_count, shared_count, failed_count, retried_count,
                         call_count, cut_count, prompt_tokens, answer_tokens, elapsed_seconds, mean_latency_seconds,
                         p95_latency_seconds)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
};

/// Only runs with calls count. A division by zero gives NULL.
const RATE: &str = "
SELECT total(elapsed_seconds) / total(call_count),
       total(prompt_tokens) / total(call_count) FILTER (WHERE prompt_tokens IS NOT NULL),
       total(answer_tokens) / total(call_count) FILTER (WHERE answer_tokens IS NOT NULL)
FROM (SELECT elapsed_seconds, call_count, prompt_tokens, answer_tokens
      FROM enrichments
      JOIN runs ON runs.id = run_id
      WHERE runs.model = ?1 AND call_count > 0
      ORDER BY run_id DESC
      LIMIT 5)";

const BY_RUN: &str = "
SELECT selected_count, asked_count, reused_count, shared_count, failed_count, retried_count, call_count, cut_count,
       prompt_tokens, answer_tokens, elapsed_seconds, mean_latency_seconds, p95_latency_seconds
FROM enrichments
WHERE run_id = ?1";

/// Inserts the account of one run; returns the number of rows written.
pub(crate) fn insert(statement: &mut Statement<'_>, run: RunId, account: &EnrichmentAccount) -> Result<usize> {
    statement.execute(params![
        run.0,
        count(account.selected_count),
        count(account.asked_count),
        count(account.reused_count),
        count(account.shared_count),
        count(account.failed_count),
        count(account.retried_count),
        count(account.call_count),
        count(account.cut_count),
        tokens(account.prompt_tokens),
        tokens(account.answer_tokens),
        account.elapsed.as_secs_f64(),
        account.mean_latency.as_secs_f64(),
        account.p95_latency.as_secs_f64(),
    ])
}

/// The cost of a call to `model` in the last runs that made any.
pub(crate) fn rate(connection: &Connection, model: &str) -> Result<Option<EnrichmentRate>> {
    connection.query_row(RATE, [model], |row| {
        let seconds: Option<f64> = row.get(0)?;
        let (prompt_tokens_per_call, answer_tokens_per_call) = (row.get(1)?, row.get(2)?);
        Ok(seconds.map(|seconds_per_call| EnrichmentRate {
            seconds_per_call,
            prompt_tokens_per_call,
            answer_tokens_per_call,
        }))
    })
}

/// The enrichment account of one run, if it has one.
pub(crate) fn of_run(connection: &Connection, run: RunId) -> Result<Option<EnrichmentRow>> {
    connection.prepare_cached(BY_RUN)?.query_row([run.0], read).optional()
}

fn read(row: &Row<'_>) -> Result<EnrichmentRow> {
    Ok(EnrichmentRow {
        selected_count: read_optional_count(row, 0)?.unwrap_or_default(),
        asked_count: read_optional_count(row, 1)?.unwrap_or_default(),
        reused_count: read_optional_count(row, 2)?.unwrap_or_default(),
        shared_count: read_optional_count(row, 3)?.unwrap_or_default(),
        failed_count: read_optional_count(row, 4)?.unwrap_or_default(),
        retried_count: read_optional_count(row, 5)?.unwrap_or_default(),
        call_count: read_optional_count(row, 6)?.unwrap_or_default(),
        cut_count: read_optional_count(row, 7)?.unwrap_or_default(),
        prompt_tokens: read_optional_count(row, 8)?,
        answer_tokens: read_optional_count(row, 9)?,
        elapsed_seconds: read_seconds(row, 10)?.unwrap_or_default(),
        mean_latency_seconds: read_seconds(row, 11)?.unwrap_or_default(),
        p95_latency_seconds: read_seconds(row, 12)?.unwrap_or_default(),
    })
}
