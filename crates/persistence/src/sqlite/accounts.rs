//! Writes the accounts of runs, on a connection of its own.
//!
//! Each write is one short transaction, so that a killed run leaves a trace and the snapshot never waits for long. Only
//! the end of a run with a snapshot is part of the snapshot's transaction.

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

/// The tables of the accounts, in the order of their creation.
const ACCOUNT_TABLES: [&Table; 4] =
    [&runs_ledger::TABLE, &stage_runs::TABLE, &telemetry_table::TABLE, &ledger_details::TABLE];

/// The accounts of runs in one `SQLite` file.
#[derive(Debug)]
pub struct SqliteAccounts {
    database: Database,
    journal: Journal,
    /// The `schema_version` for which the tables were checked; every schema change increases it.
    known_schema: Option<i64>,
    /// Whether the file may belong to another program.
    takes_any_file: bool,
}

impl SqliteAccounts {
    /// Opens a database that [`SqlitePersistence::open`](super::SqlitePersistence::open) accepted before.
    ///
    /// It is neither created nor switched to another journal mode. Missing account tables are created with the first
    /// row.
    ///
    /// # Errors
    ///
    /// If the database does not exist, may not be written, or would not be accepted.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        database::check_library(rusqlite::version_number())?;
        let database = Database::connect(Location::existing_writable(path)?, *options)?;
        if database.patiently(|| inspection::inspect(&database))? == Content::Empty {
            // With account tables only, it would look like the file of another program.
            return Err(Error::NotADatabase { path: database.path() });
        }
        let journal = journal::join(&database)?;
        database.accept()?;
        journal::remember(&database, journal);
        Ok(Self { database, journal, known_schema: None, takes_any_file: false })
    }

    /// Whether the database has accounts.
    ///
    /// # Errors
    ///
    /// If the tables cannot be read.
    pub fn has_ledger(&self) -> Result<bool, Error> {
        self.database.read(&Step::ReadSchema, |connection| fit::has_table(connection, &runs_ledger::TABLE))
    }

    /// Writes the start of a run; a second call changes nothing.
    ///
    /// # Errors
    ///
    /// [`AccountError::OtherSubject`] if the id is of a run of another project, or if the row cannot be written.
    pub fn mark_run_started(&mut self, start: &RunStart) -> Result<(), AccountError> {
        self.start_run(start, &RunDetails::default())
    }

    /// Like [`mark_run_started`](Self::mark_run_started), with further details.
    ///
    /// # Errors
    ///
    /// Those of `mark_run_started`.
    pub fn start_run(&mut self, start: &RunStart, details: &RunDetails) -> Result<(), AccountError> {
        self.write(|database| begin_run(database, start, details))
    }

    /// Writes start and end of an invocation in one transaction, for one that was refused or has nothing else to write.
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

    /// Writes a heartbeat of a run; counts that are `None` stay unchanged.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`] if the run was never started, or if the row cannot be written.
    pub fn beat(&mut self, id: LedgerId, beat: &Heartbeat) -> Result<(), AccountError> {
        self.write(|database| {
            let id = id.to_string();
            let outcome = ledger_details::beat(&database.connection, &id, beat);
            ending::check_ledger_row(database, outcome, &Step::Beat, &id)
        })
    }

    /// Writes the end of a run; its status must not be running.
    ///
    /// Only the first end counts: if a run has ended already, only notes are added. An end inferred by another command
    /// ([`mark_interrupted`](Self::mark_interrupted)) is replaced, because the run itself knows better.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`] if the run was never started, or if the row cannot be written.
    pub fn mark_run_finished(&mut self, end: &RunEnd) -> Result<(), AccountError> {
        debug_assert_ne!(end.status, cds_model::AccountStatus::Running, "an end has a final status");
        self.write(|database| {
            let outcome = runs_ledger::finish(&database.connection, end);
            ending::check_ledger_row(database, outcome, &Step::FinishRun, &end.id.to_string())
        })
    }

    /// Appends `text` to the notes of a run, on its own line; an empty text changes nothing.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`] if no run has exactly this id, or if the row cannot be written.
    pub fn append_note(&mut self, id: &str, text: &str) -> Result<(), AccountError> {
        self.write(|database| {
            let outcome = runs_ledger::append_note(&database.connection, id, text);
            ending::check_ledger_row(database, outcome, &Step::AppendNote, id)
        })
    }

    /// Marks every run without an end, except `except`, as `interrupted` at the moment `at`. Returns their ids, oldest
    /// first.
    ///
    /// - The caller must hold the one-writer lock.
    /// - A run that other programs hold open is not marked before its expiry.
    /// - `closed_by` names the command that marks them, `reason` says why.
    /// - Their stages end in the same way. A stage without an end whose run has one gets the run's status. The duration
    ///   of such a stage stays unknown.
    ///
    /// # Errors
    ///
    /// If nothing has changed.
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

    /// Writes the start of a stage; a second call changes nothing.
    ///
    /// # Errors
    ///
    /// If the row cannot be written: its run was never started, or the id is of another stage.
    pub fn begin_stage(&mut self, start: &StageStart) -> Result<(), Error> {
        self.write(|database| {
            let outcome = stage_runs::insert(&database.connection, start);
            database.check_one_row(outcome, || Step::StartStage(start.stage))
        })
    }

    /// Writes the end of a stage, replacing an earlier one; its status must not be running.
    ///
    /// If the input fingerprint or the number of input rows is `None`, the stored value stays.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownStage`] if the stage was never started, or if the row cannot be written.
    pub fn end_stage(&mut self, end: &StageEnd) -> Result<(), Error> {
        debug_assert_ne!(end.status, cds_model::AccountStatus::Running, "an end has a final status");
        self.write(|database| ending::finish_stage(database, end))
    }

    /// The full id of the newest completed run of `stage` with the same input and configuration.
    ///
    /// A run that computed its result comes before those that reused one.
    ///
    /// # Errors
    ///
    /// If the accounts cannot be read. Missing accounts are not an error.
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

    /// Writes the telemetry counts of a run.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`] if the run was never started, or if the row cannot be written.
    pub fn set_telemetry_counts(&mut self, id: LedgerId, counts: TelemetryCounts) -> Result<(), AccountError> {
        self.write(|database| {
            let outcome = runs_ledger::set_telemetry_counts(&database.connection, id, counts);
            ending::check_ledger_row(database, outcome, &Step::CountTelemetry, &id.to_string())
        })
    }

    /// Limits future waits for a locked database to `limit`.
    pub fn limit_patience(&mut self, limit: Duration) {
        self.database.limit_patience(limit);
    }

    /// Turns this connection into the telemetry sink of the run `ledger`.
    pub fn into_telemetry_sink(self, ledger: LedgerId) -> SqliteTelemetry {
        SqliteTelemetry::new(self, ledger)
    }

    /// Closes this connection. Dropping does the same but ignores errors.
    pub fn close(self) -> Result<(), Error> {
        match journal::leave(&self.database, self.journal) {
            // Another process still uses the journal and will remove it.
            Err(error) if !error.is_locked() => return Err(error),
            _ => {}
        }
        self.database.close()
    }

    /// Runs `work` in one transaction, in which the account tables exist and fit; an error rolls everything back.
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

/// Writes the start of a run, unless it exists.
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

/// Checks the tables and creates missing ones, unless the schema is the one checked before.
///
/// The check costs as much as fifty rows, and it must be repeated because other processes may change the schema.
fn ready_tables(database: &Database, known_schema: Option<i64>, takes_any_file: bool) -> Result<i64, Error> {
    let schema = schema::version(database)?;
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
    schema::version(database)
}
