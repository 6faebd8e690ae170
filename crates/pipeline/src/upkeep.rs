//! Commands that look after a database: the lock together with the account.

use std::time::Duration;

use crate::{
    Context, DatabasePlan, Ending, Error, WriterLock,
    accounts::{OpenAccount, brief},
    writer_lock::Claim,
};

/// What a command does to a database.
#[derive(Debug, Clone, Copy)]
pub struct UpkeepPlan<'a> {
    /// The database.
    pub database: &'a DatabasePlan,
    /// Words of the command, such as `runs prune`.
    pub command: &'a str,
    /// What the invocation was asked to do, as the ledger keeps it.
    pub request: &'a str,
    /// How long another command that writes is waited for.
    pub lock_timeout: Duration,
    /// Whether the database may be missing: the command creates it.
    pub may_create: bool,
}

/// Takes the lock, and begins the account; a lock that is refused leaves an account as well.
///
/// # Errors
///
/// The database cannot be used, or the lock cannot be had.
pub fn begin(plan: &UpkeepPlan<'_>, context: &Context) -> Result<(WriterLock, OpenAccount), Error> {
    let UpkeepPlan { database, command, request, lock_timeout: timeout, .. } = *plan;
    let id = context.process.new_ledger_id();
    let claim = Claim { command, run_id: id.to_string(), timeout };
    // A database that is there may have accounts that a killed run left open; one that is created has none.
    let lock = if plan.may_create && !database.path.exists() {
        WriterLock::acquire_for_run(database, &claim, context)?
    } else {
        WriterLock::acquire_as(database, &claim, context).inspect_err(|refused| {
            if refused.is_refused_lock() {
                brief::note_refused_upkeep(database, id, (command, request), &Ending::of(refused), context);
            }
        })?
    };
    let account = OpenAccount::begin_upkeep(database, id, (command, request), lock.share(), context);
    Ok((lock, account))
}
