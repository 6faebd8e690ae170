//! Diagnoses a database: settings, integrity and content. Read-only.

use rusqlite::{Connection, ErrorCode, Result};

use super::{FORMAT_VERSION, access::Access, fit, reader::SqliteReader};
use crate::{
    Error, Step,
    table::{self, diagnosis, of_layout, records, runs},
};

/// The diagnosis of a database that could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The version of the linked `SQLite`.
    pub sqlite_version: &'static str,
    /// How it is read.
    pub access: Access,
    /// Its current journal mode, such as `wal`.
    pub journal_mode: String,
    /// The size of a page in bytes.
    pub page_size: u64,
    /// All pages.
    pub page_count: u64,
    /// Unused pages.
    pub free_page_count: u64,
    /// Damage found, at most ten lines; empty if the file is intact.
    pub damage: Vec<String>,
    /// Rows of our tables with a dangling foreign key; `None` if they cannot be read.
    pub dangling_row_count: Option<u64>,
    /// Its format version.
    pub format_version: i64,
    /// The latest format version that this program knows.
    pub known_format_version: i64,
    /// Our tables that it lacks.
    pub missing_tables: Vec<&'static str>,
    /// The number of its snapshots; `None` if they cannot be read.
    pub run_count: Option<u64>,
    /// The number of records of all snapshots; `None` if they cannot be read.
    pub record_count: Option<u64>,
}

impl SqliteReader {
    /// Examines the whole database, which reads all of it.
    ///
    /// # Errors
    ///
    /// If not even its header can be read. Damage is a finding, not an error.
    pub fn diagnose(&self) -> std::result::Result<Diagnosis, Error> {
        let access = self.access();
        self.read(|database| database.read(&Step::Diagnose, |connection| diagnose(connection, access)))
    }
}

fn diagnose(connection: &Connection, access: Access) -> Result<Diagnosis> {
    let mut missing_tables = Vec::new();
    let mut dangling_row_count = Some(0);
    for table in of_layout(table::layout(connection)?) {
        if fit::has_table(connection, table)? {
            // A view has no foreign keys.
            if table.is_view() {
                continue;
            }
            let count = unless_damaged(diagnosis::dangling_row_count(connection, table.name))?;
            dangling_row_count = dangling_row_count.zip(count).map(|(sum, count)| sum + count);
        } else {
            missing_tables.push(table.name);
        }
    }
    let row_count = |table, sql| {
        if fit::has_table(connection, table)? {
            unless_damaged(diagnosis::number(connection, sql))
        } else {
            Ok(Some(0))
        }
    };
    Ok(Diagnosis {
        sqlite_version: rusqlite::version(),
        access,
        journal_mode: journal_mode(connection, access)?,
        page_size: diagnosis::number(connection, diagnosis::PAGE_SIZE)?,
        page_count: diagnosis::number(connection, diagnosis::PAGE_COUNT)?,
        free_page_count: diagnosis::number(connection, diagnosis::FREE_PAGE_COUNT)?,
        damage: damage(connection)?,
        dangling_row_count,
        format_version: connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
        known_format_version: FORMAT_VERSION,
        missing_tables,
        run_count: row_count(&runs::TABLE, diagnosis::RUN_COUNT)?,
        record_count: row_count(&records::TABLE, diagnosis::RECORD_COUNT.sql(connection)?)?,
    })
}

/// The journal mode. An immutable file is read without its log, so `SQLite` would report another mode.
fn journal_mode(connection: &Connection, access: Access) -> Result<String> {
    match access {
        Access::Immutable => Ok("wal".to_owned()),
        Access::Shared | Access::Copy => connection.pragma_query_value(None, "journal_mode", |row| row.get(0)),
    }
}

/// The damage found; empty if the file is intact.
fn damage(connection: &Connection) -> Result<Vec<String>> {
    match diagnosis::integrity(connection) {
        Ok(lines) if lines == ["ok"] => Ok(Vec::new()),
        Ok(lines) => Ok(lines),
        Err(cause) if is_damage(&cause) => Ok(vec![cause.to_string()]),
        Err(cause) => Err(cause),
    }
}

fn unless_damaged(outcome: Result<u64>) -> Result<Option<u64>> {
    match outcome {
        Ok(number) => Ok(Some(number)),
        Err(cause) if is_damage(&cause) => Ok(None),
        Err(cause) => Err(cause),
    }
}

fn is_damage(cause: &rusqlite::Error) -> bool {
    matches!(cause.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
