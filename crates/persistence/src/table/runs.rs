//! The table `runs`: one row a snapshot.

use cds_model::RunSnapshot;
use rusqlite::{Result, Statement, params};

use super::{Table, count};

pub(crate) const TABLE: Table = Table {
    name: "runs",
    create: "
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY,
    started_at TEXT NOT NULL,
    finished_at TEXT NOT NULL,
    root_path TEXT NOT NULL,
    provider_url TEXT NOT NULL,
    model TEXT NOT NULL,
    scope TEXT NOT NULL,
    progress_batch_size INTEGER NOT NULL,
    status TEXT NOT NULL,
    analyzer_error_count INTEGER NOT NULL,
    intent_failed_count INTEGER NOT NULL,
    record_count INTEGER NOT NULL
)",
    indexes: &[],
    insert: "
INSERT INTO runs (started_at, finished_at, root_path, provider_url, model, scope, progress_batch_size, status,
                  analyzer_error_count, intent_failed_count, record_count)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
};

/// Writes the run's row and says how many rows were written.
pub(crate) fn insert(statement: &mut Statement<'_>, snapshot: &RunSnapshot) -> Result<usize> {
    let settings = &snapshot.settings;
    statement.execute(params![
        snapshot.started_at.to_string(),
        snapshot.finished_at.to_string(),
        settings.root_path,
        settings.provider_url,
        settings.model,
        settings.scope.to_string(),
        settings.progress_batch_size,
        snapshot.status().as_str(),
        count(snapshot.errors.len()),
        count(snapshot.intent_failed_count()),
        count(snapshot.records.len()),
    ])
}
