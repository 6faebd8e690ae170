//! The tables: each file holds the definition and statements of one table.
//!
//! Our other tables refer to `runs` or `records`. These two are a published contract and get no new columns.

pub(crate) mod accepted_duplicates;
pub(crate) mod analyzer_errors;
pub(crate) mod bound;
pub(crate) mod diagnosis;
pub(crate) mod enrichments;
pub(crate) mod intent_cache;
pub(crate) mod ledger_details;
pub(crate) mod not_read;
pub(crate) mod pruning;
pub(crate) mod record_hashes;
pub(crate) mod record_questions;
pub(crate) mod records;
pub(crate) mod run_hash;
pub(crate) mod run_tables;
pub(crate) mod runs;
pub(crate) mod runs_ledger;
pub(crate) mod select;
pub(crate) mod shared;
pub(crate) mod snapshot_chain;
pub(crate) mod source_files;
pub(crate) mod stage_runs;
pub(crate) mod telemetry;
pub(crate) mod transfer_log;
pub(crate) mod unit_history;
pub(crate) mod units;

use std::borrow::Cow;

use rusqlite::{Connection, Error, Result, Row, types::ValueRef};

use crate::Layout;

/// The most bytes shown of a blob in a text column.
const LONGEST_BLOB: usize = 4096;

/// One table as this program creates it.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Creates the table if it is missing.
    pub(crate) create: &'static str,
    pub(crate) indexes: &'static [Index],
    /// Triggers that protect its rows.
    ///
    /// Statements that run for every record must use `OR FAIL`, assign no row id, and have only deferred foreign keys.
    /// Otherwise `SQLite` copies each page that a statement touches, to be able to roll back that statement alone. Here
    /// a failed statement always rolls back the whole transaction.
    pub(crate) guards: &'static [&'static str],
    /// Inserts one row.
    pub(crate) insert: &'static str,
}

/// An index.
#[derive(Debug)]
pub(crate) struct Index {
    /// The indexed columns, separated by `, `.
    pub(crate) columns: &'static str,
    pub(crate) create: &'static str,
}

/// Every table of the plain layout, in the order of creation.
pub(crate) const TABLES: [&Table; 18] = [
    &runs::TABLE,
    &records::TABLE,
    &analyzer_errors::TABLE,
    &not_read::TABLE,
    &source_files::TABLE,
    &record_questions::TABLE,
    &enrichments::TABLE,
    &intent_cache::TABLE,
    &runs_ledger::TABLE,
    &stage_runs::TABLE,
    &telemetry::TABLE,
    &ledger_details::TABLE,
    &accepted_duplicates::TABLE,
    &record_hashes::TABLE,
    &units::TABLE,
    &unit_history::TABLE,
    &snapshot_chain::TABLE,
    &transfer_log::TABLE,
];

/// Every table and view of the compact layout, in the order of creation.
const COMPACT_TABLES: [&Table; 25] = [
    &runs::TABLE,
    &shared::TEXTS,
    &shared::PIECES,
    &shared::CONTENTS,
    &shared::RECORDS,
    &shared::RUN_RECORDS,
    &shared::RECORDS_VIEW,
    &analyzer_errors::TABLE,
    &not_read::TABLE,
    &shared::FILES,
    &shared::RUN_FILES,
    &shared::SOURCE_FILES,
    &shared::RECORD_QUESTIONS,
    &enrichments::TABLE,
    &intent_cache::TABLE,
    &runs_ledger::TABLE,
    &stage_runs::TABLE,
    &telemetry::TABLE,
    &ledger_details::TABLE,
    &accepted_duplicates::TABLE,
    &shared::RECORD_HASHES,
    &units::TABLE,
    &unit_history::TABLE,
    &snapshot_chain::TABLE,
    &transfer_log::TABLE,
];

/// The tables and views of a layout, in the order of creation.
pub(crate) const fn of_layout(layout: Layout) -> &'static [&'static Table] {
    match layout {
        Layout::Plain => &TABLES,
        Layout::Compact => &COMPACT_TABLES,
    }
}

const IS_COMPACT: &str = "
SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'run_records')
   AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'records')";

/// The layout of a database. Another process may convert it, so it is read in each transaction.
pub(crate) fn layout(connection: &Connection) -> Result<Layout> {
    let is_compact: bool = connection.prepare_cached(IS_COMPACT)?.query_row([], |row| row.get(0))?;
    Ok(if is_compact { Layout::Compact } else { Layout::Plain })
}

const TRIGGERS: &str = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND sql IS NOT NULL ORDER BY name";

/// The names of triggers that are not ours.
pub(crate) fn foreign_triggers(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(TRIGGERS)?;
    let mut rows = statement.query([])?;
    let mut names = Vec::new();
    let ours: Vec<String> =
        of_layout(layout(connection)?).iter().flat_map(|table| table.guards).map(|guard| as_stored(guard)).collect();
    while let Some(row) = rows.next()? {
        let sql = read_text(row, 1)?;
        if !ours.contains(&sql) {
            names.push(read_text(row, 0)?);
        }
    }
    Ok(names)
}

/// Our definition as `SQLite` stores it in the schema.
pub(crate) fn as_stored(create: &str) -> String {
    create.trim_start().replacen(" IF NOT EXISTS", "", 1)
}

/// The statement, without its `OR FAIL` if other programs have triggers in the database.
///
/// `SQLite` applies the conflict clause of a statement to the statements of its triggers too. With `OR FAIL`, an
/// `INSERT OR REPLACE` in a trigger, such as a row counter, would fail.
fn beside_triggers<'a>(connection: &Connection, sql: &'a str) -> Result<Cow<'a, str>> {
    let has_policy = sql.contains(" OR FAIL ");
    let is_plain = !has_policy || foreign_triggers(connection)?.is_empty();
    Ok(if is_plain { Cow::Borrowed(sql) } else { Cow::Owned(sql.replacen(" OR FAIL ", " ", 1)) })
}

impl Table {
    /// Whether it is a view of the compact layout.
    pub(crate) fn is_view(&self) -> bool {
        self.create.contains("CREATE VIEW")
    }

    /// What has its name in a layout.
    pub(crate) fn in_layout(&'static self, layout: Layout) -> &'static Self {
        of_layout(layout).iter().find(|table| table.name == self.name).copied().unwrap_or(self)
    }

    /// The insert statement that works with the triggers of the database.
    pub(crate) fn insert_beside_triggers(&self, connection: &Connection) -> Result<Cow<'static, str>> {
        beside_triggers(connection, self.insert)
    }
}

/// The tables of the contract; a database with content but without these is not ours.
pub(crate) const CONTRACT_TABLES: [&Table; 2] = [&runs::TABLE, &records::TABLE];

pub(crate) fn count(rows: usize) -> i64 {
    i64::try_from(rows).expect("the counted items are in memory, so there are fewer than 2^63")
}

fn read_count(row: &Row<'_>, column: usize) -> Result<usize> {
    let number: i64 = row.get(column)?;
    usize::try_from(number).map_err(|_| Error::IntegralValueOutOfRange(column, number))
}

/// A provider may report any number; one that does not fit becomes the maximum.
fn tokens(number: Option<u64>) -> Option<i64> {
    number.map(|number| i64::try_from(number).unwrap_or(i64::MAX))
}

fn read_tokens(row: &Row<'_>, column: usize) -> Result<Option<u64>> {
    let number: Option<i64> = row.get(column)?;
    number.map(|number| u64::try_from(number).map_err(|_| Error::IntegralValueOutOfRange(column, number))).transpose()
}

/// A count in the accounts; `None` if another program stored something else. One bad row must not hide the others.
fn read_optional_count(row: &Row<'_>, column: usize) -> Result<Option<u64>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => u64::try_from(number).ok(),
        _ => None,
    })
}

/// A text column of the accounts; another type is formatted as text. One bad row must not hide the others.
fn read_text(row: &Row<'_>, column: usize) -> Result<String> {
    Ok(read_optional_text(row, column)?.unwrap_or_default())
}

/// Like [`read_text`]; `None` for NULL.
fn read_optional_text(row: &Row<'_>, column: usize) -> Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_BLOB)]).into_owned()),
    })
}

/// A duration in seconds; `None` if the value is not a number.
fn read_seconds(row: &Row<'_>, column: usize) -> Result<Option<f64>> {
    Ok(row.get_ref(column)?.as_f64_or_null().ok().flatten())
}

fn read_number(row: &Row<'_>, column: usize) -> Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| Error::IntegralValueOutOfRange(column, number))
}

/// The texts before and after a text, by two statements that take the text and a limit.
fn on_both_sides(connection: &Connection, statements: [&str; 2], text: &str, limit: i64) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for sql in statements {
        for id in connection.prepare(sql)?.query_map((text, limit), |row| row.get(0))? {
            found.push(id?);
        }
    }
    Ok(found)
}
