//! Writes one snapshot: the run, its records and its analyzer errors, in one transaction.

use cds_model::RunSnapshot;
use rusqlite::{Connection, Statement};

use super::{database::Database, inspection, schema};
use crate::{
    Error, RunId, SavedRun, Step,
    table::{Table, analyzer_errors, records, runs},
};

/// Writes `snapshot` whole; on any error nothing of it stays.
pub(super) fn write(database: &Database, snapshot: &RunSnapshot) -> Result<SavedRun, Error> {
    let transaction = database.begin(&Step::Begin)?;
    // Hours may have passed since the database was opened, and others may have changed it.
    inspection::inspect(database)?;
    schema::create_missing(database)?;
    let run_id = write_run(database, snapshot)?;
    write_records(database, run_id, snapshot)?;
    write_analyzer_errors(database, run_id, snapshot)?;
    database.check_is_in_place()?;
    database.commit(&transaction)?;
    Ok(SavedRun {
        run_id,
        record_count: snapshot.records.len(),
        intent_failed_count: snapshot.intent_failed_count(),
        analyzer_error_count: snapshot.errors.len(),
        status: snapshot.status(),
        warnings: Vec::new(),
    })
}

fn write_run(database: &Database, snapshot: &RunSnapshot) -> Result<RunId, Error> {
    let outcome = runs::insert(&mut prepare(database, &runs::TABLE)?, snapshot);
    check(database, outcome, || Step::InsertRun)?;
    Ok(RunId(database.connection.last_insert_rowid()))
}

fn write_records(database: &Database, run: RunId, snapshot: &RunSnapshot) -> Result<(), Error> {
    let mut statement = prepare(database, &records::TABLE)?;
    for (index, record) in snapshot.records.iter().enumerate() {
        let outcome = records::insert(&mut statement, run, record);
        check(database, outcome, || Step::record(index, record))?;
    }
    Ok(())
}

fn write_analyzer_errors(database: &Database, run: RunId, snapshot: &RunSnapshot) -> Result<(), Error> {
    let mut statement = prepare(database, &analyzer_errors::TABLE)?;
    for (index, error) in snapshot.errors.iter().enumerate() {
        let outcome = analyzer_errors::insert(&mut statement, run, error);
        check(database, outcome, || Step::analyzer_error(index, error))?;
    }
    Ok(())
}

fn prepare<'database>(database: &'database Database, table: &Table) -> Result<Statement<'database>, Error> {
    let connection: &Connection = &database.connection;
    connection.prepare(table.insert).map_err(|cause| database.error(Step::PrepareInsert(table.name), cause))
}

/// One row was to be written: neither an error nor none will do.
fn check(database: &Database, outcome: rusqlite::Result<usize>, step: impl FnOnce() -> Step) -> Result<(), Error> {
    match outcome {
        Ok(1) => Ok(()),
        Ok(_) => Err(Error::RowIgnored { path: database.path(), step: step() }),
        Err(cause) => Err(database.error(step(), cause)),
    }
}
