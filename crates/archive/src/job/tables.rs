//! The tables of a run as Parquet files: their names, their columns, and the values on their way there and back.
//!
//! `run.parquet` has the row of the run, `records.parquet` its records, `errors.parquet` its analyzer errors; any other
//! table has its own name. Engines see `project` and `run_id` as columns of every file, from the names of the
//! directories; columns that have these names in the database for something else are called otherwise here. The hashes
//! that chain the rows of `unit_history` are left out.
//!
//! `records.parquet` has one column that the database keeps elsewhere: `content_hash`, equal for equal records, of which
//! `manifest.json` has the root. Join the rest by `project` and `run_id`: `run.parquet` for the model, the time and the
//! tree; `record_questions.parquet` by `record_id = records.id`, and `intent_cache.parquet` by `question` from there, for
//! who answered.

use cds_model::FieldValue;
use cds_persistence::{ColumnKind, RunTable, SqliteReader};

use crate::{ColumnSpec, ColumnType, Error, Value};

pub(super) const RUNS: &str = "runs";
pub(super) const RECORDS: &str = "records";
const ERRORS: &str = "analyzer_errors";
/// Is made anew from the records, and `content_hash` is with them.
const RECORD_HASHES: &str = "record_hashes";

/// The column of `records.parquet` behind those of the table.
pub(super) const CONTENT_HASH: &str = "content_hash";

/// Columns that are left out: links of a chain that goes through all runs of the database, which nobody can follow
/// without the others, and which are a third of the archive. An import links its own.
const LEFT_OUT: [(&str, &str); 2] = [("unit_history", "previous_hash"), ("unit_history", "hash")];

/// Columns whose values repeat within a run.
const REPEATING: [&str; 22] = [
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
];

/// The tables that are archived, in the order in which they are.
pub(super) fn archived_tables() -> impl Iterator<Item = &'static RunTable> {
    SqliteReader::run_tables().filter(|table| table.name != RECORD_HASHES)
}

/// Whether there is a file also where it has no rows.
pub(super) fn is_always_there(table: &RunTable) -> bool {
    [RUNS, RECORDS, ERRORS].contains(&table.name)
}

/// The name of the file that has the rows of a table.
pub fn file_name(table: &RunTable) -> String {
    let stem = match table.name {
        RUNS => "run",
        ERRORS => "errors",
        other => other,
    };
    format!("{stem}.parquet")
}

/// The columns of that file.
pub fn to_column_specs(table: &RunTable) -> Vec<ColumnSpec> {
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

/// Whether a column of a table is in the file.
pub(super) fn is_archived(table: &RunTable, column: &str) -> bool {
    !LEFT_OUT.contains(&(table.name, column))
}

/// The name of a column in the file: another one where the directories have a column of that name.
pub(super) fn column_name(table: &RunTable, column: &'static str) -> &'static str {
    match (table.name, column) {
        ("runs_ledger" | "ledger_details", "run_id") => "ledger_id",
        ("stage_runs", "run_id") => "stage_run_id",
        ("snapshot_chain", "project") => "chain_project",
        _ => column,
    }
}

/// A value on its way into a file.
///
/// # Errors
///
/// It is text that is no UTF-8, which no engine would read.
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

/// A value on its way out of one.
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
    fn no_column_has_the_name_of_a_partition() {
        for table in archived_tables() {
            let names: Vec<String> = to_column_specs(table).into_iter().map(|column| column.name).collect();
            assert!(!names.iter().any(|name| name == "project" || name == "run_id"), "{}: {names:?}", table.name);
        }
    }

    #[test]
    fn every_name_of_a_column_that_repeats_is_one() {
        for name in REPEATING {
            assert!(archived_tables().any(|table| table.position(name).is_some()), "{name}");
        }
        let records = archived_tables().find(|table| table.name == RECORDS).unwrap();
        let repeating = to_column_specs(records).into_iter().filter(|column| column.dictionary);
        assert_eq!(repeating.map(|column| column.name).collect::<Vec<_>>(), ["kind", "file_path", "intent_status"]);
    }

    #[test]
    fn files_are_called_as_engines_look_for_them() {
        let names: Vec<String> = archived_tables().map(file_name).collect();
        assert_eq!(names[..3], ["run.parquet", "records.parquet", "errors.parquet"]);
        assert!(names.contains(&"runs_ledger.parquet".to_owned()) && names.len() == 13, "{names:?}");
    }
}
