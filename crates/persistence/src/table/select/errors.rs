//! Reads the errors of one snapshot, grouped by reason.
//!
//! With a single `min()`, `SQLite` takes the other columns from the row of the minimum, so the example is the first
//! one.

use rusqlite::{Connection, Result};

use crate::{ErrorGroup, RunId};

const ANALYZER_ERRORS: &str = "
SELECT reason, count(*), CASE WHEN line IS NULL THEN file_path ELSE file_path || ':' || line END, min(id)
FROM analyzer_errors
WHERE run_id = ?1
GROUP BY reason
ORDER BY count(*) DESC, min(id)
LIMIT ?2";

/// A record of another program may have no reason.
const INTENT_ERRORS: &str = "
SELECT coalesce(intent_error, 'no reason is stored') AS reason, count(*), file_path || ':' || start_line, min(id)
FROM records
WHERE run_id = ?1 AND intent_status = 'failed'
GROUP BY reason
ORDER BY count(*) DESC, min(id)
LIMIT ?2";

/// Analyzer errors.
pub(crate) fn analyzer_errors(connection: &Connection, run: RunId) -> Result<Vec<ErrorGroup>> {
    super::groups(connection, ANALYZER_ERRORS, run.0)
}

/// Failed intents.
pub(crate) fn intent_errors(connection: &Connection, run: RunId) -> Result<Vec<ErrorGroup>> {
    super::groups(connection, INTENT_ERRORS, run.0)
}
