//! The tables of a run as Parquet files: names, columns and conversion of values.
//!
//! - `run.parquet` has the row of the run, `records.parquet` its records, `errors.parquet` its analyzer errors. Any
//!   other file has the name of its table.
//! - Engines take the columns `project` and `run_id` from the directory names. A database column with one of these
//!   names is renamed in the file.
//! - The hashes that chain the rows of `unit_history` are left out.
//! - `records.parquet` has an additional column `content_hash`: equal hashes mean equal records. `manifest.json` has
//!   the root over it.
//!
//! To join files, use `project` and `run_id`: `run.parquet` for model, time and tree; `record_questions.parquet` with
//! `record_id = records.id`; `intent_cache.parquet` with `question` from there for the model that answered.

use cds_model::FieldValue;
use cds_persistence::{ColumnKind, RunTable, SqliteReader};

use crate::{ColumnSpec, ColumnType, Error, Value};

pub(super) const RUNS: &str = "runs";
pub(super) const RECORDS: &str = "records";
const ERRORS: &str = "analyzer_errors";
/// Left out, because it is derived from the records and their `content_hash`.
const RECORD_HASHES: &str = "record_hashes";

/// The column of `records.parquet` after those of the table.
pub(super) const CONTENT_HASH: &str = "content_hash";

/// Columns that are left out: links of a chain over all runs of the database. They cannot be verified without the other
/// runs, and would be a third of the archive. An import computes its own.
const LEFT_OUT: [(&str, &str); 2] = [("unit_history", "previous_hash"), ("unit_history", "hash")];

/// Columns whose values repeat within a run, so that a dictionary pays off.
const REPEATING: [&str; 24] = [
    "kind",
    "file_path",
    "intent_status",
    "is_cut",
    "model",
    "model_digest",
    "prompt_version",
    "ledger_id",
    "stage",
    "status",
    "log_type",
    "subject",
    "transition",
    "actor",
    "reasoning",
    "code_ref",
    "code_ref_note",
    "config_hash",
    "source",
    "trace_id",
    "host",
    "reason",
    "language",
    "analyzer",
];

/// The archived tables, in the order of archiving.
pub(super) fn archived_tables() -> impl Iterator<Item = &'static RunTable> {
    SqliteReader::run_tables().filter(|table| table.name != RECORD_HASHES)
}

/// Whether the table has a file even if it has no rows.
pub(super) fn is_always_there(table: &RunTable) -> bool {
    [RUNS, RECORDS, ERRORS].contains(&table.name)
}

/// The name of the file for a table.
pub fn file_name(table: &RunTable) -> String {
    let stem = match table.name {
        RUNS => "run",
        ERRORS => "errors",
        other => other,
    };
    format!("{stem}.parquet")
}

/// The columns of the file for a table.
pub fn to_column_specs(table: &RunTable) -> Vec<ColumnSpec> {
    // `content_hash` is added last, so the other columns keep the order of the database.
    let own = table.columns.iter().filter(|column| is_archived(table, column.name)).map(|column| ColumnSpec {
        name: column_name(table, column.name).to_owned(),
        column_type: match column.kind {
            ColumnKind::Integer => ColumnType::Integer,
            ColumnKind::Real => ColumnType::Real,
            ColumnKind::Text => ColumnType::Text,
            ColumnKind::Blob => ColumnType::Blob,
        },
        nullable: column.is_nullable,
        dictionary: REPEATING.contains(&column.name),
    });
    let content_hash = (table.name == RECORDS).then(|| ColumnSpec {
        name: CONTENT_HASH.to_owned(),
        column_type: ColumnType::Text,
        nullable: false,
        dictionary: false,
    });
    own.chain(content_hash).collect()
}

/// Whether a column of a table is in its file.
pub(super) fn is_archived(table: &RunTable, column: &str) -> bool {
    !LEFT_OUT.contains(&(table.name, column))
}

/// The name of a column in the file; it differs if a directory name provides a column of the same name.
pub(super) fn column_name(table: &RunTable, column: &'static str) -> &'static str {
    match (table.name, column) {
        ("runs_ledger" | "ledger_details", "run_id") => "ledger_id",
        ("stage_runs", "run_id") => "stage_run_id",
        ("snapshot_chain", "project") => "chain_project",
        _ => column,
    }
}

/// Converts a value for a file.
///
/// # Errors
///
/// If it is text that is not valid UTF-8, which no engine would read.
pub(super) fn to_value(value: FieldValue<'_>, at: impl FnOnce() -> (String, u64)) -> Result<Value<'_>, Error> {
    Ok(match value {
        FieldValue::Null => Value::Null,
        FieldValue::Integer(number) => Value::Integer(number),
        FieldValue::Real(number) => Value::Real(number),
        FieldValue::Text(bytes) => Value::Text(str::from_utf8(bytes).map_err(|_| {
            let (column, row) = at();
            Error::NotUtf8 { column, row }
        })?),
        FieldValue::Blob(bytes) => Value::Blob(bytes),
    })
}

/// Converts a value from a file.
pub(super) fn to_field_value(value: Value<'_>) -> FieldValue<'_> {
    match value {
        Value::Null => FieldValue::Null,
        Value::Integer(number) => FieldValue::Integer(number),
        Value::Real(number) => FieldValue::Real(number),
        Value::Text(text) => FieldValue::Text(text.as_bytes()),
        Value::Blob(bytes) => FieldValue::Blob(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_never_shadow_partitions() {
        for table in archived_tables() {
            let names: Vec<String> = to_column_specs(table).into_iter().map(|column| column.name).collect();
            assert!(!names.iter().any(|name| name == "project" || name == "run_id"), "{}: {names:?}", table.name);
        }
    }

    #[test]
    fn repeating_columns_exist() {
        for name in REPEATING {
            assert!(archived_tables().any(|table| table.position(name).is_some()), "{name}");
        }
        let records = archived_tables().find(|table| table.name == RECORDS).unwrap();
        let repeating = to_column_specs(records).into_iter().filter(|column| column.dictionary);
        assert_eq!(repeating.map(|column| column.name).collect::<Vec<_>>(), ["kind", "file_path", "intent_status"]);
    }

    #[test]
    fn file_names_match_the_documentation() {
        let names: Vec<String> = archived_tables().map(file_name).collect();
        assert_eq!(names[..3], ["run.parquet", "records.parquet", "errors.parquet"]);
        assert!(names.contains(&"runs_ledger.parquet".to_owned()) && names.len() == 14, "{names:?}");
    }
}
