//! The table `shared_contents`: definitions and files without their lines, as many runs share them.

use cds_model::FieldValue;
use rusqlite::{Result, Statement};

use super::{
    super::{Index, Table, bound::Bound},
    guards::{delete_guard, insert_guard, update_guard},
};

/// The columns besides the id.
pub(crate) const CONTENT_FIELDS: usize = 11;

pub(crate) const TABLE: Table = Table {
    name: "shared_contents",
    // The types are those of the plain tables, so that SQLite converts values of other programs in the same way.
    create: "
CREATE TABLE IF NOT EXISTS shared_contents (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    file_path TEXT NOT NULL,
    signature TEXT,
    raw_text INTEGER NOT NULL,
    normalized_text INTEGER NOT NULL,
    md5sum TEXT NOT NULL,
    intent TEXT,
    intent_status TEXT NOT NULL,
    intent_error TEXT,
    question TEXT,
    is_cut INTEGER
)",
    indexes: &[
        Index {
            columns: "file_path",
            create: "CREATE INDEX IF NOT EXISTS idx_shared_contents_file_path ON shared_contents(file_path)",
        },
        Index {
            columns: "md5sum",
            create: "CREATE INDEX IF NOT EXISTS idx_shared_contents_md5sum ON shared_contents(md5sum)",
        },
    ],
    guards: &[
        insert_guard!("shared_contents", "id = NEW.id"),
        update_guard!("shared_contents"),
        delete_guard!("shared_contents", "EXISTS (SELECT 1 FROM shared_records WHERE content_id = OLD.id)"),
    ],
    insert: "
INSERT OR FAIL INTO shared_contents (id, kind, file_path, signature, raw_text, normalized_text, md5sum, intent,
                             intent_status, intent_error, question, is_cut)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
};

/// The content of a shared record, the id first.
pub(crate) const CONTENT_OF: &str = "
SELECT content.id, content.kind, content.file_path, content.signature, content.raw_text, content.normalized_text,
       content.md5sum, content.intent, content.intent_status, content.intent_error, content.question, content.is_cut
FROM shared_records AS shared CROSS JOIN shared_contents AS content ON content.id = shared.content_id
WHERE shared.id = ?1";

/// Inserts one row; returns the number of rows written.
pub(crate) fn insert(
    statement: &mut Statement<'_>,
    id: i64,
    fields: &[FieldValue<'_>; CONTENT_FIELDS],
) -> Result<usize> {
    statement.raw_bind_parameter(1, id)?;
    for (field, position) in fields.iter().zip(2..) {
        statement.raw_bind_parameter(position, Bound(*field))?;
    }
    statement.raw_execute()
}
