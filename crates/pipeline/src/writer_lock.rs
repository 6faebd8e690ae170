//! The right to write to a database, held from before the work to its end.

use std::{sync::Arc, time::Duration};

use cds_model::AccountStatus;
use cds_persistence::{
    Error as DatabaseError, FileLock, InvocationFilter, LockError, LockHolder, LockMonitor, SqliteAccounts,
    SqliteReader, WATCH_INTERVAL, lock_path,
};

use crate::{Context, DatabasePlan, Error, Warning, accounts::abandoned};

/// Held by the one command that writes to a database; it ends with the value, or with the process.
pub struct WriterLock {
    lock: Arc<FileLock>,
    _monitor: LockMonitor,
    context: Context,
}

/// Who wants the lock, and how patiently.
#[derive(Debug, Clone)]
pub(crate) struct Claim<'a> {
    /// Words of the command, such as `runs prune`.
    pub(crate) command: &'a str,
    /// The id of the invocation; empty where it has none.
    pub(crate) run_id: String,
    /// How long another command that writes is waited for.
    pub(crate) timeout: Duration,
}

impl WriterLock {
    /// Takes the lock of a database that must be there for `command`, and closes the accounts of runs that ended without
    /// an end. Another command that writes is waited for up to `timeout`.
    ///
    /// # Errors
    ///
    /// The database cannot be read, or the lock cannot be had.
    pub fn acquire(
        database: &DatabasePlan,
        timeout: Duration,
        command: &str,
        context: &Context,
    ) -> Result<Self, Error> {
        Self::acquire_as(database, &Claim { command, run_id: String::new(), timeout }, context)
    }

    pub(crate) fn acquire_as(database: &DatabasePlan, claim: &Claim<'_>, context: &Context) -> Result<Self, Error> {
        let reader = SqliteReader::open(&database.path, &database.options)?;
        let lock = Self::take(database, claim, context)?;
        if let Err(error) = Self::close_abandoned(database, reader, claim.command, context) {
            context.reporter.warn(&Warning::AbandonedRuns(error));
        }
        Ok(lock)
    }

    fn close_abandoned(
        database: &DatabasePlan,
        reader: SqliteReader,
        command: &str,
        context: &Context,
    ) -> Result<(), DatabaseError> {
        let running = AccountStatus::Running.as_str().to_owned();
        let filter = InvocationFilter { limit: Some(1), status: Some(running), ..InvocationFilter::default() };
        let is_clean = reader.invocations(&filter)?.is_empty();
        drop(reader);
        if is_clean {
            return Ok(());
        }
        let mut accounts = SqliteAccounts::open(&database.path, &database.options)?;
        abandoned::close(&mut accounts, command, context)?;
        accounts.close()
    }

    /// Takes the lock of a database that may be missing; what can be known of it without changing it is checked first.
    ///
    /// # Errors
    ///
    /// The database is there and cannot be used, or the lock cannot be had.
    pub fn acquire_or_create(
        database: &DatabasePlan,
        timeout: Duration,
        command: &str,
        context: &Context,
    ) -> Result<Self, Error> {
        Self::acquire_for_run(database, &Claim { command, run_id: String::new(), timeout }, context)
    }

    pub(crate) fn acquire_for_run(
        database: &DatabasePlan,
        claim: &Claim<'_>,
        context: &Context,
    ) -> Result<Self, Error> {
        // Where a link leads to nothing there is no place for a database, and none for its lock.
        if database.path.is_symlink() && !database.path.exists() {
            let (path, kind) = (database.path.clone(), "a symbolic link to nothing");
            return Err(DatabaseError::NotARegularFile { path, kind }.into());
        }
        match SqliteReader::open_if_present(&database.path, &database.options) {
            // The lock names the process that is at work there.
            Ok(_) | Err(DatabaseError::Locked { .. } | DatabaseError::ChangedWhileRead { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Self::take(database, claim, context)
    }

    fn take(database: &DatabasePlan, claim: &Claim<'_>, context: &Context) -> Result<Self, Error> {
        let path = lock_path(&database.path);
        let holder = LockHolder {
            pid: context.process.pid,
            host: context.process.host.clone(),
            run_id: claim.run_id.clone(),
            command: claim.command.to_owned(),
            started_at: context.process.now().to_string(),
            stage: String::new(),
        };
        let lock = FileLock::acquire(&path, &holder, claim.timeout, &|| context.interrupt.is_raised());
        let lock = lock.map_err(|error| match error {
            LockError::Stopped => context.interrupt.error(),
            error => Error::Lock(error),
        })?;
        if lock.is_nameless() {
            context.reporter.warn(&Warning::NamelessLock { path });
        }
        let lock = Arc::new(lock);
        let lost = context.clone();
        let monitor = lock.watch(WATCH_INTERVAL, move |why| lost.interrupt.lose_lock(why, lost.reporter.as_ref()));
        Ok(Self { lock, _monitor: monitor, context: context.clone() })
    }

    /// The lock itself, into which the account writes the stage.
    pub(crate) fn share(&self) -> Arc<FileLock> {
        Arc::clone(&self.lock)
    }

    /// Ends the command that was asked to stop, or has lost the lock by now.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] or [`Error::LockLost`].
    pub fn check(&self) -> Result<(), Error> {
        self.is_held();
        self.context.interrupt.check()
    }

    /// Looks now, and not only at the next look of the monitor.
    pub fn is_held(&self) -> bool {
        if let Err(why) = self.lock.check() {
            self.context.interrupt.lose_lock(&why, self.context.reporter.as_ref());
        }
        !self.context.interrupt.has_lost_lock()
    }
}
