//! Inspects an existing file: whether it is ours, and whether its tables fit. Read-only.

use rusqlite::{Connection, OptionalExtension};

use super::{FORMAT_VERSION, database::Database, fit};
use crate::{
    Error, Step,
    table::{self, CONTRACT_TABLES, Table, of_layout, runs_ledger},
};

const FIRST_OBJECT: &str = r"
SELECT name
FROM sqlite_schema
WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\'
ORDER BY rowid
LIMIT 1";

const HAS_OBJECT: &str = "
SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE)";

/// The content of an accepted file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// No tables at all.
    Empty,
    /// At least one table of the contract.
    Ours,
}

/// Rejects a file that is not ours, has a newer format, or whose tables do not fit.
pub(super) fn inspect(database: &Database) -> Result<Content, Error> {
    let content = inspect_header(database)?;
    if content == Content::Ours {
        let layout = table::layout(&database.connection).map_err(|cause| database.error(Step::ReadSchema, cause))?;
        of_layout(layout).iter().try_for_each(|table| inspect_table(database, table))?;
    }
    Ok(content)
}

/// Like [`inspect`], but checks only `table`: for frequent work that uses no other table.
pub(super) fn inspect_for(database: &Database, table: &'static Table) -> Result<(), Error> {
    inspect_header(database)?;
    inspect_table(database, table)
}

pub(super) fn inspect_header(database: &Database) -> Result<Content, Error> {
    let header = Header::read(&database.connection).map_err(|cause| database.error(Step::ReadSchema, cause))?;
    let path = database.path();
    if header.application_id != 0 {
        return Err(Error::AnotherProgram { path, application_id: header.application_id });
    }
    if let (Some(table), false) = (&header.first_object, header.has_contract_table) {
        return Err(Error::ForeignTables { path, table: table.clone() });
    }
    if !(0..=FORMAT_VERSION).contains(&header.user_version) {
        return Err(Error::NewerFormat { path, found: header.user_version, supported: FORMAT_VERSION });
    }
    Ok(if header.first_object.is_none() { Content::Empty } else { Content::Ours })
}

pub(super) fn inspect_table(database: &Database, table: &'static Table) -> Result<(), Error> {
    let mismatch =
        fit::first_mismatch(&database.connection, table).map_err(|cause| database.error(Step::ReadSchema, cause))?;
    match mismatch {
        None => Ok(()),
        Some(mismatch) => Err(Error::SchemaMismatch { path: database.path(), table: table.name, mismatch }),
    }
}

struct Header {
    application_id: i64,
    user_version: i64,
    first_object: Option<String>,
    has_contract_table: bool,
}

impl Header {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut has_contract_table = false;
        let application_id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let user_version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let first_object = connection.query_row(FIRST_OBJECT, [], |row| row.get(0)).optional()?;
        // A ledger alone makes a file ours: `open_any` creates such files.
        for table in CONTRACT_TABLES.into_iter().chain([&runs_ledger::TABLE]) {
            has_contract_table |= connection.query_row(HAS_OBJECT, [table.name], |row| row.get::<_, bool>(0))?;
        }
        Ok(Self { application_id, user_version, first_object, has_contract_table })
    }
}
