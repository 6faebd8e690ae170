//! The table `not_read`: files of a run's tree that were not read, by file extension and reason.

use cds_model::NotRead;
use rusqlite::{Connection, Result, Statement, params};

use super::{Table, read_number};
use crate::{NotReadRow, RunId};

pub(crate) const TABLE: Table = Table {
    name: "not_read",
    create: "
CREATE TABLE IF NOT EXISTS not_read (
    run_id INTEGER NOT NULL REFERENCES runs(id),
    ending TEXT NOT NULL,
    reason TEXT NOT NULL,
    file_count INTEGER NOT NULL,
    PRIMARY KEY (run_id, ending, reason)
) WITHOUT ROWID",
    indexes: &[],
    guards: &[],
    insert: "INSERT INTO not_read (run_id, ending, reason, file_count) VALUES (?1, ?2, ?3, ?4)",
};

/// Limited, because another program may write any number of rows.
const OF_RUN: &str = "
SELECT ending, reason, file_count
FROM not_read
WHERE run_id = ?1
ORDER BY reason, file_count DESC, ending
LIMIT 1000";

/// Inserts one row; returns the number of rows written.
pub(crate) fn insert(statement: &mut Statement<'_>, run: RunId, row: &NotRead) -> Result<usize> {
    let count = i64::try_from(row.file_count).unwrap_or(i64::MAX);
    statement.execute(params![run.0, row.ending, row.reason.as_str(), count])
}

/// The rows of one run: by reason, the most frequent extensions first.
pub(crate) fn of_run(connection: &Connection, run: RunId) -> Result<Vec<NotReadRow>> {
    let mut statement = connection.prepare_cached(OF_RUN)?;
    let rows = statement.query_map([run.0], |row| {
        Ok(NotReadRow { ending: row.get(0)?, reason: row.get(1)?, file_count: read_number(row, 2)? })
    })?;
    rows.collect()
}
