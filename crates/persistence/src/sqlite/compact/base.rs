//! The shared records of an earlier run, by file, to find the files that did not change.

use std::{collections::HashMap, ops::Range};

use cds_model::Fingerprint;
use rusqlite::{Connection, Result};

use super::packed::row_key;
use crate::{
    RunId,
    table::{run_hash::field_value, shared},
};

/// A record that can be shared.
#[derive(Debug, Clone, Copy)]
pub(super) struct BaseRow {
    /// What it is equal to; `None` if it has no hash.
    pub(super) key: Option<Fingerprint>,
    pub(super) shared_id: i64,
}

/// The shared records of a run in order.
#[derive(Debug, Default)]
pub(in super::super) struct Base {
    rows: Vec<BaseRow>,
    /// The rows of each file; if a run has a file twice, the last one counts.
    files: HashMap<Box<[u8]>, Range<usize>>,
}

impl Base {
    /// Loads the run; empty without one.
    pub(in super::super) fn load(connection: &Connection, run: Option<RunId>) -> Result<Self> {
        let mut base = Self::default();
        let Some(run) = run else { return Ok(base) };
        let mut statement = connection.prepare(shared::BASE)?;
        let mut rows = statement.query([run.0])?;
        while let Some(row) = rows.next()? {
            let path = row.get_ref(0)?.as_bytes().unwrap_or_default();
            let values = [field_value(row.get_ref(2)?), field_value(row.get_ref(3)?)];
            let question = [field_value(row.get_ref(4)?), field_value(row.get_ref(5)?)];
            let has_hash = values[0] != cds_model::FieldValue::Null;
            let key = has_hash.then(|| row_key([values[0], values[1], question[0], question[1]]));
            base.push(path, BaseRow { key, shared_id: row.get(1)? });
        }
        base.end();
        Ok(base)
    }

    /// Adds the next row of a file.
    pub(super) fn push(&mut self, path: &[u8], row: BaseRow) {
        let at = self.rows.len();
        self.rows.push(row);
        match self.files.get_mut(path) {
            Some(range) if range.end == at => range.end = at + 1,
            Some(range) => *range = at..at + 1,
            None => drop(self.files.insert(path.into(), at..at + 1)),
        }
    }

    /// Releases the memory that later rows would have needed.
    fn end(&mut self) {
        self.rows.shrink_to_fit();
    }

    /// The rows of a file.
    pub(super) fn of_file(&self, path: &[u8]) -> &[BaseRow] {
        self.files.get(path).map_or(&[], |range| &self.rows[range.clone()])
    }
}
