//! The accounts of invocations that do no work on a tree: upkeep of the database, gates, and what was refused.
//!
//! Each write is one small transaction of its own. What cannot be written costs nothing but the account.

use std::{path::Path, sync::Arc, time::Duration};

use cds_model::{CodeRef, LedgerId, RunDetails, RunEnd, RunRole, RunStart};
use cds_persistence::{AccountError, Error as DatabaseError, FileLock, OpenOptions, SqliteAccounts};

use crate::{AccountPlan, Context, DatabasePlan, Ending, Process, Warning};

/// How long another process that holds the database is waited for: an account is not worth more.
const PATIENCE: Duration = Duration::from_secs(1);

/// The project of what is done to a whole database.
const EVERY_PROJECT: &str = "*";

/// An account without its end, which is what the process ends with.
pub struct OpenAccount {
    database: DatabasePlan,
    start: RunStart,
    details: RunDetails,
    context: Context,
    /// Held until the end is written, so that no other command finds a run without an end.
    _lock: Option<Arc<FileLock>>,
}

impl OpenAccount {
    /// Begins the account of a command that looks after a database, and holds the lock.
    pub(crate) fn begin_upkeep(
        database: &DatabasePlan,
        id: LedgerId,
        (command, request): (&str, &str),
        lock: Arc<FileLock>,
        context: &Context,
    ) -> Self {
        let start = start(id, EVERY_PROJECT.to_owned(), command, None, &context.process);
        let details = details(RunRole::Upkeep, request);
        let written = write_beside_others(database, |accounts| accounts.start_run(&start, &details));
        if let Err(error) = written {
            context.reporter.warn(&Warning::CommandAccount(error));
        }
        Self { database: database.clone(), start, details, context: context.clone(), _lock: Some(lock) }
    }

    /// From now on a failure of this command is one of a gate over the database: it leaves an account.
    ///
    /// A gate only reads. One that is passed leaves the file as it is; where it may not be written, so does one that is
    /// not. Without a `project` it is about the whole database.
    pub fn of_check(
        database: &DatabasePlan,
        (command, request): (&str, &str),
        project: Option<&str>,
        root: Option<&Path>,
        context: &Context,
    ) -> Self {
        let process = &context.process;
        let project = project.unwrap_or(EVERY_PROJECT).to_owned();
        let start = start(process.new_ledger_id(), project, command, root, process);
        let details = details(RunRole::Check, request);
        Self { database: database.clone(), start, details, context: context.clone(), _lock: None }
    }

    /// Whether it is that of a gate.
    pub fn is_check(&self) -> bool {
        self.details.role == RunRole::Check
    }

    /// Writes the end; of a gate that was passed, nothing.
    pub fn close(self, ending: &Ending) {
        if self.is_check() && ending.reason().is_none() {
            return;
        }
        let end = end(&self.start, ending, &self.context.process);
        let written =
            write_beside_others(&self.database, |accounts| accounts.record_run(&self.start, &self.details, &end));
        if let Err(error) = written {
            let warning = if self.is_check() { Warning::CheckAccount(error) } else { Warning::CommandAccount(error) };
            self.context.reporter.warn(&warning);
        }
    }
}

/// Writes down that a run did not begin. The process that holds the lock is not harmed: this is one short transaction.
pub(crate) fn note_refused_run(
    database: &DatabasePlan,
    command: &str,
    plan: &AccountPlan,
    root: &Path,
    ending: &Ending,
    context: &Context,
) {
    let process = &context.process;
    let id = plan.given_id.unwrap_or_else(|| process.new_ledger_id());
    let start = RunStart { notes: plan.notes.clone(), ..start(id, plan.project.clone(), command, Some(root), process) };
    let details = RunDetails { request: plan.request.clone(), ..RunDetails::default() };
    let end = end(&start, ending, process);
    if let Err(error) = write(database, |accounts| accounts.record_run(&start, &details, &end)) {
        context.reporter.warn(&Warning::CommandAccount(error));
    }
}

/// The same of a command that looks after the database.
pub(crate) fn note_refused_upkeep(
    database: &DatabasePlan,
    id: LedgerId,
    (command, request): (&str, &str),
    ending: &Ending,
    context: &Context,
) {
    let start = start(id, EVERY_PROJECT.to_owned(), command, None, &context.process);
    let (details, end) = (details(RunRole::Upkeep, request), end(&start, ending, &context.process));
    if let Err(error) = write_beside_others(database, |accounts| accounts.record_run(&start, &details, &end)) {
        context.reporter.warn(&Warning::CommandAccount(error));
    }
}

/// In a file without a ledger, as other programs make them, no tables are made for upkeep and checks.
fn write_beside_others(
    database: &DatabasePlan,
    work: impl FnOnce(&mut SqliteAccounts) -> Result<(), AccountError>,
) -> Result<(), AccountError> {
    write(database, |accounts| if accounts.has_ledger()? { work(accounts) } else { Ok(()) })
}

/// A file that is missing or holds nothing yet keeps no accounts; that is no failure.
fn write(
    database: &DatabasePlan,
    work: impl FnOnce(&mut SqliteAccounts) -> Result<(), AccountError>,
) -> Result<(), AccountError> {
    let busy_timeout = database.options.busy_timeout.min(PATIENCE);
    let options = OpenOptions { busy_timeout, ..database.options };
    let mut accounts = match SqliteAccounts::open(&database.path, &options) {
        Err(DatabaseError::Missing { .. } | DatabaseError::NotADatabase { .. }) => return Ok(()),
        opened => opened?,
    };
    work(&mut accounts)?;
    Ok(accounts.close()?)
}

fn start(id: LedgerId, subject: String, command: &str, root: Option<&Path>, process: &Process) -> RunStart {
    RunStart {
        id,
        subject,
        notes: String::new(),
        started_at: process.now(),
        command: command.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        host: process.host.clone(),
        pid: process.pid,
        root_path: root.map(|root| root.to_string_lossy().into_owned()),
        code_ref: CodeRef { commit: None, note: "no tree was read".to_owned() },
        trace_id: process.trace_id.clone(),
    }
}

fn details(role: RunRole, request: &str) -> RunDetails {
    RunDetails { role, request: Some(request.to_owned()), expires_at: None }
}

fn end(start: &RunStart, ending: &Ending, process: &Process) -> RunEnd {
    RunEnd {
        id: start.id,
        status: ending.status(),
        finished_at: process.now(),
        snapshot_id: None,
        notes: String::new(),
        error: ending.reason().map(str::to_owned),
    }
}
