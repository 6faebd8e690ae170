//! The hash over a run without its records: its row, analyzer errors, questions, enrichment account, files not read and
//! files read.
//! It leaves out ids that only this database assigns.

use cds_model::{FieldHasher, FieldValue, Fingerprint};
use rusqlite::{Connection, Result, types::ValueRef};

use super::{
    Table, analyzer_errors, enrichments, not_read, record_questions, runs,
    shared::{Query, ordered_records, question, record_id, same},
    source_files,
};
use crate::RunId;

/// The hashed tables, in order; each row is hashed as the name of its table and these columns.
const PARTS: [(&Table, Query); 6] = [
    (
        &runs::TABLE,
        same("
SELECT started_at, finished_at, root_path, provider_url, model, scope, progress_batch_size, status, analyzer_error_count,
       intent_failed_count, record_count
FROM runs
WHERE id = ?1"),
    ),
    (
        &analyzer_errors::TABLE,
        same("
SELECT id - (SELECT min(id) FROM analyzer_errors WHERE run_id = ?1), file_path, line, reason
FROM analyzer_errors
WHERE run_id = ?1
ORDER BY id"),
    ),
    (
        // Record ids of a run are consecutive, so the position of a record follows from its id.
        &record_questions::TABLE,
        Query {
            plain: "
SELECT record_id - (SELECT min(id) FROM records WHERE run_id = ?1), question, is_cut
FROM record_questions
WHERE record_id BETWEEN (SELECT min(id) FROM records WHERE run_id = ?1)
                    AND (SELECT max(id) FROM records WHERE run_id = ?1)
ORDER BY record_id",
            compact: concat!(
                "
SELECT ", record_id!(), " - (SELECT min(first_record_id) FROM run_records WHERE run_id = ?1), ", question!(), ", content.is_cut
FROM ", ordered_records!(), "
WHERE part.run_id = ?1 AND content.question IS NOT NULL
ORDER BY part.first_record_id, shared.id"
            ),
        },
    ),
    (
        &enrichments::TABLE,
        same("
SELECT selected_count, asked_count, reused_count, shared_count, failed_count, retried_count, call_count, cut_count,
       prompt_tokens, answer_tokens, elapsed_seconds, mean_latency_seconds, p95_latency_seconds
FROM enrichments
WHERE run_id = ?1"),
    ),
    (
        // A run without rows here has the same hash as before this table existed.
        &not_read::TABLE,
        same("
SELECT ending, reason, file_count
FROM not_read
WHERE run_id = ?1
ORDER BY ending, reason"),
    ),
    (
        // Likewise.
        &source_files::TABLE,
        same("
SELECT file_path, source_hash, language, analyzer, record_count
FROM source_files
WHERE run_id = ?1
ORDER BY file_path"),
    ),
];

const IS_TABLE: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ?1)";

/// The tables that a database of an earlier version may lack.
const LATER: [&Table; 2] = [&not_read::TABLE, &source_files::TABLE];

/// The hash over the stored rows.
pub(crate) fn of(connection: &Connection, run: RunId) -> Result<Fingerprint> {
    of_parts(connection, run, &|table| {
        if LATER.iter().all(|later| later.name != table.name) {
            return Ok(true);
        }
        connection.query_row(IS_TABLE, [table.name], |row| row.get(0))
    })
}

/// The same if tables may be missing: a table that `has` does not find counts as empty.
pub(crate) fn of_parts(
    connection: &Connection,
    run: RunId,
    has: &dyn Fn(&Table) -> Result<bool>,
) -> Result<Fingerprint> {
    let mut hasher = FieldHasher::new("cds run 1");
    for (table, query) in PARTS {
        if !has(table)? {
            continue;
        }
        let mut statement = connection.prepare(query.sql(connection)?)?;
        let column_count = statement.column_count();
        let mut rows = statement.query([run.0])?;
        while let Some(row) = rows.next()? {
            hasher.push(table.name.into());
            for column in 0..column_count {
                hasher.push(field_value(row.get_ref(column)?));
            }
        }
    }
    Ok(hasher.finish())
}

/// Converts a stored value for hashing.
pub(crate) fn field_value(value: ValueRef<'_>) -> FieldValue<'_> {
    match value {
        ValueRef::Null => FieldValue::Null,
        ValueRef::Integer(number) => FieldValue::Integer(number),
        ValueRef::Real(number) => FieldValue::Real(number),
        ValueRef::Text(bytes) => FieldValue::Text(bytes),
        ValueRef::Blob(bytes) => FieldValue::Blob(bytes),
    }
}
