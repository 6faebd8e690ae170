//! A command at work on a database: the right to write, the database itself, and the accounts of the invocation.

use cds_persistence::SqlitePersistence;

use crate::{
    accounts::{self, Accounts},
    answers::DatabaseAnswers,
    arguments::{AccountPlan, DatabasePlan, IntentPlan, SourcePlan, TrackingArguments},
    failure::{Failure, database_failure},
    provenance::{Authorship, is_tracked},
    render::messages,
    request::Request,
    signals::Interrupt,
    writer_lock::WriterLock,
};

/// What a command has open until its end.
pub(crate) struct Tracked {
    accounts: Accounts,
    authorship: Authorship,
    database: Option<SqlitePersistence>,
    /// Given back last.
    lock: Option<WriterLock>,
}

impl Tracked {
    /// Opens everything, or creates the database; what is wrong with it is found now.
    pub(crate) fn open(
        database: &DatabasePlan,
        arguments: &TrackingArguments,
        command: &'static str,
        source: &SourcePlan,
        intents: Option<&IntentPlan>,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        let plan = with_request(arguments.account.plan(source), intents);
        accounts::check_given_id(&plan, database)?;
        Self::open_as(&plan, database, arguments, command, source, interrupt).inspect_err(|refused| {
            if refused.is_refused_lock() {
                accounts::other::note_refused_run(database, command, &plan, source.tree.root(), refused);
            }
        })
    }

    /// Writes down that a run failed before anything was opened for it; the database is created where it is missing.
    pub(crate) fn note_failed_start(
        database: &DatabasePlan,
        arguments: &TrackingArguments,
        command: &'static str,
        source: &SourcePlan,
        intents: &IntentPlan,
        failure: &Failure,
    ) {
        let plan = with_request(arguments.account.plan(source), Some(intents));
        if accounts::check_given_id(&plan, database).is_err() {
            return;
        }
        if !database.path.exists() {
            // What is wrong with the place is said when the account is written.
            drop(SqlitePersistence::open(&database.path, &database.options));
        }
        accounts::other::note_refused_run(database, command, &plan, source.tree.root(), failure);
    }

    fn open_as(
        plan: &AccountPlan,
        database: &DatabasePlan,
        arguments: &TrackingArguments,
        command: &'static str,
        source: &SourcePlan,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        let root = source.tree.root();
        let id = plan.given_id.unwrap_or_else(accounts::new_ledger_id);
        let lock = WriterLock::acquire_for_run(database, &arguments.lock, command, id.to_string(), interrupt)?;
        // Another command may have used the id, and the tree may have changed, while the lock was waited for.
        accounts::check_given_id(plan, database)?;
        let origin = arguments.account.origin(source);
        let opened = SqlitePersistence::open(&database.path, &database.options).map_err(database_failure)?;
        if is_tracked(&database.path) {
            messages::warning(&format!(
                "git tracks the database, which holds the code and the intents; take it out with: git rm -f --cached {}",
                database.path.display()
            ));
        }
        if let Some(warning) = &origin.warning {
            messages::warning(warning);
        }
        let accounts = Accounts::open(database, lock.share(), id, command, root, plan, origin.code_ref);
        Ok(Self { accounts, authorship: origin.authorship, database: Some(opened), lock: Some(lock) })
    }

    /// The same for a command that needs no database: without one, nobody keeps accounts; with one that cannot be
    /// used, nobody does either, and the user is told.
    pub(crate) fn if_possible(
        arguments: &TrackingArguments,
        command: &'static str,
        source: &SourcePlan,
        intents: Option<&IntentPlan>,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        let nothing =
            Self { accounts: Accounts::none(), authorship: Authorship::default(), database: None, lock: None };
        let Some(database) = arguments.database.plan_if_given()? else { return Ok(nothing) };
        let plan = with_request(arguments.account.plan(source), intents);
        // A wrong argument is one for every command.
        accounts::check_given_id(&plan, &database)?;
        match Self::open_as(&plan, &database, arguments, command, source, interrupt) {
            Ok(tracked) => Ok(tracked),
            Err(failure) if interrupt.is_raised() => Err(failure),
            Err(failure) => {
                messages::warning(&format!("nothing is written to the database: cds {failure}"));
                Ok(nothing)
            }
        }
    }

    /// The accounts of this invocation.
    pub(crate) const fn accounts(&mut self) -> &mut Accounts {
        &mut self.accounts
    }

    /// Who made the commit of the tree.
    pub(crate) const fn authorship(&self) -> &Authorship {
        &self.authorship
    }

    /// The accounts, and the answers that are kept.
    pub(crate) fn accounts_and_answers(&mut self) -> (&mut Accounts, DatabaseAnswers<'_>) {
        let turn = self.accounts.turn();
        (&mut self.accounts, DatabaseAnswers { database: self.database.as_mut(), turn })
    }

    /// The accounts, and of a command that was opened with a database, that and the right to write to it.
    pub(crate) fn parts(&mut self) -> (&mut Accounts, Option<(&mut SqlitePersistence, &WriterLock)>) {
        (&mut self.accounts, self.database.as_mut().zip(self.lock.as_ref()))
    }

    /// The digest that the model last had.
    pub(crate) fn latest_digest(&self, model: &str) -> Option<String> {
        self.database.as_ref()?.latest_digest(model).ok().flatten()
    }

    /// Writes down how it ended, and closes everything. What goes wrong now is a warning.
    pub(crate) fn close(self, failure: Option<&Failure>) {
        self.accounts.finish(failure);
        if let Some(Err(error)) = self.database.map(SqlitePersistence::close) {
            messages::warning(&format!("what was written is safe, but cds failed to {:#}", anyhow::Error::new(error)));
        }
        drop(self.lock);
    }
}

/// The plan with what this process was asked to do.
fn with_request(plan: AccountPlan, intents: Option<&IntentPlan>) -> AccountPlan {
    AccountPlan { request: Some(Request::of_process().with_intents(intents).to_json()), ..plan }
}
