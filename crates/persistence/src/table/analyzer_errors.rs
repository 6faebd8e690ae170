//! The table `analyzer_errors`: one row for each file or folder that a run lacks at least partly.

use cds_model::AnalyzerError;
use rusqlite::{Result, Statement, params};

use super::{Index, Table};
use crate::RunId;

pub(crate) const TABLE: Table = Table {
    name: "analyzer_errors",
    create: "
CREATE TABLE IF NOT EXISTS analyzer_errors (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs(id),
    file_path TEXT NOT NULL,
    line INTEGER,
    reason TEXT NOT NULL
)",
    indexes: &[Index {
        columns: "run_id",
        create: "CREATE INDEX IF NOT EXISTS idx_analyzer_errors_run_id ON analyzer_errors(run_id)",
    }],
    guards: &[],
    insert: "INSERT INTO analyzer_errors (run_id, file_path, line, reason) VALUES (?1, ?2, ?3, ?4)",
};

/// Inserts one analyzer error; returns the number of rows written.
pub(crate) fn insert(statement: &mut Statement<'_>, run: RunId, error: &AnalyzerError) -> Result<usize> {
    statement.execute(params![run.0, error.file_path, error.line, error.reason])
}
