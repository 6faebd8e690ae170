//! The table `source_files`: the files of a run, and what read each of them.

use cds_model::SourceFile;
use rusqlite::{Result, Statement, params};

use super::{Index, Table};
use crate::RunId;

pub(crate) const TABLE: Table = Table {
    name: "source_files",
    create: "
CREATE TABLE IF NOT EXISTS source_files (
    run_id INTEGER NOT NULL REFERENCES runs(id),
    file_path TEXT NOT NULL,
    source_hash BLOB NOT NULL,
    language TEXT NOT NULL,
    analyzer TEXT NOT NULL,
    record_count INTEGER NOT NULL,
    PRIMARY KEY (run_id, file_path)
) WITHOUT ROWID",
    indexes: &[Index {
        columns: "source_hash, file_path",
        create: "
CREATE INDEX IF NOT EXISTS idx_source_files_source_hash ON source_files(source_hash, file_path)",
    }],
    guards: &[],
    insert: "
INSERT INTO source_files (run_id, file_path, source_hash, language, analyzer, record_count)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
};

/// Inserts one row; returns the number of rows written.
pub(crate) fn insert(statement: &mut Statement<'_>, run: RunId, file: &SourceFile) -> Result<usize> {
    let hash = file.source_hash.0.as_slice();
    statement.execute(params![run.0, file.file_path, hash, file.language, file.analyzer, file.record_count])
}
