//! The tables `shared_files` and `run_files`, and the view `source_files` over them: which files runs have.

use cds_model::FieldValue;
use rusqlite::{Result, Statement};

use super::{
    super::{Index, Table, bound::Bound, source_files},
    guards::{delete_guard, insert_guard, update_guard},
};

/// The columns of `source_files` besides the run.
pub(crate) const FILE_FIELDS: usize = 5;

pub(crate) const FILES: Table = Table {
    name: "shared_files",
    create: "
CREATE TABLE IF NOT EXISTS shared_files (
    id INTEGER PRIMARY KEY,
    file_path TEXT NOT NULL,
    source_hash BLOB NOT NULL,
    language TEXT NOT NULL,
    analyzer TEXT NOT NULL,
    record_count INTEGER NOT NULL
)",
    indexes: &[Index {
        columns: "source_hash, file_path",
        create: "
CREATE INDEX IF NOT EXISTS idx_shared_files_source_hash ON shared_files(source_hash, file_path)",
    }],
    guards: &[
        insert_guard!("shared_files", "id = NEW.id"),
        update_guard!("shared_files"),
        delete_guard!(
            "shared_files",
            "EXISTS (SELECT 1 FROM run_files WHERE first_file_id <= OLD.id AND OLD.id < first_file_id + file_count)"
        ),
    ],
    insert: "
INSERT OR FAIL INTO shared_files (id, file_path, source_hash, language, analyzer, record_count)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
};

pub(crate) const RUN_FILES: Table = Table {
    name: "run_files",
    create: "
CREATE TABLE IF NOT EXISTS run_files (
    run_id INTEGER NOT NULL REFERENCES runs(id),
    first_file_id INTEGER NOT NULL,
    file_count INTEGER NOT NULL,
    PRIMARY KEY (run_id, first_file_id)
) WITHOUT ROWID",
    indexes: &[],
    guards: &[],
    insert: "INSERT INTO run_files (run_id, first_file_id, file_count) VALUES (?1, ?2, ?3)",
};

/// The shared file with the path of a row of the view.
macro_rules! file_id {
    ($row:literal) => {
        concat!(
            "(SELECT file.id
     FROM run_files AS part
     CROSS JOIN shared_files AS file ON file.id BETWEEN part.first_file_id AND part.first_file_id + part.file_count - 1
     WHERE part.run_id = ",
            $row,
            ".run_id AND file.file_path = ",
            $row,
            ".file_path)"
        )
    };
}

/// Takes a file out of its run: what follows it becomes a part of its own.
macro_rules! cut_file_out {
    () => {
        concat!(
            "INSERT INTO run_files (run_id, first_file_id, file_count)
    SELECT run_id, id + 1, first_file_id + file_count - id - 1
    FROM run_files CROSS JOIN (SELECT ",
            file_id!("OLD"),
            " AS id)
    WHERE run_id = OLD.run_id AND first_file_id <= id AND first_file_id + file_count - 1 > id;
    UPDATE run_files
    SET file_count = ",
            file_id!("OLD"),
            " - first_file_id
    WHERE run_id = OLD.run_id
      AND first_file_id < ",
            file_id!("OLD"),
            " AND first_file_id + file_count > ",
            file_id!("OLD"),
            ";
    DELETE FROM run_files WHERE run_id = OLD.run_id AND first_file_id = ",
            file_id!("OLD"),
            ";"
        )
    };
}

/// Gives a run a file of its own.
macro_rules! add_file {
    () => {
        "INSERT INTO shared_files (file_path, source_hash, language, analyzer, record_count)
    VALUES (NEW.file_path, NEW.source_hash, NEW.language, NEW.analyzer, NEW.record_count);
    INSERT INTO run_files (run_id, first_file_id, file_count) SELECT NEW.run_id, max(id), 1 FROM shared_files;"
    };
}

pub(crate) const SOURCE_FILES: Table = Table {
    name: source_files::TABLE.name,
    create: "
CREATE VIEW IF NOT EXISTS source_files AS
SELECT part.run_id AS run_id,
       file.file_path AS file_path,
       file.source_hash AS source_hash,
       file.language AS language,
       file.analyzer AS analyzer,
       file.record_count AS record_count
FROM run_files AS part
JOIN shared_files AS file ON file.id BETWEEN part.first_file_id AND part.first_file_id + part.file_count - 1",
    indexes: &[],
    guards: &[
        concat!(
            "CREATE TRIGGER IF NOT EXISTS source_files_insert INSTEAD OF INSERT ON source_files
BEGIN
    SELECT RAISE(ABORT, 'UNIQUE constraint failed: source_files.run_id, source_files.file_path')
    WHERE ",
            file_id!("NEW"),
            " IS NOT NULL;
    ",
            add_file!(),
            "
END"
        ),
        concat!(
            "CREATE TRIGGER IF NOT EXISTS source_files_update INSTEAD OF UPDATE ON source_files
BEGIN
    ",
            cut_file_out!(),
            "
    ",
            add_file!(),
            "
END"
        ),
        concat!(
            "CREATE TRIGGER IF NOT EXISTS source_files_delete INSTEAD OF DELETE ON source_files
BEGIN
    ",
            cut_file_out!(),
            "
END"
        ),
    ],
    insert: source_files::TABLE.insert,
};

/// The ids of equal files.
pub(crate) const EQUAL_FILES: &str = "
SELECT id
FROM shared_files
WHERE source_hash = ?2 AND file_path = ?1 AND language IS ?3 AND analyzer IS ?4 AND record_count IS ?5
ORDER BY id DESC
LIMIT 1";

pub(crate) const LAST_FILE: &str = "SELECT coalesce(max(id), 0) FROM shared_files";

/// The files of the plain layout, for a conversion.
pub(crate) const PLAIN_FILES: &str = "
SELECT file_path, source_hash, language, analyzer, record_count FROM source_files WHERE run_id = ?1 ORDER BY file_path";

pub(crate) const PLAIN_FILE_RUNS: &str = "SELECT DISTINCT run_id FROM source_files ORDER BY run_id";

/// Inserts one file; returns the number of rows written.
pub(crate) fn insert_file(
    statement: &mut Statement<'_>,
    id: i64,
    fields: [FieldValue<'_>; FILE_FIELDS],
) -> Result<usize> {
    statement.raw_bind_parameter(1, id)?;
    for (field, position) in fields.into_iter().zip(2..) {
        statement.raw_bind_parameter(position, Bound(field))?;
    }
    statement.raw_execute()
}
