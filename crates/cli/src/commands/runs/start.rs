//! `cds runs start`: begins the account of another program's run.

use std::{fs, time::Duration};

use cds_model::{CodeRef, LedgerId, RunDetails, RunStart, masked};
use cds_persistence::SqlitePersistence;
use cds_pipeline::WriterLock;
use clap::Args;

use super::ledger;
use crate::{
    app::App,
    arguments::{
        DatabaseArguments, DatabasePlan, LockArguments, parse_duration, parse_ledger_id, parse_note, parse_notes,
        shown_layout,
    },
    clock,
    commands::warn_of_closing,
    failure::{Failure, database_failure},
    output::Output,
    provenance::parse_code_ref,
};

/// Begin to record a run of another program, and print its id
#[derive(Debug, Args)]
#[command(next_help_heading = "Ledger options", mut_arg("layout", shown_layout))]
pub(super) struct StartArguments {
    /// Subject of the run, for example the name of the project; one line
    #[arg(long, value_name = "SUBJECT", value_parser = parse_note)]
    subject: String,

    /// Note to save with the run, at most 4,000 characters; line breaks become spaces
    #[arg(long, value_name = "TEXT", value_parser = parse_notes, default_value = "", hide_default_value = true, env = "CDS_NOTES")]
    notes: String,

    /// Id of the run, a UUID [default: a new one]; an id that is already in the ledger begins nothing
    #[arg(long, value_name = "UUID", value_parser = parse_ledger_id)]
    ledger_id: Option<LedgerId>,

    /// Command line of the run; passwords in it are left out
    #[arg(long, value_name = "TEXT", value_parser = parse_note, default_value = "runs start", hide_default_value = true, allow_hyphen_values = true)]
    command: String,

    /// Commit that the run works on
    #[arg(long, value_name = "COMMIT", value_parser = parse_code_ref)]
    code_ref: Option<String>,

    /// How long the run counts as alive without any new entry
    #[arg(long, value_name = "TIME", value_parser = parse_expiry, default_value = "1d")]
    expires: Duration,

    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    lock: LockArguments,
}

pub(super) fn run(arguments: &StartArguments, app: &App) -> Result<(), Failure> {
    let plan = arguments.database.plan()?;
    create_if_missing(&plan, &arguments.lock, app)?;
    let id = arguments.ledger_id.unwrap_or_else(|| app.context.process.new_ledger_id());
    let note = if arguments.code_ref.is_some() { "given by --code-ref" } else { "not given to cds runs start" };
    let start = RunStart {
        id,
        subject: masked(&arguments.subject),
        notes: masked(&arguments.notes),
        started_at: clock::now(),
        command: masked(&arguments.command),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        host: app.context.process.host.clone(),
        // This process is not the run's, and the run's own is not known.
        pid: 0,
        root_path: None,
        code_ref: CodeRef { commit: arguments.code_ref.clone(), note: note.to_owned() },
        trace_id: app.context.process.trace_id.clone(),
    };
    let details = RunDetails { expires_at: Some(clock::in_future(arguments.expires)), ..RunDetails::default() };
    let mut accounts = ledger::accounts(&plan)?;
    accounts.start_run(&start, &details).map_err(ledger::account_failure)?;
    warn_of_closing(accounts.close(), app.console);
    Output::Stdout.write(|writer| writeln!(writer, "{id}"))
}

/// A new file gets all its tables, as by every command that writes.
fn create_if_missing(plan: &DatabasePlan, lock: &LockArguments, app: &App) -> Result<(), Failure> {
    if fs::metadata(&plan.path).is_ok_and(|found| found.len() > 0) {
        return Ok(());
    }
    let _lock = WriterLock::acquire_or_create(plan, lock.lock_timeout, "runs start", &app.context)?;
    let database = SqlitePersistence::open(&plan.path, &plan.options).map_err(database_failure)?;
    database.close().map_err(database_failure)
}

fn parse_expiry(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        time if time.is_zero() => Err("accepted is a time above 0".to_owned()),
        time => Ok(time.min(Duration::from_secs(100 * 366 * 24 * 3600))),
    }
}
