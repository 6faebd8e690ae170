//! The code of one snapshot, for the search for duplicates.

use std::{collections::HashMap, ops::RangeInclusive, sync::Arc};

use super::{database::Database, fit, reader::SqliteReader};
use crate::{
    Error, RunId, Step,
    table::{records, runs, select},
};

/// A record with its normalized code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// The record's id.
    pub id: i64,
    /// The word for what it is; another program may know other words.
    pub kind: String,
    /// Relative to the root; the records of a file share the text.
    pub file_path: Arc<str>,
    /// The declaration; none for files.
    pub signature: Option<Arc<str>>,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The code without comments, docstrings and layout.
    pub normalized_code: Arc<str>,
    /// The fingerprint of the code as it is stored.
    pub md5sum: String,
    /// What it is for, where a model succeeded in saying so.
    pub intent: Option<Arc<str>>,
}

impl SqliteReader {
    /// Shows every record of a snapshot to `visit`, each once and in the snapshot's order; none where there is none.
    ///
    /// All of them are read before the first is shown: until then, what was read may turn out not to count.
    pub fn code_rows(&self, run: RunId, visit: &mut dyn FnMut(CodeRow)) -> Result<(), Error> {
        let rows = self.read_records(|connection| select::code::of_run(connection, run))?;
        rows.into_iter().for_each(visit);
        Ok(())
    }

    /// As [`code_rows`](Self::code_rows), but only records whose normalized code has so many bytes.
    pub fn code_rows_of_length(
        &self,
        run: RunId,
        lengths: RangeInclusive<usize>,
        visit: &mut dyn FnMut(CodeRow),
    ) -> Result<(), Error> {
        let bound = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        let lengths = (bound(*lengths.start()), bound(*lengths.end()));
        let rows = self.read_records(|connection| select::code::of_length(connection, run, lengths))?;
        rows.into_iter().for_each(visit);
        Ok(())
    }

    /// The exact code of the records with these ids; an id that is not there is left out.
    pub fn raw_code(&self, ids: &[i64]) -> Result<HashMap<i64, String>, Error> {
        self.read_records(|connection| select::code::raw(connection, ids))
    }

    /// The greatest number of a snapshot; none where there is no snapshot.
    pub fn newest_snapshot(&self) -> Result<Option<RunId>, Error> {
        let query = |database: &Database| {
            database.read(&Step::ReadAccounts, |connection| {
                if fit::has_table(connection, &runs::TABLE)? { select::code::newest_run(connection) } else { Ok(None) }
            })
        };
        self.read(query)
    }

    fn read_records<T: Default>(
        &self,
        query: impl Fn(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.read(|database| {
            database.read(&Step::ReadRecords, |connection| {
                if fit::has_table(connection, &records::TABLE)? { query(connection) } else { Ok(T::default()) }
            })
        })
    }
}
