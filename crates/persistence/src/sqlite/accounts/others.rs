//! Accounts that other programs keep: runs that stay open between two processes, and stages of any name.
//!
//! None of this needs the one-writer lock: each call is one short transaction. A run that others hold open has an expiry;
//! every sign of life puts it off by as much as it was put off at the start.

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
    /// Opens any `SQLite` file for its accounts, or creates one: also one that has tables of another program and none of
    /// ours. Tables of accounts are created with the first row; nothing else of the file is changed.
    ///
    /// # Errors
    ///
    /// The file is no database, or cannot be written.
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

    /// Writes a sign of life of a run that others hold open, and puts off its expiry.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`]: the run was never started. Or the row cannot be written.
    pub fn renew(&mut self, id: LedgerId, at: Timestamp) -> Result<(), AccountError> {
        self.write(|database| renew(database, &id.to_string(), at))
    }

    /// Writes that the stage `name` of a run began, and returns its id. One of that name that has no end yet is that
    /// stage: nothing changes.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`], or [`AccountError::RunEnded`]. Or the row cannot be written.
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

    /// Writes how the last stage `name` of a run ended; returns its id and its status. The first end stays, unless another
    /// command inferred it.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`], or [`AccountError::UnknownOtherStage`]. Or the row cannot be written.
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

    /// Becomes a part of the run of `start`, where others hold that open: returns its subject and its trace, and writes what
    /// it lacks of commit and tree. None where the run is not known, has its end, or is held open by nobody.
    ///
    /// # Errors
    ///
    /// The row cannot be read or written.
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

    /// Gives a run that others hold open its snapshot; its end is theirs to write.
    ///
    /// # Errors
    ///
    /// [`AccountError::UnknownRun`]: the run was never started. Or the row cannot be written.
    pub fn attach_snapshot(&mut self, id: LedgerId, snapshot: i64) -> Result<(), AccountError> {
        self.write(|database| {
            let id = id.to_string();
            let outcome = runs_ledger::attach_snapshot(&database.connection, &id, snapshot);
            ending::check_ledger_row(database, outcome, &Step::FinishRun, &id)
        })
    }
}

/// A run of which nothing more is known, or that has no expiry, has nothing that could be put off.
fn renew(database: &Database, id: &str, at: Timestamp) -> Result<(), AccountError> {
    ledger_details::renew(&database.connection, id, at).map_err(|cause| database.error(Step::Beat, cause))?;
    Ok(())
}
