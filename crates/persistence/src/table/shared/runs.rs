//! The table `run_records`: which shared records a run consists of.

use rusqlite::{Result, Statement};

use super::super::{Index, Table};
use crate::RunId;

/// It has no guards, as the plain table `records` has none: the triggers of the view change it.
pub(crate) const TABLE: Table = Table {
    name: "run_records",
    create: "
CREATE TABLE IF NOT EXISTS run_records (
    first_record_id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs(id),
    first_shared_id INTEGER NOT NULL,
    record_count INTEGER NOT NULL
)",
    indexes: &[Index {
        columns: "run_id",
        create: "CREATE INDEX IF NOT EXISTS idx_run_records_run_id ON run_records(run_id)",
    }],
    guards: &[],
    insert: "
INSERT INTO run_records (first_record_id, run_id, first_shared_id, record_count) VALUES (?1, ?2, ?3, ?4)",
};

/// Consecutive records of a run, taken from consecutive shared records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) first_record_id: i64,
    pub(crate) first_shared_id: i64,
    pub(crate) record_count: i64,
}

impl Part {
    /// Whether it continues with this record.
    pub(crate) fn continues_with(&self, record_id: i64, shared_id: i64) -> bool {
        self.first_record_id + self.record_count == record_id && self.first_shared_id + self.record_count == shared_id
    }
}

/// Inserts one row; returns the number of rows written.
pub(crate) fn insert(statement: &mut Statement<'_>, run: RunId, part: &Part) -> Result<usize> {
    statement.execute((part.first_record_id, run.0, part.first_shared_id, part.record_count))
}
