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
    /// The first 8,192 characters of the exact code of a file; none for what stands in it.
    pub head: Option<Box<str>>,
    /// Whether the snapshot says that its intents are from a model that is built in.
    pub has_builtin_model: bool,
}

/// Which records' normalized code is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextQuery {
    /// The snapshot.
    pub run: RunId,
    /// The ids, so that several readers can share the work.
    pub ids: RangeInclusive<i64>,
    /// How long the code is, in bytes.
    pub lengths: RangeInclusive<usize>,
    /// From how many bytes on functions and methods are wanted whatever `lengths` says; none are by default.
    pub functions_from: Option<usize>,
    /// Whether whole files are wanted as well.
    pub with_files: bool,
}

/// The normalized code of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    /// The record's id.
    pub id: i64,
    /// Whether it is a function or a method.
    pub is_function: bool,
    /// The normalized code.
    pub code: &'a str,
}

/// The normalized code of many records, all in one piece of memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    code: String,
    /// The id of each record, whether it is a function or a method, and where its code ends.
    ends: Vec<(i64, bool, usize)>,
}

impl Texts {
    pub(crate) fn push(&mut self, text: Text<'_>) {
        self.code.push_str(text.code);
        self.ends.push((text.id, text.is_function, self.code.len()));
    }

    /// Each record, in the order of the snapshot.
    pub fn iter(&self) -> impl Iterator<Item = Text<'_>> {
        let mut start = 0;
        self.ends.iter().map(move |&(id, is_function, end)| {
            let code = &self.code[std::mem::replace(&mut start, end)..end];
            Text { id, is_function, code }
        })
    }
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

    /// The records of a snapshot with these ids, in the order of `ids`; an id that is not there is left out.
    pub fn code_rows_by_id(&self, run: RunId, ids: &[i64]) -> Result<Vec<CodeRow>, Error> {
        self.read_records(|connection| select::code::by_id(connection, run, ids))
    }

    /// The ids and the normalized code of a part of a snapshot, in its order.
    pub fn normalized_code(&self, part: &TextQuery) -> Result<Texts, Error> {
        self.read_records(|connection| select::code::texts(connection, part))
    }

    /// The least and the greatest id among the records of a snapshot; none where it has no records.
    pub fn record_bounds(&self, run: RunId) -> Result<Option<(i64, i64)>, Error> {
        self.read_records(|connection| select::code::bounds(connection, run))
    }

    /// The id, the first and the last line of each record of a file.
    pub fn places_in(&self, run: RunId, file_path: &str) -> Result<Vec<(i64, u32, u32)>, Error> {
        self.read_records(|connection| select::code::places(connection, run, file_path))
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
