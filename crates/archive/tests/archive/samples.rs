//! Sample tables and runs.

use std::path::{Path, PathBuf};

use cds_archive::{ColumnSpec, ColumnType, PendingRun, RunFacts, TableReader, TableWriter, Value, WrittenTable};
use cds_persistence::RunId;

/// A value that owns its content.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Cell {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(integer) => Value::Integer(*integer),
            Self::Real(real) => Value::Real(*real),
            Self::Text(text) => Value::Text(text),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }

    pub(crate) fn of(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(integer) => Self::Integer(integer),
            Value::Real(real) => Self::Real(real),
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

pub(crate) fn column(name: &str, column_type: ColumnType, nullable: bool, dictionary: bool) -> ColumnSpec {
    ColumnSpec { name: name.to_owned(), column_type, nullable, dictionary }
}

pub(crate) fn write(path: &Path, columns: &[ColumnSpec], rows: &[Vec<Cell>]) -> WrittenTable {
    let mut writer = TableWriter::create(path, columns).unwrap();
    for row in rows {
        writer.push(&row.iter().map(Cell::value).collect::<Vec<_>>()).unwrap();
    }
    writer.finish().unwrap()
}

/// Reads every row, or returns the first error.
pub(crate) fn read(path: &Path) -> Result<Vec<Vec<Cell>>, cds_archive::Error> {
    let mut reader = TableReader::open(path)?;
    let mut rows = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        rows.extend((0..batch.row_count()).map(|row| batch.row(row).map(Cell::of).collect::<Vec<_>>()));
    }
    Ok(rows)
}

/// Archives a run of two tables.
pub(crate) fn archive_run(archive: &Path, project: &str, run: i64) -> PathBuf {
    let mut pending = PendingRun::begin(archive, project, RunId(run)).unwrap();
    for (file_name, row_count) in [("records.parquet", 3), ("errors.parquet", 0)] {
        let columns =
            [column("code", ColumnType::Text, false, false), column("line", ColumnType::Integer, true, false)];
        let mut table = pending.create_table(file_name, &columns).unwrap();
        for number in 0..row_count {
            table.push(&[Value::Text("pass"), Value::Integer(number)]).unwrap();
        }
        pending.finish_table(file_name, table).unwrap();
    }
    pending.commit(facts()).unwrap()
}

pub(crate) fn facts() -> RunFacts {
    RunFacts { tool_version: "0.1.0".to_owned(), snapshot_root: Some("sha256:00".to_owned()), ..RunFacts::default() }
}
