//! The accounts of invocations that do no work on a tree: upkeep of the database, gates, and what was refused.
//!
//! One process is one invocation, so there is at most one account here. Its end is what the process ends with: it is
//! written by `main`, behind everything that can still fail. Each write is one small transaction of its own. What cannot
//! be written costs nothing but the account.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cds_model::{AccountStatus, CodeRef, LedgerId, RunDetails, RunEnd, RunRole, RunStart};
use cds_persistence::{AccountError, Error, FileLock, OpenOptions, SqliteAccounts};

use super::new_ledger_id;
use crate::{
    arguments::{AccountPlan, DatabasePlan},
    failure::Failure,
    machine,
    render::messages,
    request::Request,
    stages,
};

/// Whoever holds the database is waited for no longer: an account is not worth more.
const PATIENCE: Duration = Duration::from_secs(1);

/// The project of what is done to a whole database.
const EVERY_PROJECT: &str = "*";

static OPEN: Mutex<Option<Open>> = Mutex::new(None);

/// An account without its end.
struct Open {
    database: DatabasePlan,
    start: RunStart,
    role: RunRole,
    /// Held until the end is written, so that no other command finds a run without an end.
    _lock: Option<Arc<FileLock>>,
}

/// Begins the account of a command that looks after a database, and holds the lock.
pub(crate) fn begin_upkeep(database: &DatabasePlan, id: LedgerId, command: &str, lock: Arc<FileLock>) {
    let start = start(id, EVERY_PROJECT.to_owned(), command, None);
    let details = details(RunRole::Upkeep);
    let written = write_beside_others(database, |accounts| accounts.start_run(&start, &details));
    if let Err(error) = written {
        warn(error);
    }
    remember(Open { database: database.clone(), start, role: RunRole::Upkeep, _lock: Some(lock) });
}

/// From now on a failure of this command is one of a gate over the database: it leaves an account.
///
/// A gate only reads. One that is passed leaves the file as it is; where it may not be written, so does one that is not.
pub(crate) fn announce_check(database: &DatabasePlan, command: &str, project: Option<&str>, root: Option<&Path>) {
    let project = project.unwrap_or(EVERY_PROJECT).to_owned();
    let start = start(new_ledger_id(), project, command, root);
    remember(Open { database: database.clone(), start, role: RunRole::Check, _lock: None });
}

/// Writes down that a run was refused the lock. Who holds it is not harmed: this is one short transaction.
pub(crate) fn note_refused_run(
    database: &DatabasePlan,
    command: &str,
    plan: &AccountPlan,
    root: &Path,
    failure: &Failure,
) {
    let id = plan.given_id.unwrap_or_else(new_ledger_id);
    let start = RunStart { notes: plan.notes.clone(), ..start(id, plan.project.clone(), command, Some(root)) };
    let details = RunDetails { request: plan.request.clone(), ..RunDetails::default() };
    record(database, &start, &details, Some(failure));
}

/// The same of a command that looks after the database.
pub(crate) fn note_refused_upkeep(database: &DatabasePlan, id: LedgerId, command: &str, failure: &Failure) {
    let start = start(id, EVERY_PROJECT.to_owned(), command, None);
    record_beside_others(database, &start, &details(RunRole::Upkeep), Some(failure));
}

/// Writes the end that the process comes to, where there is an account without one.
pub(crate) fn close(failure: Option<&Failure>) {
    let open = OPEN.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(open) = open else { return };
    if open.role == RunRole::Check {
        // Wrong arguments decide nothing about the database.
        let Some(failure) = failure.filter(|failure| !failure.is_usage()) else { return };
        let end = end(&open.start, Some(failure));
        let written =
            write_beside_others(&open.database, |accounts| accounts.record_run(&open.start, &details(open.role), &end));
        if let Err(error) = written {
            messages::note(&format!("the ledger has no account of this check: cds failed to {}", chain(error)));
        }
        return;
    }
    record_beside_others(&open.database, &open.start, &details(open.role), failure);
}

fn record(database: &DatabasePlan, start: &RunStart, details: &RunDetails, failure: Option<&Failure>) {
    let end = end(start, failure);
    if let Err(error) = write(database, |accounts| accounts.record_run(start, details, &end)) {
        warn(error);
    }
}

/// The same where accounts are kept already.
fn record_beside_others(database: &DatabasePlan, start: &RunStart, details: &RunDetails, failure: Option<&Failure>) {
    let end = end(start, failure);
    if let Err(error) = write_beside_others(database, |accounts| accounts.record_run(start, details, &end)) {
        warn(error);
    }
}

fn remember(open: Open) {
    *OPEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(open);
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
        Err(Error::Missing { .. } | Error::NotADatabase { .. }) => return Ok(()),
        opened => opened?,
    };
    work(&mut accounts)?;
    Ok(accounts.close()?)
}

fn start(id: LedgerId, subject: String, command: &str, root: Option<&Path>) -> RunStart {
    RunStart {
        id,
        subject,
        notes: String::new(),
        started_at: stages::now(),
        command: command.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        host: machine::host_name(),
        pid: std::process::id(),
        root_path: root.map(|root| root.to_string_lossy().into_owned()),
        code_ref: CodeRef { commit: None, note: "no tree was read".to_owned() },
        trace_id: machine::trace_id(),
    }
}

fn details(role: RunRole) -> RunDetails {
    RunDetails { role, request: Some(Request::of_process().to_json()), expires_at: None }
}

fn end(start: &RunStart, failure: Option<&Failure>) -> RunEnd {
    RunEnd {
        id: start.id,
        status: failure.map_or(AccountStatus::Completed, Failure::account_status),
        finished_at: stages::now(),
        snapshot_id: None,
        notes: String::new(),
        error: failure.map(Failure::account_reason),
    }
}

fn chain(error: AccountError) -> String {
    format!("{:#}", anyhow::Error::new(error))
}

fn warn(error: AccountError) {
    messages::warning(&format!("the ledger has no whole account of this command: cds failed to {}", chain(error)));
}
