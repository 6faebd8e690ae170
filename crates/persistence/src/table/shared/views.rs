//! The views of the compact layout: they have the names and columns of the plain tables.
//!
//! Their triggers let another program insert, change and remove records as in a plain database. A change concerns one
//! run only: it gives the record a shared row of its own.

use super::{
    super::{Table, record_hashes, record_questions, records},
    sql::{code, content_hash, question, record_id},
    triggers::{copy_with_question, cut_out, old_record, refuse_null, refuse_used_id},
};

/// The tables of the records. The contents come where they are best for a query: first if it looks for a file or a
/// fingerprint, otherwise last. Without `CROSS`, `SQLite` would look for the runs of each record last, and an unsorted
/// result would be in no order that a reader expects.
macro_rules! joined_records {
    () => {
        "run_records AS part
CROSS JOIN shared_records AS shared
JOIN shared_contents AS content ON content.id = shared.content_id
WHERE shared.id BETWEEN part.first_shared_id AND part.first_shared_id + part.record_count - 1"
    };
}

pub(crate) const RECORDS: Table = Table {
    name: records::TABLE.name,
    create: concat!(
        "
CREATE VIEW IF NOT EXISTS records AS
SELECT CAST(",
        record_id!(),
        " AS BIGINT) AS id,
       part.run_id AS run_id,
       content.kind AS kind,
       content.file_path AS file_path,
       content.signature AS signature,
       shared.start_line AS start_line,
       shared.end_line AS end_line,
       ",
        code!("raw_text"),
        " AS raw_code,
       ",
        code!("normalized_text"),
        " AS normalized_code,
       content.md5sum AS md5sum,
       content.intent AS intent,
       content.intent_status AS intent_status,
       content.intent_error AS intent_error
FROM ",
        joined_records!()
    ),
    indexes: &[],
    guards: &[
        concat!(
            "CREATE TRIGGER IF NOT EXISTS records_insert INSTEAD OF INSERT ON records
BEGIN
    ",
            refuse_null!(),
            "
    ",
            refuse_used_id!("NEW.id IS NOT NULL"),
            "
    INSERT INTO shared_texts (text) VALUES (NEW.raw_code);
    INSERT INTO shared_texts (text) VALUES (NEW.normalized_code);
    INSERT INTO shared_contents (kind, file_path, signature, raw_text, normalized_text, md5sum, intent, intent_status,
                                 intent_error)
    SELECT NEW.kind, NEW.file_path, NEW.signature, max(id) - 1, max(id), NEW.md5sum, NEW.intent, NEW.intent_status,
           NEW.intent_error
    FROM shared_texts;
    INSERT INTO shared_records (content_id, start_line, end_line)
    SELECT max(id), NEW.start_line, NEW.end_line FROM shared_contents;
    INSERT INTO run_records (first_record_id, run_id, first_shared_id, record_count)
    SELECT coalesce(NEW.id,
                    (SELECT first_record_id + record_count FROM run_records ORDER BY first_record_id DESC LIMIT 1),
                    1),
           NEW.run_id, max(id), 1
    FROM shared_records;
END"
        ),
        concat!(
            "CREATE TRIGGER IF NOT EXISTS records_update INSTEAD OF UPDATE ON records
BEGIN
    ",
            refuse_null!(),
            "
    ",
            refuse_used_id!("NEW.id IS NOT OLD.id"),
            "
    INSERT INTO shared_texts (text) SELECT NEW.normalized_code WHERE NEW.normalized_code IS NOT OLD.normalized_code;
    INSERT INTO shared_texts (text) SELECT NEW.raw_code WHERE NEW.raw_code IS NOT OLD.raw_code;
    INSERT INTO shared_contents (kind, file_path, signature, raw_text, normalized_text, md5sum, intent, intent_status,
                                 intent_error, question, is_cut)
    SELECT NEW.kind, NEW.file_path, NEW.signature,
           iif(NEW.raw_code IS OLD.raw_code, content.raw_text, (SELECT max(id) FROM shared_texts)),
           iif(NEW.normalized_code IS OLD.normalized_code, content.normalized_text,
               (SELECT max(id) FROM shared_texts) - (NEW.raw_code IS NOT OLD.raw_code)),
           NEW.md5sum, NEW.intent, NEW.intent_status, NEW.intent_error, content.question, content.is_cut
    FROM ",
            old_record!("OLD.id"),
            ";
    INSERT INTO shared_records (content_id, start_line, end_line, content_hash, field_sums)
    SELECT (SELECT max(id) FROM shared_contents), NEW.start_line, NEW.end_line, shared.content_hash, shared.field_sums
    FROM ",
            old_record!("OLD.id"),
            ";
    ",
            cut_out!("OLD.id"),
            "
    INSERT INTO run_records (first_record_id, run_id, first_shared_id, record_count)
    SELECT NEW.id, NEW.run_id, max(id), 1 FROM shared_records;
END"
        ),
        concat!(
            "CREATE TRIGGER IF NOT EXISTS records_delete INSTEAD OF DELETE ON records
BEGIN
    ",
            cut_out!("OLD.id"),
            "
END"
        ),
    ],
    insert: records::TABLE.insert,
};

/// The arm without a table keeps `SQLite` from merging the view into a query. It then builds an index over it for a
/// join on the id of the record, which is computed and has no other index.
pub(crate) const RECORD_QUESTIONS: Table = Table {
    name: record_questions::TABLE.name,
    create: concat!(
        "
CREATE VIEW IF NOT EXISTS record_questions AS
SELECT CAST(",
        record_id!(),
        " AS BIGINT) AS record_id,
       ",
        question!(),
        " AS question,
       content.is_cut AS is_cut
FROM ",
        joined_records!(),
        " AND content.question IS NOT NULL
UNION ALL
SELECT NULL, NULL, NULL WHERE 0 = 1"
    ),
    indexes: &[],
    guards: &[
        concat!(
            "CREATE TRIGGER IF NOT EXISTS record_questions_insert INSTEAD OF INSERT ON record_questions
BEGIN
    SELECT RAISE(ABORT, 'NOT NULL constraint failed: record_questions')
    WHERE NEW.question IS NULL OR NEW.is_cut IS NULL;
    SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: record_questions.record_id')
    WHERE NOT EXISTS (SELECT 1 FROM ",
            old_record!("NEW.record_id"),
            ");
    SELECT RAISE(ABORT, 'UNIQUE constraint failed: record_questions.record_id')
    FROM ",
            old_record!("NEW.record_id"),
            "
    WHERE content.question IS NOT NULL;
    ",
            copy_with_question!("NEW.record_id", "NEW.question", "NEW.is_cut"),
            "
END"
        ),
        concat!(
            "CREATE TRIGGER IF NOT EXISTS record_questions_update INSTEAD OF UPDATE ON record_questions
BEGIN
    SELECT RAISE(ABORT, 'the record of a question never changes') WHERE NEW.record_id IS NOT OLD.record_id;
    SELECT RAISE(ABORT, 'NOT NULL constraint failed: record_questions')
    WHERE NEW.question IS NULL OR NEW.is_cut IS NULL;
    ",
            copy_with_question!("OLD.record_id", "NEW.question", "NEW.is_cut"),
            "
END"
        ),
        concat!(
            "CREATE TRIGGER IF NOT EXISTS record_questions_delete INSTEAD OF DELETE ON record_questions
BEGIN
    ",
            copy_with_question!("OLD.record_id", "NULL", "NULL"),
            "
END"
        ),
    ],
    insert: record_questions::TABLE.insert,
};

/// See [`RECORD_QUESTIONS`] for the arm without a table.
pub(crate) const RECORD_HASHES: Table = Table {
    name: record_hashes::TABLE.name,
    create: concat!(
        "
CREATE VIEW IF NOT EXISTS record_hashes AS
SELECT CAST(",
        record_id!(),
        " AS BIGINT) AS record_id,
       part.run_id AS run_id,
       ",
        content_hash!(),
        " AS content_hash,
       shared.field_sums AS field_sums
FROM run_records AS part
CROSS JOIN shared_records AS shared
WHERE shared.id BETWEEN part.first_shared_id AND part.first_shared_id + part.record_count - 1
  AND shared.content_hash IS NOT NULL
UNION ALL
SELECT NULL, NULL, NULL, NULL WHERE 0 = 1"
    ),
    indexes: &[],
    guards: &[
        "CREATE TRIGGER IF NOT EXISTS record_hashes_insert INSTEAD OF INSERT ON record_hashes
BEGIN SELECT RAISE(ABORT, 'record_hashes is append-only'); END",
        "CREATE TRIGGER IF NOT EXISTS record_hashes_update INSTEAD OF UPDATE ON record_hashes
BEGIN SELECT RAISE(ABORT, 'record_hashes is append-only'); END",
        "CREATE TRIGGER IF NOT EXISTS record_hashes_delete INSTEAD OF DELETE ON record_hashes
BEGIN SELECT RAISE(ABORT, 'record_hashes is append-only; cds runs prune removes whole snapshots'); END",
    ],
    insert: record_hashes::TABLE.insert,
};
