//! Writes the accounts of runs, on a connection of its own.
//!
//! Each write is one short transaction, so that a run that is killed leaves its trace, and so that the snapshot waits
//! for none of them for long. Only the end of a run with a snapshot belongs to the snapshot's own transaction.

mod ending;
mod others;
mod telemetry;

use std::{path::Path, time::Duration};

use cds_model::{
    Fingerprint, Heartbeat, LedgerId, RunDetails, RunEnd, RunStart, Stage, StageEnd, StageStart, TelemetryCounts,
    Timestamp,
};

use super::{
    OpenOptions,
    database::{self, Database},
    fit,
    inspection::{self, Content},
    journal::{self, Journal},
    location::Location,
    schema,
};
use crate::{
    AccountError, Error, Step,
    table::{Table, ledger_details, runs_ledger, stage_runs, telemetry as telemetry_table},
};

pub(super) use self::ending::finish_with_snapshot;
pub use self::telemetry::SqliteTelemetry;

/// The tables of the accounts, in the order in which they must be created.
const ACCOUNT_TABLES: [&Table; 4] =
    [&runs_ledger::TABLE, &stage_runs::TABLE, &telemetry_table::TABLE, &ledger_details::TABLE];

/// The accounts of runs in one `SQLite` file.
#[derive(Debug)]
pub struct SqliteAccounts {
    database: Database,
    journal: Journal,
    /// The `schema_version` at which the tables were found to fit; it changes with every change of a definition.
    known_schema: Option<i64>,
    /// Whether the file may be one of another program.
    takes_any_file: bool,
}

impl SqliteAccounts {
    /// Opens a database that [`SqlitePersistence::open`](super::SqlitePersistence::open) has accepted before.
    ///
    /// It is neither created nor switched to another journal. Tables of accounts that it lacks are created together
    /// with the first row that is written.
    ///
    /// # Errors
    ///
    /// The database is not open: there is none, it may not be written, or it would not be accepted.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        database::check_library(rusqlite::version_number())?;
        let database = Database::connect(Location::existing_writable(path)?, *options)?;
        if database.patiently(|| inspection::inspect(&database))? == Content::Empty {
            // With tables of accounts alone, it would be taken for the file of another program.
            return Err(Error::NotADatabase { path: database.path() });
        }
        let journal = journal::join(&database)?;
        database.accept()?;
        journal::remember(&database, journal);
        Ok(Self { database, journal, known_schema: None, takes_any_file: false })
    }

    /// Whether anybody keeps accounts here.
    ///
    /// # Errors
    ///
    /// The tables cannot be read.
    pub fn has_ledger(&self) -> Result<bool, Error> {
        self.database.read(&Step::ReadSchema, |connection| fit::has_table(connection, &runs_ledger::TABLE))
    }

    /// Writes that a run began. Where that is written already, nothing changes.
    ///
    /// # Errors
    ///
    /// [`AccountError::OtherSubject`]: the id is that of a run of another project. Or the row cannot be written.
    pub fn mark_run_started(&mut self, start: &RunStart) -> Result<(), AccountError> {
        self.start_run(start, &RunDetails::default())
    }

    /// As [`mark_run_started`](Self::mark_run_started), with what else is known at the start.
    ///
    /// # Errors
    ///
    /// Those of `mark_run_started`.
    pub fn start_run(&mut self, start: &RunStart, details: &RunDetails) -> Result<(), AccountError> {
        self.write(|database| begin_run(database, start, details))
    }

    /// Writes start and end of an invocation in one transaction: one that was refused, or had nothing to write but
    /// this.
    ///
    /// # Errors
    ///
    /// Those of [`mark_run_started`](Self::mark_run_started); nothing was written.
    pub fn record_run(&mut self, start: &RunStart, details: &RunDetails, end: &RunEnd) -> Result<(), AccountError> {
        self.write(|database| {
            begin_run(database, start, details)?;
            let outcome = runs_ledger::finish(&database.connection, end);
            ending::check_ledger_row(database, outcome, &Step::FinishRun, &end.id.to_string())
        })
    }

    /// Writes a sign of life of a run; counts that are not given stay as they are.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`]: the run was never started. Or the row cannot be written.
    pub fn beat(&mut self, id: LedgerId, beat: &Heartbeat) -> Result<(), AccountError> {
        self.write(|database| {
            let id = id.to_string();
            let outcome = ledger_details::beat(&database.connection, &id, beat);
            ending::check_ledger_row(database, outcome, &Step::Beat, &id)
        })
    }

    /// Writes how a run ended; its status must not be running.
    ///
    /// Each start has one outcome: when a run has ended already, its status, time and error stay, and only notes are
    /// taken. An end that another command found out about ([`mark_interrupted`](Self::mark_interrupted)) gives way: the
    /// run itself knows better.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`]: the run was never started. Or the row cannot be written.
    pub fn mark_run_finished(&mut self, end: &RunEnd) -> Result<(), AccountError> {
        debug_assert_ne!(end.status, cds_model::AccountStatus::Running, "an end is no beginning");
        self.write(|database| {
            let outcome = runs_ledger::finish(&database.connection, end);
            ending::check_ledger_row(database, outcome, &Step::FinishRun, &end.id.to_string())
        })
    }

    /// Appends `text` to the notes of a run, on a line of its own; an empty text changes nothing.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`]: there is no run whose whole id is `id`. Or the row cannot be written.
    pub fn append_note(&mut self, id: &str, text: &str) -> Result<(), AccountError> {
        self.write(|database| {
            let outcome = runs_ledger::append_note(&database.connection, id, text);
            ending::check_ledger_row(database, outcome, &Step::AppendNote, id)
        })
    }

    /// Gives every run without an end but `except` the end `interrupted` at the moment `at`, and returns their ids, the
    /// oldest first. Who calls this must hold the one-writer lock. A run that others hold open has no end as long as its
    /// expiry lies ahead.
    ///
    /// `closed_by` says which command did so, `reason` why. Their stages end in the same way; so do stages without an
    /// end whose run has one, with its status. How long such a stage took stays unknown.
    ///
    /// # Errors
    ///
    /// Nothing has changed.
    pub fn mark_interrupted(
        &mut self,
        closed_by: &str,
        reason: &str,
        at: Timestamp,
        except: Option<LedgerId>,
    ) -> Result<Vec<String>, Error> {
        self.write(|database| {
            let connection = &database.connection;
            let error = |cause| database.error(Step::InterruptRuns, cause);
            let ids = runs_ledger::given_up(connection, except, at).map_err(error)?;
            for (id, expired_at) in &ids {
                let expired =
                    expired_at.as_ref().map(|moment| format!("it was held open until {moment} and has no end"));
                let reason = expired.as_deref().unwrap_or(reason);
                let outcome = runs_ledger::interrupt(connection, id, at, reason, closed_by);
                database.check_one_row(outcome, || Step::InterruptRuns)?;
            }
            stage_runs::close_left_open(connection).map_err(error)?;
            Ok(ids.into_iter().map(|(id, _)| id).collect())
        })
    }

    /// Writes that a stage began. Where that is written already, nothing changes.
    ///
    /// # Errors
    ///
    /// The row cannot be written: its run was never started, or the id is that of another stage.
    pub fn begin_stage(&mut self, start: &StageStart) -> Result<(), Error> {
        self.write(|database| {
            let outcome = stage_runs::insert(&database.connection, start);
            database.check_one_row(outcome, || Step::StartStage(start.stage))
        })
    }

    /// Writes how a stage ended, in place of an earlier end; its status must not be running.
    ///
    /// An input fingerprint and a number of rows read that are not given stay as they are.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownStage`]: the stage was never begun. Or the row cannot be written.
    pub fn end_stage(&mut self, end: &StageEnd) -> Result<(), Error> {
        debug_assert_ne!(end.status, cds_model::AccountStatus::Running, "an end is no beginning");
        self.write(|database| ending::finish_stage(database, end))
    }

    /// The newest run of `stage` that read the same with the same configuration and was completed; its whole id.
    ///
    /// One that was worked out comes before those that were answered from another.
    ///
    /// # Errors
    ///
    /// The accounts cannot be read. That there are none is no error.
    pub fn find_checkpoint(
        &self,
        stage: Stage,
        input: Fingerprint,
        config_hash: Fingerprint,
    ) -> Result<Option<String>, Error> {
        self.database.read(&Step::FindCheckpoint, |connection| {
            if !fit::has_table(connection, &stage_runs::TABLE)? {
                return Ok(None);
            }
            stage_runs::checkpoint(connection, stage, input, config_hash)
        })
    }

    /// Writes what became of the telemetry of a run.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`]: the run was never started. Or the row cannot be written.
    pub fn set_telemetry_counts(&mut self, id: LedgerId, counts: TelemetryCounts) -> Result<(), AccountError> {
        self.write(|database| {
            let outcome = runs_ledger::set_telemetry_counts(&database.connection, id, counts);
            ending::check_ledger_row(database, outcome, &Step::CountTelemetry, &id.to_string())
        })
    }

    /// From now on waits at most `limit` for whoever holds the database.
    pub fn limit_patience(&mut self, limit: Duration) {
        self.database.limit_patience(limit);
    }

    /// Takes this connection for the telemetry of the run `ledger`.
    pub fn into_telemetry_sink(self, ledger: LedgerId) -> SqliteTelemetry {
        SqliteTelemetry::new(self, ledger)
    }

    /// Closes this connection. Dropping does the same and keeps what went wrong to itself.
    pub fn close(self) -> Result<(), Error> {
        match journal::leave(&self.database, self.journal) {
            // Somebody else still needs the journal, and will remove it.
            Err(error) if !error.is_locked() => return Err(error),
            _ => {}
        }
        self.database.close()
    }

    /// One transaction, in which the tables of the accounts are there and fit; on any error nothing of it stays.
    fn write<T, E: From<Error>>(&mut self, work: impl FnOnce(&Database) -> Result<T, E>) -> Result<T, E> {
        let database = &self.database;
        let transaction = database.begin(&Step::Begin)?;
        let schema = ready_tables(database, self.known_schema, self.takes_any_file)?;
        let outcome = work(database)?;
        database.check_is_in_place()?;
        database.commit(&transaction)?;
        drop(transaction);
        database.merge_large_log();
        self.known_schema = Some(schema);
        Ok(outcome)
    }
}

/// Writes that a run began, unless that is written already.
fn begin_run(database: &Database, start: &RunStart, details: &RunDetails) -> Result<(), AccountError> {
    let connection = &database.connection;
    let error = |cause| database.error(Step::StartRun, cause);
    if runs_ledger::insert(connection, start).map_err(error)? == 1 {
        ledger_details::insert(connection, start.id, details).map_err(error)?;
        return Ok(());
    }
    match runs_ledger::subject(connection, &start.id.to_string()).map_err(error)? {
        Some(found) if found == start.subject => Ok(()),
        Some(found) => Err(AccountError::OtherSubject { id: start.id, found, wanted: start.subject.clone() }),
        None => Err(Error::RowIgnored { path: database.path(), step: Step::StartRun }.into()),
    }
}

/// Looks at the tables and creates what is missing, unless nothing has changed since that was last done.
///
/// Looking costs as much as some fifty rows do, and hours may pass in which others change the file.
fn ready_tables(database: &Database, known_schema: Option<i64>, takes_any_file: bool) -> Result<i64, Error> {
    let schema = schema_version(database)?;
    if known_schema == Some(schema) {
        return Ok(schema);
    }
    if !takes_any_file {
        inspection::inspect_header(database)?;
    }
    ACCOUNT_TABLES.into_iter().try_for_each(|table| inspection::inspect_table(database, table))?;
    for table in ACCOUNT_TABLES {
        schema::create_table(database, table)?;
        schema::create_indexes(database, table)?;
    }
    schema_version(database)
}

fn schema_version(database: &Database) -> Result<i64, Error> {
    database
        .connection
        .pragma_query_value(None, "schema_version", |row| row.get(0))
        .map_err(|cause| database.error(Step::ReadSchema, cause))
}
