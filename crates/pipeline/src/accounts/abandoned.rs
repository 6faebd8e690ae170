//! Runs that ended without an end: who holds the lock knows that no other process is at work on them.

use cds_persistence::{Error, SqliteAccounts};

use crate::{Context, Event};

/// Closes the accounts of runs that still count as running; only for the holder of the lock.
pub(crate) fn close(accounts: &mut SqliteAccounts, command: &str, context: &Context) -> Result<(), Error> {
    let reason = "its process ended without closing its accounts; its lock was free";
    let closed = accounts.mark_interrupted(&format!("cds {command}"), reason, context.process.now(), None)?;
    for run_id in closed {
        context.reporter.report(&Event::RunClosed { run_id: &run_id, reason });
    }
    Ok(())
}
