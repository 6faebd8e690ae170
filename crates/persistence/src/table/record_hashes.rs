//! The table `record_hashes`: the hashes of each record at the time it was written.
//!
//! Rows may be removed only after `snapshot_chain` records that their snapshot is pruned.

use cds_model::RecordHashes;
use rusqlite::{Connection, Result, Statement, params};

use super::{Table, shared::Query};
use crate::RunId;

pub(crate) const TABLE: Table = Table {
    name: "record_hashes",
    create: "
CREATE TABLE IF NOT EXISTS record_hashes (
    record_id INTEGER PRIMARY KEY NOT NULL REFERENCES records(id) DEFERRABLE INITIALLY DEFERRED,
    run_id INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    field_sums BLOB NOT NULL
) WITHOUT ROWID",
    indexes: &[],
    guards: &[
        "CREATE TRIGGER IF NOT EXISTS record_hashes_insert BEFORE INSERT ON record_hashes
WHEN EXISTS (SELECT 1 FROM record_hashes WHERE record_id = NEW.record_id)
BEGIN SELECT RAISE(FAIL, 'record_hashes is append-only'); END",
        "CREATE TRIGGER IF NOT EXISTS record_hashes_update BEFORE UPDATE ON record_hashes
BEGIN SELECT RAISE(ABORT, 'record_hashes is append-only'); END",
        "CREATE TRIGGER IF NOT EXISTS record_hashes_delete BEFORE DELETE ON record_hashes
WHEN NOT EXISTS (SELECT 1 FROM snapshot_chain WHERE run_id = OLD.run_id AND event = 'pruned')
BEGIN SELECT RAISE(ABORT, 'record_hashes is append-only; cds runs prune removes whole snapshots'); END",
    ],
    insert: "INSERT OR FAIL INTO record_hashes (record_id, run_id, content_hash, field_sums) VALUES (?1, ?2, ?3, ?4)",
};

/// In the compact layout there is no hash without its record.
const LAST: Query = Query { plain: "SELECT max(record_id) FROM record_hashes", compact: "SELECT NULL" };

/// The highest id of a record with stored hashes.
pub(crate) fn last(connection: &Connection) -> Result<Option<i64>> {
    connection.query_row(LAST.sql(connection)?, [], |row| row.get(0))
}

/// Inserts the hashes of one record; returns the number of rows written.
pub(crate) fn insert(
    statement: &mut Statement<'_>,
    record_id: i64,
    run: RunId,
    hashes: &RecordHashes,
) -> Result<usize> {
    statement.execute(params![record_id, run.0, hashes.content.to_string(), hashes.field_sums])
}
