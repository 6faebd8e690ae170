//! Creates what a database lacks.

use rusqlite::Connection;

use super::{FORMAT_VERSION, database::Database, fit};
use crate::{
    Error, Step,
    table::{TABLES, Table},
};

/// Gives an empty database all tables, in a transaction of its own.
pub(super) fn create_all(database: &Database) -> Result<(), Error> {
    let transaction = database.begin(&Step::Begin)?;
    create_missing(database)?;
    set_version(&transaction, FORMAT_VERSION).map_err(|cause| database.error(Step::SetVersion, cause))?;
    database.commit(&transaction)
}

/// Creates the tables, indexes and triggers that are missing, inside the transaction that is open.
///
/// A file that another implementation made keeps its `user_version`: it is in the same format.
pub(super) fn create_missing(database: &Database) -> Result<(), Error> {
    create_tables(database)?;
    TABLES.into_iter().try_for_each(|table| create_indexes(database, table))?;
    // They look into each other's tables.
    TABLES.into_iter().try_for_each(|table| create_guards(database, table))
}

fn create_guards(database: &Database, table: &Table) -> Result<(), Error> {
    table.guards.iter().try_for_each(|create| {
        let error = |cause| database.error(Step::CreateGuard(table.name), cause);
        database.connection.execute_batch(create).map_err(error)
    })
}

/// Creates the indexes that a table lacks.
pub(super) fn create_indexes(database: &Database, table: &Table) -> Result<(), Error> {
    let connection = &database.connection;
    for index in table.indexes {
        let step = |cause| database.error(Step::CreateIndex(table.name, index.columns), cause);
        if !fit::has_index(connection, table, index.columns).map_err(step)? {
            connection.execute_batch(index.create).map_err(step)?;
        }
    }
    Ok(())
}

fn create_tables(database: &Database) -> Result<(), Error> {
    TABLES.into_iter().try_for_each(|table| create_table(database, table))
}

/// Creates one table where it is missing, without its indexes.
pub(super) fn create_table(database: &Database, table: &Table) -> Result<(), Error> {
    database
        .connection
        .execute_batch(table.create)
        .map_err(|cause| database.error(Step::CreateTable(table.name), cause))
}

/// Finds out whether the database can be written, and takes everything back.
///
/// That finds another writer, a file or directory that may not be written, and triggers that cannot run. Indexes are
/// left out: over the rows of a large database they take long.
pub(super) fn rehearse(database: &Database) -> Result<(), Error> {
    let transaction = database.begin(&Step::Rehearse)?;
    let version = transaction
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|cause| database.error(Step::ReadSchema, cause))?;
    set_version(&transaction, version).map_err(|cause| database.error(Step::Rehearse, cause))?;
    create_tables(database)?;
    for table in TABLES {
        database.prepare_insert(table)?;
    }
    transaction.rollback().map_err(|cause| database.error(Step::Rehearse, cause))
}

fn set_version(connection: &Connection, version: i64) -> rusqlite::Result<()> {
    connection.pragma_update(None, "user_version", version)
}
