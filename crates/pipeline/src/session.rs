//! A run at work: the right to write, the store itself, and the accounts of the invocation.

use std::{path::Path, time::Duration};

use cds_model::{CodeRef, LedgerId};
use cds_persistence::{LastChange, LatestSnapshot, Persistence, SqlitePersistence};

use crate::{
    AccountPlan, Context, DatabasePlan, Ending, Error, Predecessor, Warning, WriterLock,
    accounts::{Accounts, brief, given_id, run::RunFacts},
    answers::StoreAnswers,
    writer_lock::Claim,
};

/// What a run has open until its end.
pub struct Session {
    accounts: Accounts,
    store: Option<Box<dyn Persistence>>,
    /// Given back last.
    lock: Option<WriterLock>,
    context: Context,
}

/// What a run is opened with.
pub struct RunPlan<'a> {
    /// Words of the command, such as `persist`.
    pub command: &'a str,
    /// The tree.
    pub root: &'a Path,
    /// Where the snapshot and its accounts go.
    pub database: &'a DatabasePlan,
    /// What the accounts say.
    pub account: &'a AccountPlan,
    /// How long another command that writes is waited for.
    pub lock_timeout: Duration,
    /// Where the tree comes from. Looked at once the right to write is there: while that is waited for, the tree may
    /// change.
    pub code_ref: &'a dyn Fn() -> CodeRef,
}

impl Session {
    /// Opens everything, or creates the database; what is wrong with it is found now.
    ///
    /// # Errors
    ///
    /// The id is taken, the lock is held by another process, or the database cannot be used. A lock that is refused
    /// leaves an account.
    pub fn open(plan: &RunPlan<'_>, context: &Context) -> Result<Self, Error> {
        given_id::check(plan.account, plan.database, context.process.now())?;
        Self::open_now(plan, context).inspect_err(|refused| {
            if refused.is_refused_lock() {
                note_refused(plan, refused, context);
            }
        })
    }

    /// The same for work that needs no database: one that cannot be used is a warning, and no accounts are kept.
    ///
    /// # Errors
    ///
    /// The id is taken, or the process was asked to stop.
    pub fn open_if_possible(plan: &RunPlan<'_>, context: &Context) -> Result<Self, Error> {
        // A wrong argument is one for every command.
        given_id::check(plan.account, plan.database, context.process.now())?;
        match Self::open_now(plan, context) {
            Err(error) if !context.interrupt.is_raised() => {
                context.reporter.warn(&Warning::NothingWritten(error));
                Ok(Self::without_store(context))
            }
            opened => opened,
        }
    }

    /// Without a database: no accounts, and no answers are kept.
    pub fn without_store(context: &Context) -> Self {
        Self { accounts: Accounts::none(), store: None, lock: None, context: context.clone() }
    }

    /// With a store that needs neither lock nor accounts.
    pub fn of_store(store: Box<dyn Persistence>, context: &Context) -> Self {
        Self { store: Some(store), ..Self::without_store(context) }
    }

    fn open_now(plan: &RunPlan<'_>, context: &Context) -> Result<Self, Error> {
        let RunPlan { command, root, database, account, lock_timeout: timeout, code_ref } = *plan;
        let id = account.given_id.unwrap_or_else(|| context.process.new_ledger_id());
        let claim = Claim { command, run_id: id.to_string(), timeout };
        let lock = WriterLock::acquire_for_run(database, &claim, context)?;
        // Another command may have used the id while the lock was waited for.
        given_id::check(account, database, context.process.now())?;
        let code_ref = code_ref();
        let store = SqlitePersistence::open(&database.path, &database.options)?;
        let facts = RunFacts { id, command, root, plan: account, code_ref };
        let accounts = Accounts::open(database, lock.share(), &facts, context);
        Ok(Self { accounts, store: Some(Box::new(store)), lock: Some(lock), context: context.clone() })
    }

    /// Ends the account of the present run and begins the one of the next, with the same lock and the same database.
    pub(crate) fn go_on(&mut self, ending: &Ending, next: &RunPlan<'_>) {
        let accounts = std::mem::replace(&mut self.accounts, Accounts::none());
        let id = self.context.process.new_ledger_id();
        let facts =
            RunFacts { id, command: next.command, root: next.root, plan: next.account, code_ref: (next.code_ref)() };
        self.accounts = accounts.go_on(ending, next.database, &facts, &self.context);
    }

    /// The invocation's id, if accounts are kept.
    pub fn id(&self) -> Option<LedgerId> {
        self.accounts.id()
    }

    /// What the session was opened with.
    pub const fn context(&self) -> &Context {
        &self.context
    }

    pub(crate) const fn accounts(&mut self) -> &mut Accounts {
        &mut self.accounts
    }

    /// The accounts, and the answers that are kept.
    pub(crate) fn accounts_and_answers(&mut self) -> (&mut Accounts, StoreAnswers<'_>) {
        let (turn, process) = (self.accounts.turn(), self.context.process.clone());
        (&mut self.accounts, StoreAnswers { store: self.store.as_deref_mut(), turn, process })
    }

    /// The accounts, the store, and the right to write to it where that needs one.
    pub(crate) fn parts(&mut self) -> (&mut Accounts, Option<&mut (dyn Persistence + 'static)>, Option<&WriterLock>) {
        (&mut self.accounts, self.store.as_deref_mut(), self.lock.as_ref())
    }

    /// Whether the last that is known of a project has definitions; not where there is no store.
    pub(crate) fn has_definitions_of(&self, project: &str, root: &Path) -> Result<bool, Error> {
        let Some(store) = &self.store else { return Ok(false) };
        Ok(store.has_definitions_of(project, &root.to_string_lossy())?)
    }

    /// The digest that the model last had.
    pub fn latest_digest(&self, model: &str) -> Option<String> {
        self.store.as_ref()?.latest_digest(model).ok().flatten()
    }

    /// The latest snapshot of a tree; none where there is no store.
    pub(crate) fn latest_snapshot(&self, of: &Predecessor<'_>) -> Result<Option<LatestSnapshot>, Error> {
        let Some(store) = &self.store else { return Ok(None) };
        Ok(store.latest_snapshot(of.project, of.part, &of.root.to_string_lossy())?)
    }

    /// When the code of its definitions last changed; without that, no order is better than another.
    pub(crate) fn last_changes(&self, of: &Predecessor<'_>) -> Vec<LastChange> {
        let changes = self.store.as_ref().and_then(|store| store.last_changes(of.project, of.part).ok());
        changes.unwrap_or_default()
    }

    /// Writes down how it ended, and closes everything. What goes wrong now is a warning.
    pub fn close(self, ending: &Ending) {
        self.accounts.finish(ending);
        if let Some(Err(error)) = self.store.map(Persistence::close) {
            self.context.reporter.warn(&Warning::Closing(error));
        }
        drop(self.lock);
    }
}

/// Writes down that a run failed before anything was opened for it; the database is created where it is missing.
pub fn note_failed_start(plan: &RunPlan<'_>, error: &Error, context: &Context) {
    if given_id::check(plan.account, plan.database, context.process.now()).is_err() {
        return;
    }
    if !plan.database.path.exists() {
        // What is wrong with the place is said when the account is written.
        drop(SqlitePersistence::open(&plan.database.path, &plan.database.options));
    }
    note_refused(plan, error, context);
}

fn note_refused(plan: &RunPlan<'_>, error: &Error, context: &Context) {
    brief::note_refused_run(plan.database, plan.command, plan.account, plan.root, &Ending::of(error), context);
}
