//! What every command works with beside its arguments.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use cds_pipeline::{
    Context, DatabasePlan, Interrupt, OpenAccount, WriterLock,
    upkeep::{self, UpkeepPlan},
};

use crate::{arguments::LockArguments, failure::Failure, machine, render::messages::Console, request::Request};

/// The console, what may end the work, and the account that the end of the process closes.
pub(crate) struct App {
    pub(crate) console: Console,
    pub(crate) context: Context,
    /// One process is one invocation, so there is at most one account here.
    account: Mutex<Option<OpenAccount>>,
}

impl App {
    pub(crate) fn new(console: Console, interrupt: Interrupt) -> Self {
        let context = Context { process: machine::process(), reporter: Arc::new(console), interrupt };
        Self { console, context, account: Mutex::default() }
    }

    /// Whether the work is to stop.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.context.interrupt.is_raised()
    }

    /// The end of a command that is to stop.
    pub(crate) fn interruption(&self) -> Failure {
        self.context.interrupt.error().into()
    }

    /// Ends the command if it is to stop.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        Ok(self.context.interrupt.check()?)
    }

    /// Takes the lock of a database that must be there, for upkeep that leaves an account.
    pub(crate) fn begin_upkeep(
        &self,
        database: &DatabasePlan,
        lock: &LockArguments,
        command: &str,
    ) -> Result<WriterLock, Failure> {
        self.begin(database, lock, command, false)
    }

    /// The same of a database that the command creates where it is missing.
    pub(crate) fn begin_upkeep_or_create(
        &self,
        database: &DatabasePlan,
        lock: &LockArguments,
        command: &str,
    ) -> Result<WriterLock, Failure> {
        self.begin(database, lock, command, true)
    }

    fn begin(
        &self,
        database: &DatabasePlan,
        lock: &LockArguments,
        command: &str,
        may_create: bool,
    ) -> Result<WriterLock, Failure> {
        let (request, lock_timeout) = (Request::of_process().to_json(), lock.lock_timeout);
        let plan = UpkeepPlan { database, command, request: &request, lock_timeout, may_create };
        let (lock, account) = upkeep::begin(&plan, &self.context)?;
        self.remember(account);
        Ok(lock)
    }

    /// From now on a failure of this command is one of a gate over the database: it leaves an account.
    pub(crate) fn announce_check(
        &self,
        database: &DatabasePlan,
        command: &str,
        project: Option<&str>,
        root: Option<&Path>,
    ) {
        let request = Request::of_process().to_json();
        self.remember(OpenAccount::of_check(database, (command, &request), project, root, &self.context));
    }

    fn remember(&self, account: OpenAccount) {
        *self.account.lock().unwrap_or_else(PoisonError::into_inner) = Some(account);
    }

    /// Writes the end that the process comes to, where there is an account without one.
    pub(crate) fn close_account(self, outcome: &Result<(), Failure>) {
        let account = self.account.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Some(account) = account else { return };
        // Wrong arguments decide nothing about the database.
        let is_decided = !outcome.as_ref().is_err_and(Failure::is_usage);
        if is_decided || !account.is_check() {
            account.close(&Failure::ending(outcome));
        }
    }
}
