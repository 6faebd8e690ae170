//! SQL that reads the compact layout.

use rusqlite::{Connection, Result};

use crate::{Layout, table};

/// A query that gives the same rows in both layouts.
///
/// The views would serve too, but `SQLite` cannot see that they are sorted by the id of the record, and would sort all
/// code of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) plain: &'static str,
    pub(crate) compact: &'static str,
}

impl Query {
    /// The text for the layout of this database.
    pub(crate) fn sql(&self, connection: &Connection) -> Result<&'static str> {
        Ok(self.of(table::layout(connection)?))
    }

    /// The text for a layout.
    pub(crate) const fn of(&self, layout: Layout) -> &'static str {
        match layout {
            Layout::Plain => self.plain,
            Layout::Compact => self.compact,
        }
    }
}

/// A query of tables that are the same in both layouts.
pub(crate) const fn same(sql: &'static str) -> Query {
    Query { plain: sql, compact: sql }
}

/// The tables of the records, in an order that reads the records of a run by ascending id.
macro_rules! ordered_records {
    () => {
        "run_records AS part
CROSS JOIN shared_records AS shared
      ON shared.id BETWEEN part.first_shared_id AND part.first_shared_id + part.record_count - 1
CROSS JOIN shared_contents AS content ON content.id = shared.content_id"
    };
}

/// The tables of the records, in an order that begins with the contents of a file.
///
/// A run has each shared record at most once, and the part that has it is the last one that begins before it.
macro_rules! records_of_file {
    () => {
        "shared_contents AS content
CROSS JOIN shared_records AS shared ON shared.content_id = content.id
CROSS JOIN run_records AS part
      ON shared.id BETWEEN part.first_shared_id AND part.first_shared_id + part.record_count - 1"
    };
}

/// The row of the record with the id in a parameter; a condition.
macro_rules! is_record {
    ($id:literal) => {
        concat!(
            "part.first_record_id = (SELECT max(first_record_id) FROM run_records WHERE first_record_id <= ",
            $id,
            ")
  AND shared.id = part.first_shared_id + ",
            $id,
            " - part.first_record_id"
        )
    };
}

/// The id of a record.
macro_rules! record_id {
    () => {
        "part.first_record_id + shared.id - part.first_shared_id"
    };
}

/// The code with the id in a column of `shared_contents`: one text, or its pieces in order.
///
/// `DuckDB` reads a view by its text, so this and all views are SQL that both know. The inner query sorts, and not the
/// aggregate: versions of `SQLite` before 3.44 cannot read `ORDER BY` there.
macro_rules! code {
    ($column:literal) => {
        concat!(
            "coalesce(
           (SELECT text FROM shared_texts WHERE id = content.",
            $column,
            "),
           (SELECT group_concat(text, '')
            FROM (SELECT CASE WHEN piece.indent IS NULL THEN leaf.text ELSE replace(leaf.text, '\n', '\n' || piece.indent)
                         END AS text
                  FROM shared_text_pieces AS piece JOIN shared_texts AS leaf ON leaf.id = piece.piece_id
                  WHERE piece.text_id = content.",
            $column,
            "
                  ORDER BY piece.position) AS pieces))"
        )
    };
}

/// The hashed fields of a record, in the order of `RECORD_FIELDS`.
macro_rules! hashed_fields {
    () => {
        concat!(
            "content.kind, content.file_path, content.signature, shared.start_line, shared.end_line,
       ",
            code!("raw_text"),
            ",
       ",
            code!("normalized_text"),
            ",
       content.md5sum, content.intent, content.intent_status, content.intent_error"
        )
    };
}

/// The question of a record; NULL if it has none.
macro_rules! question {
    () => {
        "content.question"
    };
}

/// The hash of a record as text; NULL if it has none.
macro_rules! content_hash {
    () => {
        "CASE lower(typeof(shared.content_hash))
           WHEN 'blob' THEN 'sha256:' || lower(hex(shared.content_hash))
           ELSE CAST(shared.content_hash AS TEXT)
       END"
    };
}

/// The shared records of a run with what decides whether they are equal to others.
pub(crate) const BASE: &str = concat!(
    "
SELECT content.file_path, shared.id, shared.content_hash, shared.field_sums, content.question, content.is_cut
FROM ",
    ordered_records!(),
    "
WHERE part.run_id = ?1
ORDER BY part.first_record_id, shared.id"
);

/// The hashed fields of a shared record.
pub(crate) const FIELDS_OF: &str = concat!(
    "
SELECT ",
    hashed_fields!(),
    "
FROM shared_records AS shared CROSS JOIN shared_contents AS content ON content.id = shared.content_id
WHERE shared.id = ?1"
);

/// Fills the tables of the plain layout.
pub(crate) const EXPAND: [&str; 4] = [
    "
INSERT INTO source_files (run_id, file_path, source_hash, language, analyzer, record_count)
SELECT part.run_id, file.file_path, file.source_hash, file.language, file.analyzer, file.record_count
FROM run_files AS part
CROSS JOIN shared_files AS file ON file.id BETWEEN part.first_file_id AND part.first_file_id + part.file_count - 1",
    concat!(
        "
INSERT INTO records (id, run_id, kind, file_path, signature, start_line, end_line, raw_code, normalized_code, md5sum, intent,
                     intent_status, intent_error)
SELECT ", record_id!(), ", part.run_id, ", hashed_fields!(), "
FROM ", ordered_records!(), "
ORDER BY part.first_record_id, shared.id"
    ),
    concat!(
        "
INSERT INTO record_questions (record_id, question, is_cut)
SELECT ", record_id!(), ", ", question!(), ", content.is_cut
FROM ", ordered_records!(), "
WHERE content.question IS NOT NULL
ORDER BY part.first_record_id, shared.id"
    ),
    concat!(
        "
INSERT INTO record_hashes (record_id, run_id, content_hash, field_sums)
SELECT ", record_id!(), ", part.run_id, ", content_hash!(), ", shared.field_sums
FROM ", ordered_records!(), "
WHERE shared.content_hash IS NOT NULL
ORDER BY part.first_record_id, shared.id"
    ),
];

pub(crate) use {code, content_hash, hashed_fields, is_record, ordered_records, question, record_id, records_of_file};
