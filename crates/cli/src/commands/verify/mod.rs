//! `cds verify`: whether anything in the database was altered.

mod page;

use std::{io::IsTerminal, ops::ControlFlow, time::Duration};

use anyhow::anyhow;
use cds_model::Fingerprint;
use cds_persistence::{Error, RunId, SqliteReader, Verification, VerifyQuery};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::{
    app::App,
    arguments::{DatabaseArguments, ResultFormat},
    failure::{Failure, database_failure},
    output::Output,
};

/// So that a large database does not look like a program that hangs.
const TICK: Duration = Duration::from_millis(250);

/// The name that stands for every run.
const ALL: &str = "all";

/// Verify the hashes of a database, and list what was altered
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    database: DatabaseArguments,

    /// Snapshot to verify: all, latest, latest~1, a number or the start of an id
    #[arg(long, value_name = "RUN", default_value = ALL, allow_hyphen_values = true, help_heading = "Input options")]
    run: String,

    /// Root of a snapshot or chain head, for example from a log, that the database must contain
    #[arg(long, value_name = "ROOT", value_parser = parse_hash)]
    expect: Option<Fingerprint>,

    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
    format: ResultFormat,
}

/// `sha256:` and 64 digits, as the program prints it.
fn parse_hash(text: &str) -> Result<Fingerprint, String> {
    text.trim().parse().map_err(|()| "accepted is sha256: and 64 lower-case hexadecimal digits".to_owned())
}

pub(super) fn run(arguments: &VerifyArguments, app: &App) -> Result<(), Failure> {
    let database = arguments.database.plan()?;
    let reader = SqliteReader::open(&database.path, &database.options).map_err(database_failure)?;
    let run = match arguments.run.as_str() {
        ALL => None,
        name => Some(reader.resolve_snapshot(name).map_err(database_failure)?.row.id),
    };
    let found = verify(&reader, run, arguments.expect, app)?;
    Output::Stdout.conclude(verdict(&found), |writer| {
        arguments.format.write(
            writer,
            || page::json(&found, run),
            |writer, _| write!(writer, "{}", page::render(&found)),
        )
    })
}

fn verdict(found: &Verification) -> Result<(), Failure> {
    if found.is_unaltered() {
        return Ok(());
    }
    Err(Failure::failed(anyhow!("verify the database: {}", not_as_written(found.deviation_count)))
        .with_hint("keep the file as it is; docs/traceability.md says what each deviation means"))
}

/// The count of altered values, which is at least 1.
pub(super) fn not_as_written(count: u64) -> String {
    match count {
        1 => "1 value is not as it was written".to_owned(),
        _ => format!("{count} values are not as they were written"),
    }
}

fn verify(
    reader: &SqliteReader,
    run: Option<RunId>,
    expected: Option<Fingerprint>,
    app: &App,
) -> Result<Verification, Failure> {
    let bar = if std::io::stderr().is_terminal() && !app.console.is_quiet() {
        ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
    } else {
        ProgressBar::hidden()
    };
    if !bar.is_hidden() && cds_pipeline::threads::are_available() {
        bar.enable_steady_tick(TICK);
    }
    let progress = |count| {
        bar.set_message(format!("{count} records"));
        if app.is_interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let query = VerifyQuery { run, expected, ..VerifyQuery::default() };
    let outcome = reader.verify(&query, &progress);
    bar.finish_and_clear();
    match outcome {
        Err(Error::Cancelled { .. }) => Err(app.interruption()),
        outcome => outcome.map_err(database_failure),
    }
}
