//! The table `runs`: one row for each snapshot.

use cds_model::{RunSettings, RunSnapshot};
use rusqlite::{Connection, OptionalExtension, Result, Row, Statement, params};

use super::{Table, count, read_optional_count, read_text};
use crate::{RunId, SnapshotRow};

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
    guards: &[],
    insert: "
INSERT INTO runs (id, started_at, finished_at, root_path, provider_url, model, scope, progress_batch_size, status,
                  analyzer_error_count, intent_failed_count, record_count)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
};

const LAST: &str = "SELECT max(id) FROM runs";

const BY_ID: &str = "
SELECT id, started_at, finished_at, root_path, provider_url, model, scope, progress_batch_size, status,
       analyzer_error_count, intent_failed_count, record_count
FROM runs
WHERE id = ?1";

const NEWEST_FIRST: &str = "SELECT id FROM runs ORDER BY id DESC";

const NEWEST: &str = "SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET ?1";
const BEFORE: &str = "SELECT id FROM runs WHERE id < ?1 ORDER BY id DESC LIMIT ?2";

const BEHIND: &str = "SELECT id FROM runs WHERE id > ?1 ORDER BY id LIMIT ?2";

/// Only runs of other programs: our own are found by their project.
const HAS_RECORDS_OF: &str = "
SELECT coalesce((SELECT record_count > 0
                 FROM runs
                 WHERE root_path = ?1 AND id NOT IN (SELECT snapshot_id FROM runs_ledger WHERE snapshot_id IS NOT NULL)
                 ORDER BY id DESC
                 LIMIT 1), 0)";

/// Whether the last snapshot of this tree by another program has records.
pub(crate) fn has_records_of(connection: &Connection, root_path: &str) -> Result<bool> {
    connection.query_row(HAS_RECORDS_OF, [root_path], |row| row.get(0))
}

const IS_DERIVED: &str = "SELECT EXISTS (SELECT 1 FROM runs WHERE id = ?1 AND provider_url = ?2)";

/// Whether the sentences of a run come from the embedded provider.
pub(crate) fn is_derived(connection: &Connection, run: RunId) -> Result<bool> {
    connection.prepare_cached(IS_DERIVED)?.query_row((run.0, RunSettings::EMBEDDED), |row| row.get(0))
}

const LAST_OF_TREE: &str = "SELECT max(id) FROM runs WHERE root_path = ?1 AND id <> ?2";

/// The highest number of another run of this tree.
pub(crate) fn last_of_tree(connection: &Connection, root_path: &str, run: RunId) -> Result<Option<RunId>> {
    connection.query_row(LAST_OF_TREE, (root_path, run.0), |row| Ok(row.get::<_, Option<i64>>(0)?.map(RunId)))
}

/// The highest number of an existing run.
pub(crate) fn last(connection: &Connection) -> Result<Option<i64>> {
    connection.query_row(LAST, [], |row| row.get(0))
}

/// Inserts the run; returns the number of rows written. Without a `number`, `SQLite` assigns one.
pub(crate) fn insert(statement: &mut Statement<'_>, number: Option<i64>, snapshot: &RunSnapshot) -> Result<usize> {
    let settings = &snapshot.settings;
    statement.execute(params![
        number,
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

/// The row of one run, if it exists.
pub(crate) fn snapshot(connection: &Connection, run: RunId) -> Result<Option<SnapshotRow>> {
    connection.prepare_cached(BY_ID)?.query_row([run.0], read).optional()
}

/// Every run, the highest number first.
pub(crate) fn newest_first(connection: &Connection) -> Result<Vec<RunId>> {
    connection.prepare(NEWEST_FIRST)?.query_map([], |row| row.get(0).map(RunId))?.collect()
}

/// The number of the snapshot that is `offset` positions before the one with the highest number.
pub(crate) fn newest(connection: &Connection, offset: usize) -> Result<Option<RunId>> {
    let mut statement = connection.prepare(NEWEST)?;
    statement.query_row([count(offset)], |row| row.get(0).map(RunId)).optional()
}

/// Up to `limit` runs with the nearest numbers to `number`, nearest first.
pub(crate) fn nearest(connection: &Connection, number: i64, limit: usize) -> Result<Vec<RunId>> {
    let mut runs = Vec::new();
    for sql in [BEFORE, BEHIND] {
        for run in connection.prepare(sql)?.query_map((number, count(limit)), |row| row.get(0).map(RunId))? {
            runs.push(run?);
        }
    }
    runs.sort_by_key(|run| run.0.abs_diff(number));
    runs.truncate(limit);
    Ok(runs)
}

fn read(row: &Row<'_>) -> Result<SnapshotRow> {
    Ok(SnapshotRow {
        id: RunId(row.get(0)?),
        started_at: read_text(row, 1)?,
        finished_at: read_text(row, 2)?,
        root_path: read_text(row, 3)?,
        provider_url: read_text(row, 4)?,
        model: read_text(row, 5)?,
        scope: read_text(row, 6)?,
        progress_batch_size: row.get_ref(7)?.as_i64().unwrap_or_default(),
        status: read_text(row, 8)?,
        analyzer_error_count: read_optional_count(row, 9)?.unwrap_or_default(),
        intent_failed_count: read_optional_count(row, 10)?.unwrap_or_default(),
        record_count: read_optional_count(row, 11)?.unwrap_or_default(),
    })
}
