//! The table `records`: one row for each file, class, function or method of a run.

use cds_model::Record;
use rusqlite::{Connection, Result, Statement, params};

use super::{Index, Table, shared::Query};
use crate::RunId;

pub(crate) const TABLE: Table = Table {
    name: "records",
    create: "
CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs(id),
    kind TEXT NOT NULL,
    file_path TEXT NOT NULL,
    signature TEXT,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    raw_code TEXT NOT NULL,
    normalized_code TEXT NOT NULL,
    md5sum TEXT NOT NULL,
    intent TEXT,
    intent_status TEXT NOT NULL,
    intent_error TEXT
)",
    indexes: &[
        Index { columns: "run_id", create: "CREATE INDEX IF NOT EXISTS idx_records_run_id ON records(run_id)" },
        Index {
            columns: "file_path",
            create: "CREATE INDEX IF NOT EXISTS idx_records_file_path ON records(file_path)",
        },
        Index { columns: "md5sum", create: "CREATE INDEX IF NOT EXISTS idx_records_md5sum ON records(md5sum)" },
        Index {
            columns: "intent_status",
            create: "CREATE INDEX IF NOT EXISTS idx_records_intent_status ON records(intent_status)",
        },
    ],
    guards: &[],
    insert: "
INSERT INTO records (id, run_id, kind, file_path, signature, start_line, end_line, raw_code, normalized_code, md5sum,
                     intent, intent_status, intent_error)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
};

const LAST: Query = Query {
    plain: "SELECT max(id) FROM records",
    compact: "SELECT (SELECT first_record_id + record_count - 1 FROM run_records ORDER BY first_record_id DESC LIMIT 1)",
};

/// The highest id of an existing record.
pub(crate) fn last(connection: &Connection) -> Result<Option<i64>> {
    connection.query_row(LAST.sql(connection)?, [], |row| row.get(0))
}

/// Inserts one record; returns the number of rows written. Without an `id`, `SQLite` assigns the next one.
pub(crate) fn insert(statement: &mut Statement<'_>, id: Option<i64>, run: RunId, record: &Record) -> Result<usize> {
    statement.execute(params![
        id,
        run.0,
        record.kind.as_str(),
        &*record.file_path,
        record.signature.as_deref(),
        record.start_line,
        record.end_line,
        record.raw_code.as_str(),
        &*record.normalized_code,
        record.md5sum.to_string(),
        record.intent.text(),
        record.intent.status().as_str(),
        record.intent.error(),
    ])
}
