//! The table `shared_records`: definitions and files at their lines, with the hashes of the record.

use cds_model::FieldValue;
use rusqlite::{Result, Statement};

use super::{
    super::{Index, Table, bound::Bound},
    guards::{delete_guard, insert_guard, update_guard},
};

pub(crate) const TABLE: Table = Table {
    name: "shared_records",
    // A hash of 64 digits is stored as 32 bytes, anything else as it is.
    create: "
CREATE TABLE IF NOT EXISTS shared_records (
    id INTEGER PRIMARY KEY,
    content_id INTEGER NOT NULL REFERENCES shared_contents(id) DEFERRABLE INITIALLY DEFERRED,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    content_hash BLOB,
    field_sums BLOB
)",
    indexes: &[Index {
        columns: "content_id",
        create: "CREATE INDEX IF NOT EXISTS idx_shared_records_content_id ON shared_records(content_id)",
    }],
    guards: &[
        insert_guard!("shared_records", "id = NEW.id"),
        update_guard!("shared_records"),
        delete_guard!(
            "shared_records",
            "EXISTS (SELECT 1 FROM run_records
             WHERE first_shared_id <= OLD.id AND OLD.id < first_shared_id + record_count)"
        ),
    ],
    insert: "
INSERT OR FAIL INTO shared_records (id, content_id, start_line, end_line, content_hash, field_sums)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
};

/// Inserts one row; returns the number of rows written.
pub(crate) fn insert(
    statement: &mut Statement<'_>,
    id: i64,
    content_id: i64,
    lines: [FieldValue<'_>; 2],
    hashes: [FieldValue<'_>; 2],
) -> Result<usize> {
    statement.raw_bind_parameter(1, id)?;
    statement.raw_bind_parameter(2, content_id)?;
    for (value, position) in lines.into_iter().chain(hashes).zip(3..) {
        statement.raw_bind_parameter(position, Bound(value))?;
    }
    statement.raw_execute()
}
