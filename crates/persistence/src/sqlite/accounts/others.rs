//! Accounts of other programs: runs that stay open between two processes, and stages of any name.
//!
//! None of this needs the one-writer lock: each call is one short transaction. A run that another program holds open
//! has an expiry. Every heartbeat extends it by the same time that it had at the start.

use std::path::Path;

use cds_model::{LedgerId, RunStart, StageRunId, Timestamp};

use super::{SqliteAccounts, ending};
use crate::{
    AccountError, Error, OpenOptions, OtherStageEnd, Step,
    sqlite::{
        database::{self, Database},
        journal,
        location::Location,
    },
    table::{ledger_details, runs_ledger, stage_runs},
};

impl SqliteAccounts {
    /// Opens any `SQLite` file for accounts, or creates one; the file may have only tables of another program.
    ///
    /// Account tables are created with the first row; nothing else in the file changes.
    ///
    /// # Errors
    ///
    /// If the file is not a database or cannot be written.
    pub fn open_any(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        database::check_library(rusqlite::version_number())?;
        let location = Location::claim(path)?;
        let opened = || {
            let database = Database::connect(location.clone(), *options)?;
            let journal = journal::join(&database)?;
            Ok(Self { database, journal, known_schema: None, takes_any_file: true })
        };
        opened().inspect_err(|_: &Error| location.abandon())
    }

    /// Writes a heartbeat of a run that another program holds open, and extends its expiry.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`] if the run was never started, or if the row cannot be written.
    pub fn renew(&mut self, id: LedgerId, at: Timestamp) -> Result<(), AccountError> {
        self.write(|database| renew(database, &id.to_string(), at))
    }

    /// Writes the start of the stage `name` of a run, and returns its id. If a stage of that name is still open,
    /// returns its id and changes nothing.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`] or [`AccountError::RunEnded`], or if the row cannot be written.
    pub fn start_other_stage(
        &mut self,
        id: StageRunId,
        run: LedgerId,
        name: &str,
        at: Timestamp,
        rows_in: Option<u64>,
    ) -> Result<String, AccountError> {
        self.write(|database| {
            let (connection, run) = (&database.connection, run.to_string());
            let error = |cause| database.error(Step::StartOtherStage, cause);
            match runs_ledger::status(connection, &run).map_err(error)? {
                None => return Err(AccountError::UnknownRun { id: run }),
                Some(status) if status != "running" => return Err(AccountError::RunEnded { id: run, status }),
                Some(_) => renew(database, &run, at)?,
            }
            match stage_runs::last_named(connection, &run, name).map_err(error)? {
                Some((id, status)) if status == "running" => Ok(id),
                _ => {
                    let id = id.to_string();
                    let outcome = stage_runs::insert_named(connection, &id, &run, name, at, rows_in);
                    database.check_one_row(outcome, || Step::StartOtherStage)?;
                    Ok(id)
                }
            }
        })
    }

    /// Writes the end of the last stage `name` of a run; returns its id and status. The first end stays, unless another
    /// command inferred it.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`] or [`AccountError::UnknownOtherStage`], or if the row cannot be written.
    pub fn finish_other_stage(
        &mut self,
        run: LedgerId,
        name: &str,
        end: &OtherStageEnd,
    ) -> Result<(String, String), AccountError> {
        self.write(|database| {
            let (connection, run) = (&database.connection, run.to_string());
            let error = |cause| database.error(Step::FinishOtherStage, cause);
            if runs_ledger::status(connection, &run).map_err(error)?.is_none() {
                return Err(AccountError::UnknownRun { id: run });
            }
            let unknown = || AccountError::UnknownOtherStage { id: run.clone(), stage: name.to_owned() };
            let (id, _) = stage_runs::last_named(connection, &run, name).map_err(error)?.ok_or_else(unknown)?;
            stage_runs::finish_named(connection, &id, end).map_err(error)?;
            renew(database, &run, end.finished_at)?;
            stage_runs::last_named(connection, &run, name).map_err(error)?.ok_or_else(unknown)
        })
    }

    /// Joins the run of `start` if another program holds it open: returns its subject and trace id, and fills in a
    /// missing commit and tree. `None` if the run is unknown, has ended, or is not held open.
    ///
    /// # Errors
    ///
    /// If the row cannot be read or written.
    pub fn join_run(&mut self, start: &RunStart) -> Result<Option<(String, String)>, AccountError> {
        self.write(|database| {
            let (connection, id) = (&database.connection, start.id.to_string());
            let error = |cause| database.error(Step::StartRun, cause);
            let Some(found) = runs_ledger::held_open(connection, &id).map_err(error)? else { return Ok(None) };
            runs_ledger::join(connection, start).map_err(error)?;
            runs_ledger::append_note(connection, &id, &start.notes).map_err(error)?;
            renew(database, &id, start.started_at)?;
            Ok(Some(found))
        })
    }

    /// Adds the snapshot to a run that another program holds open; that program writes its end.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`] if the run was never started, or if the row cannot be written.
    pub fn attach_snapshot(&mut self, id: LedgerId, snapshot: i64) -> Result<(), AccountError> {
        self.write(|database| {
            let id = id.to_string();
            let outcome = runs_ledger::attach_snapshot(&database.connection, &id, snapshot);
            ending::check_ledger_row(database, outcome, &Step::FinishRun, &id)
        })
    }
}

/// Extends the expiry of a run; changes nothing if the run has no details or no expiry.
fn renew(database: &Database, id: &str, at: Timestamp) -> Result<(), AccountError> {
    ledger_details::renew(&database.connection, id, at).map_err(|cause| database.error(Step::Beat, cause))?;
    Ok(())
}
