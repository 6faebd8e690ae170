//! `cds runs note`: a remark for the ledger.

use anyhow::anyhow;
use cds_persistence::{SqliteAccounts, SqliteReader};
use cds_pipeline::WriterLock;
use clap::Args;

use cds_terminal::fields::Fields;

use crate::{
    app::App,
    arguments::{DatabaseArguments, LockArguments, parse_note},
    commands::warn_of_closing,
    failure::{Failure, database_failure},
    output::Output,
};

/// Append a note to a run; earlier notes are kept
#[derive(Debug, Args)]
pub(super) struct NoteArguments {
    /// Run to annotate: latest, latest~1, a number or the start of an id
    #[arg(value_name = "RUN")]
    run: String,

    /// Text of the note, at most 4,000 characters; line breaks become spaces
    #[arg(value_name = "TEXT", value_parser = parse_note, allow_hyphen_values = true)]
    text: String,

    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    lock: LockArguments,
}

pub(super) fn run(arguments: &NoteArguments, app: &App) -> Result<(), Failure> {
    let plan = arguments.database.plan()?;
    let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
    let found = reader.resolve_run(&arguments.run).map_err(database_failure)?;
    // Before the database is opened to write: a second handle of this process would take the first one's locks along.
    drop(reader);
    let Some(row) = found.ledger else {
        return Err(Failure::failed(anyhow!("append a note to run {:?}: it has no row in the ledger", arguments.run))
            .with_hint("another program wrote this snapshot; its tables are left as they are"));
    };
    let lock = WriterLock::acquire(&plan, arguments.lock.lock_timeout, "runs note", &app.context)?;
    let mut accounts = SqliteAccounts::open(&plan.path, &plan.options).map_err(database_failure)?;
    lock.check()?;
    accounts.append_note(&row.run_id, &arguments.text).map_err(Failure::failed)?;
    warn_of_closing(accounts.close(), app.console);
    let line = Fields::new("noted").field("run_id", &row.run_id).finish();
    Output::Stdout.report("the note is written", |writer| writeln!(writer, "{line}"));
    Ok(())
}
