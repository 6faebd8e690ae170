//! Creates missing tables, indexes and triggers.

use std::hash::{BuildHasher, Hasher, RandomState};

use rusqlite::Connection;

use super::{database::Database, fit, format::Format, pairing::FIRST_OF_ITS_OWN};
use crate::{
    Error, Layout, Step,
    table::{self, Table, as_stored, foreign_triggers, of_layout, record_hashes, records, shared, unit_history, units},
};

/// The keys of this many rows fit into the memory of a connection and are sorted without a temporary file.
const MOST_SORTED: usize = 100_000;

const OF_TYPE: &str = "SELECT name, sql FROM sqlite_schema WHERE type = ?1 AND sql IS NOT NULL";

/// Creates all tables of an empty database, in its own transaction.
pub(super) fn create_all(database: &Database) -> Result<(), Error> {
    let transaction = database.begin(&Step::Begin)?;
    create_missing(database)?;
    number_schema(database)?;
    let format = Format::of_layout(database.options().layout);
    set_version(&transaction, format.version()).map_err(|cause| database.error(Step::SetVersion, cause))?;
    database.commit(&transaction)
}

/// Creates missing tables, indexes and triggers within the open transaction.
///
/// A file of another implementation keeps its `user_version`: it has the same format.
pub(super) fn create_missing(database: &Database) -> Result<(), Error> {
    create_missing_in(database, future_layout(database)?)
}

/// The same for a layout.
pub(super) fn create_missing_in(database: &Database, layout: Layout) -> Result<(), Error> {
    create_tables(database, layout)?;
    let tables = of_layout(layout);
    tables.iter().try_for_each(|table| create_indexes(database, table))?;
    // Triggers come last, because they refer to each other's tables.
    tables.iter().try_for_each(|table| create_guards(database, table))?;
    let (connection, format) = (&database.connection, Format::of_layout(layout));
    let error = |cause| database.error(Step::SetVersion, cause);
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(error)?;
    // A plain file of another implementation may have no version.
    if layout == Layout::Compact && version < format.version() {
        set_version(connection, format.version()).map_err(error)?;
    }
    Ok(())
}

pub(super) fn version(database: &Database) -> Result<i64, Error> {
    database
        .connection
        .pragma_query_value(None, "schema_version", |row| row.get(0))
        .map_err(|cause| database.error(Step::ReadSchema, cause))
}

/// The layout that the database has, or will have once its records have a table.
fn future_layout(database: &Database) -> Result<Layout, Error> {
    let error = |cause| database.error(Step::ReadSchema, cause);
    if fit::has_table(&database.connection, &records::TABLE).map_err(error)? {
        table::layout(&database.connection).map_err(error)
    } else {
        Ok(database.options().layout)
    }
}

/// Sets the schema cookie to a random number, once. It identifies the database if another one of the same age replaces
/// the file. `SQLite` only compares the number for equality.
pub(super) fn number_schema(database: &Database) -> Result<(), Error> {
    let connection = &database.connection;
    let error = |cause| database.error(Step::SetVersion, cause);
    let number: u32 = connection.pragma_query_value(None, "schema_version", |row| row.get(0)).map_err(error)?;
    if number >= FIRST_OF_ITS_OWN {
        return Ok(());
    }
    let random = RandomState::new().build_hasher().finish();
    // Leaves room for later increments.
    let number = u64::from(FIRST_OF_ITS_OWN) + random % (1 << 30);
    connection.pragma_update(None, "schema_version", i64::try_from(number).unwrap_or_default()).map_err(error)
}

fn create_guards(database: &Database, table: &Table) -> Result<(), Error> {
    table.guards.iter().try_for_each(|create| {
        let error = |cause| database.error(Step::CreateGuard(table.name), cause);
        database.connection.execute_batch(create).map_err(error)
    })
}

/// The tables that get a row for each record of a snapshot, and that have guards or indexes to suspend.
const fn of_records(layout: Layout) -> &'static [&'static Table] {
    match layout {
        Layout::Plain => &[&record_hashes::TABLE, &units::TABLE, &unit_history::TABLE],
        Layout::Compact => {
            &[&shared::TEXTS, &shared::PIECES, &shared::CONTENTS, &shared::RECORDS, &units::TABLE, &unit_history::TABLE]
        }
    }
}

/// The fewest rows that are worth a change of the schema: after one, every connection reads all of the schema again and
/// prepares its statements anew.
const LEAST_UNGUARDED: usize = 10_000;

/// Drops the guards against inserts until [`create_missing`] creates them again, within the open transaction.
///
/// The guards keep other programs from replacing rows. Checking them for each of our own inserts takes a twentieth of
/// the time of a first snapshot. Within our transaction only foreign triggers could write too, so if there is one, all
/// guards stay.
pub(super) fn suspend_insert_guards(database: &Database, row_count: usize) -> Result<(), Error> {
    if row_count < LEAST_UNGUARDED {
        return Ok(());
    }
    let error = |cause| database.error(Step::ReadSchema, cause);
    let triggers = stored(database, "trigger").map_err(error)?;
    let is_of = |tables: &[&Table], sql: &str| {
        tables.iter().flat_map(|table| table.guards).any(|guard| as_stored(guard) == sql)
    };
    if !foreign_triggers(&database.connection).map_err(error)?.is_empty() {
        return Ok(());
    }
    let tables = of_records(table::layout(&database.connection).map_err(error)?);
    let in_the_way = |sql: &str| sql.contains(" BEFORE INSERT ON ") && is_of(tables, sql);
    for (name, _) in triggers.iter().filter(|(_, sql)| in_the_way(sql)) {
        database.connection.execute_batch(&format!("DROP TRIGGER {name}")).map_err(error)?;
    }
    Ok(())
}

/// Drops the guards against removing shared rows until [`create_missing`] creates them again, within the open
/// transaction.
pub(super) fn suspend_delete_guards(database: &Database) -> Result<(), Error> {
    let error = |cause| database.error(Step::ReadSchema, cause);
    let shared = [&shared::TEXTS, &shared::PIECES, &shared::CONTENTS, &shared::RECORDS, &shared::FILES];
    let guards: Vec<String> = shared.into_iter().flat_map(|table| table.guards).map(|guard| as_stored(guard)).collect();
    for (name, sql) in stored(database, "trigger").map_err(error)? {
        if sql.contains(" BEFORE DELETE ON ") && guards.contains(&sql) {
            database.connection.execute_batch(&format!("DROP TRIGGER {name}")).map_err(error)?;
        }
    }
    Ok(())
}

/// Drops the indexes of the empty tables that get a row for each record, until [`create_missing`]. Building them at
/// once from `row_count` rows takes half of the time.
pub(super) fn suspend_indexes(database: &Database, row_count: usize) -> Result<(), Error> {
    let error = |cause| database.error(Step::ReadSchema, cause);
    let is_empty = |table: &&Table| -> rusqlite::Result<bool> {
        let sql = format!("SELECT NOT EXISTS (SELECT 1 FROM {})", table.name);
        database.connection.query_row(&sql, [], |row| row.get(0))
    };
    let tables = of_records(table::layout(&database.connection).map_err(error)?);
    for table in tables {
        if row_count > MOST_SORTED || !is_empty(table).map_err(error)? {
            return Ok(());
        }
    }
    // Indexes of other programs stay.
    let is_ours = |sql: &str| tables.iter().flat_map(|table| table.indexes).any(|index| as_stored(index.create) == sql);
    for (name, _) in stored(database, "index").map_err(error)?.iter().filter(|(_, sql)| is_ours(sql)) {
        database.connection.execute_batch(&format!("DROP INDEX {name}")).map_err(error)?;
    }
    Ok(())
}

/// The names and definitions of all schema objects of a type.
fn stored(database: &Database, of_type: &str) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = database.connection.prepare(OF_TYPE)?;
    statement.query_map([of_type], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Creates the missing indexes of a table.
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

fn create_tables(database: &Database, layout: Layout) -> Result<(), Error> {
    of_layout(layout).iter().try_for_each(|table| create_table(database, table))
}

/// Creates one missing table, without its indexes.
pub(super) fn create_table(database: &Database, table: &Table) -> Result<(), Error> {
    database
        .connection
        .execute_batch(table.create)
        .map_err(|cause| database.error(Step::CreateTable(table.name), cause))
}

/// Tests whether the database can be written, and rolls everything back.
///
/// It detects another writer, a read-only file or directory, and triggers that cannot run. It creates no indexes, which
/// would take long in a large database.
pub(super) fn rehearse(database: &Database) -> Result<(), Error> {
    let transaction = database.begin(&Step::Rehearse)?;
    let version = transaction
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|cause| database.error(Step::ReadSchema, cause))?;
    set_version(&transaction, version).map_err(|cause| database.error(Step::Rehearse, cause))?;
    let layout = future_layout(database)?;
    create_tables(database, layout)?;
    if layout == Layout::Compact {
        // Rows can be inserted into the views only through their triggers.
        of_layout(layout).iter().try_for_each(|table| create_guards(database, table))?;
    }
    for table in of_layout(layout) {
        database.prepare_insert(table)?;
    }
    transaction.rollback().map_err(|cause| database.error(Step::Rehearse, cause))
}

pub(super) fn set_version(connection: &Connection, version: i64) -> rusqlite::Result<()> {
    connection.pragma_update(None, "user_version", version)
}
