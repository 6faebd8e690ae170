//! Reads the code of one snapshot for the search for duplicates.

use std::{collections::HashMap, ops::RangeInclusive, sync::Arc};

use cds_model::QuestionKey;
use rusqlite::Connection;

use super::{database::Database, fit, reader::SqliteReader};
use crate::{
    Error, IntentOrigin, RunId, Step,
    table::{intent_cache, record_questions, records, runs, select},
};

/// A record with its normalized code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// The record's id.
    pub id: i64,
    /// Its kind as a word; another program may use other words.
    pub kind: String,
    /// Relative to the root; the records of a file share the text.
    pub file_path: Arc<str>,
    /// The declaration; `None` for files.
    pub signature: Option<Arc<str>>,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The code without comments, docstrings and layout.
    pub normalized_code: Arc<str>,
    /// The MD5 of the code as stored.
    pub md5sum: String,
    /// The intent; `None` if there is none. If the run did not ask for it, [`SqliteReader::code_rows`] has the last one
    /// that the definition had, for code that has changed since.
    pub intent: Option<Arc<str>>,
    /// The first 8,192 characters of a file's exact code; `None` for definitions.
    pub head: Option<Box<str>>,
    /// Whether the intents of the snapshot are from the embedded provider.
    pub has_builtin_model: bool,
    /// Whether the run did not ask for the intent.
    pub is_not_asked: bool,
}

/// Selects the records whose normalized code is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextQuery {
    /// The snapshot.
    pub run: RunId,
    /// The range of ids, so that several readers can share the work.
    pub ids: RangeInclusive<i64>,
    /// The range of code lengths in bytes.
    pub lengths: RangeInclusive<usize>,
    /// Also reads functions and methods of at least this many bytes, whatever `lengths` is; `None` reads no others.
    pub functions_from: Option<usize>,
    /// Whether to include whole files.
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

/// The normalized code of many records, in one allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    code: String,
    /// For each record: its id, whether it is a function or a method, and the end of its code.
    ends: Vec<(i64, bool, usize)>,
}

impl Texts {
    pub(crate) fn push(&mut self, text: Text<'_>) {
        self.code.push_str(text.code);
        self.ends.push((text.id, text.is_function, self.code.len()));
    }

    /// The records, in snapshot order.
    pub fn iter(&self) -> impl Iterator<Item = Text<'_>> {
        let mut start = 0;
        self.ends.iter().map(move |&(id, is_function, end)| {
            let code = &self.code[std::mem::replace(&mut start, end)..end];
            Text { id, is_function, code }
        })
    }
}

impl SqliteReader {
    /// Calls `visit` for every record of a snapshot, in order.
    ///
    /// All records are read before the first call, because an immutable file may have to be read again.
    pub fn code_rows(&self, run: RunId, visit: &mut dyn FnMut(CodeRow)) -> Result<(), Error> {
        let rows = self.read_records(|connection| {
            let mut rows = select::code::of_run(connection, run)?;
            recall_intents(connection, &mut rows)?;
            Ok(rows)
        })?;
        rows.into_iter().for_each(visit);
        Ok(())
    }

    /// The records of a snapshot with these ids, in the order of `ids`; unknown ids are skipped.
    pub fn code_rows_by_id(&self, run: RunId, ids: &[i64]) -> Result<Vec<CodeRow>, Error> {
        self.read_records(|connection| select::code::by_id(connection, run, ids))
    }

    /// The ids and the normalized code of a part of a snapshot, in order, of the records in files that are wanted.
    pub fn normalized_code(&self, part: &TextQuery, is_wanted: &dyn Fn(&str) -> bool) -> Result<Texts, Error> {
        self.read_records(|connection| select::code::texts(connection, part, is_wanted))
    }

    /// The lowest and the highest record id of a snapshot; `None` if it has no records.
    pub fn record_bounds(&self, run: RunId) -> Result<Option<(i64, i64)>, Error> {
        self.read_records(|connection| select::code::bounds(connection, run))
    }

    /// The id and the first and last line of each record of a file.
    pub fn locations_in(&self, run: RunId, file_path: &str) -> Result<Vec<(i64, u32, u32)>, Error> {
        self.read_records(|connection| select::code::locations(connection, run, file_path))
    }

    /// The exact code of the records with these ids; unknown ids are skipped.
    pub fn raw_code(&self, ids: &[i64]) -> Result<HashMap<i64, String>, Error> {
        self.read_records(|connection| select::code::raw(connection, ids))
    }

    /// The highest number of a snapshot; `None` if there is none.
    pub fn newest_snapshot(&self) -> Result<Option<RunId>, Error> {
        let query = |database: &Database| {
            database.read(&Step::ReadAccounts, |connection| {
                if fit::has_table(connection, &runs::TABLE)? { select::code::newest_run(connection) } else { Ok(None) }
            })
        };
        self.read(query)
    }

    fn read_records<T: Default>(&self, query: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        self.read(|database| {
            database.read(&Step::ReadRecords, |connection| {
                if fit::has_table(connection, &records::TABLE)? { query(connection) } else { Ok(T::default()) }
            })
        })
    }
}

/// Gives the records that the run did not ask about the last intents of their definitions, so that a run without
/// questions neither hides nor reveals a duplicate.
fn recall_intents(connection: &Connection, rows: &mut [CodeRow]) -> rusqlite::Result<()> {
    let mut wanted = rows.iter().filter(|row| row.is_not_asked).map(|row| row.id);
    let Some(first) = wanted.next() else { return Ok(()) };
    let last = wanted.next_back().unwrap_or(first);
    let has = |table| fit::has_table(connection, table);
    if !has(&record_questions::TABLE)? || !has(&intent_cache::TABLE)? {
        return Ok(());
    }
    let origins = select::known::origins(connection, first, last)?;
    let key = |row: &CodeRow| match origins.get(&row.id) {
        Some(IntentOrigin::Asked(key, _)) if row.is_not_asked => Some(*key),
        _ => None,
    };
    let keys: Vec<QuestionKey> = rows.iter().filter_map(key).collect();
    let intents = intent_cache::lookup(connection, &keys)?;
    for row in rows {
        if let Some(intent) = key(row).and_then(|key| intents.get(&key)) {
            row.intent = Some(Arc::from(&**intent));
        }
    }
    Ok(())
}
