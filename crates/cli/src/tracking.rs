//! A run that leaves an account: what it was asked to do, where it is written, and where its tree comes from.

use std::cell::OnceCell;

use cds_model::CodeRef;
use cds_pipeline::{AccountPlan, DatabasePlan, Error, Intents, RunPlan, Session, SourcePlan, note_failed_start};

use crate::{
    app::App,
    arguments::TrackingArguments,
    failure::Failure,
    provenance::{Authorship, Origin, is_tracked},
    request::Request,
};

/// A run as it was asked for.
pub(crate) struct Tracking<'a> {
    arguments: &'a TrackingArguments,
    command: &'static str,
    database: &'a DatabasePlan,
    source: &'a SourcePlan,
    account: AccountPlan,
    origin: OnceCell<Origin>,
}

impl<'a> Tracking<'a> {
    /// Looks at the tree's repository for the project's name.
    pub(crate) fn new(
        arguments: &'a TrackingArguments,
        command: &'static str,
        database: &'a DatabasePlan,
        source: &'a SourcePlan,
        intents: Option<&Intents>,
    ) -> Self {
        let request = Some(Request::of_process().with_intents(intents.and_then(Intents::asked)).to_json());
        let account = AccountPlan { request, ..arguments.account.plan(source) };
        Self { arguments, command, database, source, account, origin: OnceCell::new() }
    }

    /// Opens everything that the run needs.
    pub(crate) fn open(&self, app: &App) -> Result<Session, Failure> {
        Ok(Session::open(&self.plan(&|| self.code_ref(app)), &app.context)?)
    }

    /// Writes down that the run failed before anything was opened for it.
    pub(crate) fn note_failed_start(&self, error: &Error, app: &App) {
        note_failed_start(&self.plan(&CodeRef::default), error, &app.context);
    }

    /// The project of the tree.
    pub(crate) fn project(&self) -> &str {
        &self.account.project
    }

    /// Who made the commit of the tree, and with which message; known once the run is open.
    pub(crate) fn authorship(&self) -> Authorship {
        self.origin.get().map(|origin| origin.authorship.clone()).unwrap_or_default()
    }

    fn plan<'b>(&'b self, code_ref: &'b dyn Fn() -> CodeRef) -> RunPlan<'b> {
        RunPlan {
            command: self.command,
            root: self.source.tree.root(),
            database: self.database,
            account: &self.account,
            lock_timeout: self.arguments.lock.lock_timeout,
            code_ref,
        }
    }

    fn code_ref(&self, app: &App) -> CodeRef {
        let origin = self.origin.get_or_init(|| self.arguments.account.origin(self.source));
        if is_tracked(&self.database.path) {
            app.console.warning(&format!(
                "git tracks the database, which holds the code and the intents; take it out with: git rm -f --cached {}",
                self.database.path.display()
            ));
        }
        if let Some(warning) = &origin.warning {
            app.console.warning(warning);
        }
        origin.code_ref.clone()
    }
}

/// Opens what a run can do without: no database that was named, or none that can be used, means no accounts.
pub(crate) fn open_if_possible(
    arguments: &TrackingArguments,
    command: &'static str,
    source: &SourcePlan,
    intents: Option<&Intents>,
    app: &App,
) -> Result<Session, Failure> {
    let Some(database) = arguments.database.plan_if_given()? else { return Ok(Session::without_store(&app.context)) };
    let tracking = Tracking::new(arguments, command, &database, source, intents);
    Ok(Session::open_if_possible(&tracking.plan(&|| tracking.code_ref(app)), &app.context)?)
}
