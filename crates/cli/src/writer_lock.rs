//! The right to write to a database, held from before the work to its end.

use std::{io::ErrorKind, sync::Arc};

use anyhow::anyhow;
use cds_model::AccountStatus;
use cds_persistence::{
    Error, FileLock, InvocationFilter, LockError, LockHolder, LockLost, LockMonitor, LossReason, SqliteAccounts,
    SqliteReader, WATCH_INTERVAL, lock_path,
};

use crate::{
    accounts::{new_ledger_id, other},
    arguments::{DatabasePlan, LockArguments},
    failure::{Failure, database_failure},
    machine,
    render::messages,
    signals::Interrupt,
    stages,
};

/// Held by the one command that writes to a database; it ends with the value, or with the process.
pub(crate) struct WriterLock {
    lock: Arc<FileLock>,
    _monitor: LockMonitor,
}

impl WriterLock {
    /// As [`acquire`](Self::acquire), for upkeep of the database that leaves an account, also where it is refused.
    pub(crate) fn acquire_with_account(
        database: &DatabasePlan,
        arguments: &LockArguments,
        command: &'static str,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        let id = new_ledger_id();
        let lock = Self::acquire_as(database, arguments, &holder(command, id.to_string()), interrupt).inspect_err(
            |refused| {
                if refused.is_refused_lock() {
                    other::note_refused_upkeep(database, id, command, refused);
                }
            },
        )?;
        other::begin_upkeep(database, id, command, lock.share());
        Ok(lock)
    }

    /// Takes the lock of a database that must be there, and closes the accounts of runs that are gone.
    pub(crate) fn acquire(
        database: &DatabasePlan,
        arguments: &LockArguments,
        command: &'static str,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        Self::acquire_as(database, arguments, &holder(command, String::new()), interrupt)
    }

    fn acquire_as(
        database: &DatabasePlan,
        arguments: &LockArguments,
        holder: &LockHolder,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        let reader = SqliteReader::open(&database.path, &database.options).map_err(database_failure)?;
        let lock = Self::take(database, arguments, holder, interrupt)?;
        if let Err(error) = Self::close_abandoned_in(database, reader, &holder.command) {
            let error = anyhow::Error::new(error);
            messages::warning(&format!("runs that were interrupted are not marked: cds failed to {error:#}"));
        }
        Ok(lock)
    }

    fn close_abandoned_in(database: &DatabasePlan, reader: SqliteReader, command: &str) -> Result<(), Error> {
        let running = AccountStatus::Running.as_str().to_owned();
        let filter = InvocationFilter { limit: Some(1), status: Some(running), ..InvocationFilter::default() };
        let is_clean = reader.invocations(&filter)?.is_empty();
        drop(reader);
        if is_clean {
            return Ok(());
        }
        let mut accounts = SqliteAccounts::open(&database.path, &database.options)?;
        close_abandoned(&mut accounts, command)?;
        accounts.close()
    }

    /// Takes the lock of a database that may be missing; what can be known of it without changing it is checked first.
    pub(crate) fn acquire_for_run(
        database: &DatabasePlan,
        arguments: &LockArguments,
        command: &'static str,
        run_id: String,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        // Where a link leads to nothing there is no place for a database, and none for its lock.
        if database.path.is_symlink() && !database.path.exists() {
            return Err(database_failure(Error::NotARegularFile {
                path: database.path.clone(),
                kind: "a symbolic link to nothing",
            }));
        }
        match SqliteReader::open_if_present(&database.path, &database.options) {
            // Who is at work there is told by the lock.
            Ok(_) | Err(Error::Locked { .. } | Error::ChangedWhileRead { .. }) => {}
            Err(error) => return Err(database_failure(error)),
        }
        Self::take(database, arguments, &holder(command, run_id), interrupt)
    }

    fn take(
        database: &DatabasePlan,
        arguments: &LockArguments,
        holder: &LockHolder,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        let path = lock_path(&database.path);
        let lock = FileLock::acquire(&path, holder, arguments.lock_timeout, &|| interrupt.is_raised())
            .map_err(|error| lock_failure(error, interrupt))?;
        if lock.is_nameless() {
            messages::warning(&format!(
                "{} holds something else, which is left alone; nobody is told who writes to the database",
                path.display()
            ));
        }
        let lock = Arc::new(lock);
        let lost = interrupt.clone();
        let monitor = lock.watch(WATCH_INTERVAL, move |why| lost.lose_lock(why));
        Ok(Self { lock, _monitor: monitor })
    }

    /// The lock itself, for whoever tells it what is being done.
    pub(crate) fn share(&self) -> Arc<FileLock> {
        Arc::clone(&self.lock)
    }

    /// Ends the command that was asked to stop, or has lost the lock by now.
    pub(crate) fn check(&self, interrupt: &Interrupt) -> Result<(), Failure> {
        self.is_held(interrupt);
        interrupt.check()
    }

    /// Looks now, and not only at the next look of the monitor.
    pub(crate) fn is_held(&self, interrupt: &Interrupt) -> bool {
        if let Err(why) = self.lock.check() {
            interrupt.lose_lock(&why);
        }
        !interrupt.has_lost_lock()
    }
}

fn holder(command: &str, run_id: String) -> LockHolder {
    LockHolder {
        pid: std::process::id(),
        host: machine::host_name(),
        run_id,
        command: command.to_owned(),
        started_at: stages::now().to_string(),
        stage: String::new(),
    }
}

/// Whoever holds the lock knows that a run without an end is none any more.
pub(crate) fn close_abandoned(accounts: &mut SqliteAccounts, command: &str) -> Result<(), Error> {
    let reason = "its process ended without closing its accounts; its lock was free";
    let closed = accounts.mark_interrupted(&format!("cds {command}"), reason, stages::now(), None)?;
    for run_id in closed {
        messages::note(&format!("run {run_id} was interrupted: {reason}"));
    }
    Ok(())
}

fn lock_failure(error: LockError, interrupt: &Interrupt) -> Failure {
    let hint = match &error {
        LockError::Stopped => return interrupt.failure(),
        LockError::Held { .. } => {
            return Failure::refused_lock(error)
                .with_hint("wait until it is done, or wait longer with --lock-timeout 10m; see cds lock status");
        }
        LockError::Unsupported { .. } => "put the database on a file system that has locks",
        LockError::Io { source, .. } if source.kind() == ErrorKind::StorageFull => "make room on the disk",
        LockError::NotARegularFile { .. } => "remove what has the name of the lock file, or name another database",
        _ => "give yourself permission to write the file and its folder, or name another database",
    };
    Failure::failed(error).with_hint(hint)
}

/// What the loss of the lock means for a command.
pub(crate) fn lost(why: &LockLost) -> Failure {
    let hint = match why.why {
        LossReason::Unwatched => {
            "let this user have more processes (ulimit -u, or the limit of the container), and run the command again"
        }
        LossReason::Deleted | LossReason::Replaced | LossReason::Overwritten | LossReason::Unreadable => {
            "leave the lock file alone while cds runs, and run the command again"
        }
    };
    Failure::failed(anyhow!("keep the right to write: {why}; nothing more was written, answers up to then are kept"))
        .with_hint(hint)
}
