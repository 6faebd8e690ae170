//! Counts the telemetry of one invocation.
//!
//! Details are JSON. Another program may have written anything else, which counts as JSON without members.

use rusqlite::{Connection, Result};

use crate::{Counted, ErrorGroup};

const TYPES: &str = "
SELECT log_type, count(*)
FROM telemetry
WHERE ledger_id = ?1
GROUP BY log_type
ORDER BY count(*) DESC, log_type
LIMIT ?2";

/// An entry may count records or questions. Sums use floating point, which cannot overflow.
const DECISIONS: &str = "
SELECT CAST(details ->> '$.decision' AS TEXT) AS decision,
       CAST(total(CASE WHEN json_type(details, '$.records') = 'integer' THEN max(details ->> '$.records', 1)
                       WHEN json_type(details, '$.questions') = 'integer' THEN max(details ->> '$.questions', 1)
                       ELSE 1 END) AS INTEGER) AS decision_count
FROM (SELECT CASE WHEN typeof(event_details) = 'text' AND json_valid(event_details) THEN event_details END AS details
      FROM telemetry
      WHERE ledger_id = ?1 AND log_type = 'DECISION')
WHERE details ->> '$.decision' IS NOT NULL
GROUP BY decision
ORDER BY decision_count DESC, decision
LIMIT ?2";

const CALL_FAILURES: &str = "
SELECT CAST(details ->> '$.status' AS TEXT) AS status, count(*)
FROM (SELECT CASE WHEN typeof(event_details) = 'text' AND json_valid(event_details) THEN event_details END AS details
      FROM telemetry
      WHERE ledger_id = ?1 AND log_type = 'LLM_CALL')
WHERE details ->> '$.status' <> 'ok'
GROUP BY status
ORDER BY count(*) DESC, status
LIMIT ?2";

/// With a single `min()`, `SQLite` takes the other columns from the row of the minimum.
const ANALYZER_ERRORS: &str = "
SELECT coalesce(CAST(details ->> '$.reason' AS TEXT), 'no reason is stored') AS reason, count(*),
       coalesce(subject, ''), min(id)
FROM (SELECT id, subject,
             CASE WHEN typeof(event_details) = 'text' AND json_valid(event_details) THEN event_details END AS details
      FROM telemetry
      WHERE ledger_id = ?1 AND log_type = 'ERROR')
WHERE details ->> '$.what' = 'analyzer_error'
GROUP BY reason
ORDER BY count(*) DESC, min(id)
LIMIT ?2";

const INTENT_ERRORS: &str = "
SELECT coalesce(CAST(details ->> '$.reason' AS TEXT), 'no reason is stored') AS reason,
       CAST(total(CASE WHEN json_type(details, '$.records') = 'integer' THEN max(details ->> '$.records', 1)
                       ELSE 1 END) AS INTEGER) AS record_count,
       coalesce(subject, ''), min(id)
FROM (SELECT id, subject,
             CASE WHEN typeof(event_details) = 'text' AND json_valid(event_details) THEN event_details END AS details
      FROM telemetry
      WHERE ledger_id = ?1 AND log_type = 'ERROR')
WHERE details ->> '$.what' = 'intent_failed'
GROUP BY reason
ORDER BY record_count DESC, min(id)
LIMIT ?2";

/// NULL if no call reports tokens. Sums use floating point, as above.
const TOKENS: &str = "
SELECT CASE WHEN count(prompt_tokens) > 0 THEN CAST(total(max(prompt_tokens, 0)) AS INTEGER) END,
       CASE WHEN count(answer_tokens) > 0 THEN CAST(total(max(answer_tokens, 0)) AS INTEGER) END
FROM (SELECT CASE WHEN json_type(details, '$.prompt_tokens') = 'integer' THEN details ->> '$.prompt_tokens' END
                 AS prompt_tokens,
             CASE WHEN json_type(details, '$.answer_tokens') = 'integer' THEN details ->> '$.answer_tokens' END
                 AS answer_tokens
      FROM (SELECT CASE WHEN typeof(event_details) = 'text' AND json_valid(event_details) THEN event_details END
                       AS details
            FROM telemetry
            WHERE ledger_id = ?1 AND log_type = 'LLM_CALL'))";

/// Tokens read and written by the calls that report them; `None` if no call does.
pub(crate) fn tokens(connection: &Connection, ledger_id: &str) -> Result<Option<u64>> {
    connection.query_row(TOKENS, [ledger_id], |row| {
        let (read, written) = (super::super::read_optional_count(row, 0)?, super::super::read_optional_count(row, 1)?);
        Ok(read.map_or(written, |read| Some(read.saturating_add(written.unwrap_or(0)))))
    })
}

/// Entries by type.
pub(crate) fn types(connection: &Connection, ledger_id: &str) -> Result<Vec<Counted>> {
    super::counted(connection, TYPES, ledger_id)
}

/// Decisions by kind.
pub(crate) fn decisions(connection: &Connection, ledger_id: &str) -> Result<Vec<Counted>> {
    super::counted(connection, DECISIONS, ledger_id)
}

/// Failed calls by status.
pub(crate) fn call_failures(connection: &Connection, ledger_id: &str) -> Result<Vec<Counted>> {
    super::counted(connection, CALL_FAILURES, ledger_id)
}

/// Analyzer errors by reason.
pub(crate) fn analyzer_errors(connection: &Connection, ledger_id: &str) -> Result<Vec<ErrorGroup>> {
    super::groups(connection, ANALYZER_ERRORS, ledger_id)
}

/// Failed intents by reason.
pub(crate) fn intent_errors(connection: &Connection, ledger_id: &str) -> Result<Vec<ErrorGroup>> {
    super::groups(connection, INTENT_ERRORS, ledger_id)
}
