//! `cds runs stage`: the stages of another program's run.

use cds_model::{StageRunId, masked};
use cds_persistence::OtherStageEnd;
use clap::{Args, Subcommand, builder::PossibleValuesParser};

use super::{
    finish::{ENDS, end_status},
    ledger,
};
use cds_terminal::fields::Fields;

use crate::{
    app::App,
    arguments::{DatabaseArguments, parse_note},
    clock,
    commands::warn_of_closing,
    failure::Failure,
    output::Output,
};

/// Longest name of a stage, in characters.
const LONGEST_NAME: usize = 200;

/// Record when a stage of a run of another program began or ended
#[derive(Debug, Args)]
pub(super) struct StageArguments {
    #[command(subcommand)]
    command: StageCommand,
}

#[derive(Debug, Subcommand)]
enum StageCommand {
    /// Begin a stage and print its id; an unfinished stage of the same name is continued
    #[command(after_help = crate::EXIT_CODES)]
    Start {
        #[command(flatten)]
        stage: Named,

        /// Number of rows that the stage reads
        #[arg(long, help_heading = "Ledger options", value_name = "N")]
        rows_in: Option<u64>,
    },
    /// Record how the last stage of that name ended; the first end is kept
    #[command(after_help = crate::EXIT_CODES)]
    Finish {
        #[command(flatten)]
        stage: Named,

        /// Number of rows that the stage read
        #[arg(long, help_heading = "Ledger options", value_name = "N")]
        rows_in: Option<u64>,

        /// Number of rows that the stage wrote
        #[arg(long, help_heading = "Ledger options", value_name = "N")]
        rows_out: Option<u64>,

        /// Status of the stage [default: completed, or failed with --error]
        #[arg(long, help_heading = "Ledger options", value_name = "STATUS", value_parser = PossibleValuesParser::new(ENDS))]
        status: Option<String>,

        /// Why the stage failed, one line
        #[arg(long, help_heading = "Ledger options", value_name = "TEXT", value_parser = parse_note, allow_hyphen_values = true)]
        error: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Ledger options")]
struct Named {
    /// Run of the stage: latest, latest~1, a number or the start of an id
    #[arg(value_name = "RUN", help_heading = None)]
    run: String,

    /// Name of the stage
    #[arg(long = "stage", value_name = "NAME", value_parser = parse_name)]
    name: String,

    #[command(flatten)]
    database: DatabaseArguments,
}

pub(super) fn run(arguments: &StageArguments, app: &App) -> Result<(), Failure> {
    match &arguments.command {
        StageCommand::Start { stage, rows_in } => start(stage, *rows_in, app),
        StageCommand::Finish { stage, rows_in, rows_out, status, error } => {
            let end = OtherStageEnd {
                status: end_status(status.as_deref(), error.as_deref()),
                finished_at: clock::now(),
                error: error.as_deref().map(masked),
                rows_in: *rows_in,
                rows_out: *rows_out,
            };
            finish(stage, &end, app)
        }
    }
}

fn start(stage: &Named, rows_in: Option<u64>, app: &App) -> Result<(), Failure> {
    let plan = stage.database.plan()?;
    let run = ledger::id_of(&ledger::find(&plan, &stage.run)?)?;
    let mut accounts = ledger::accounts(&plan)?;
    let new = StageRunId((app.context.process.new_id)());
    let started = accounts.start_other_stage(new, run, &stage.name, clock::now(), rows_in);
    let id = started.map_err(ledger::account_failure)?;
    warn_of_closing(accounts.close(), app.console);
    Output::Stdout.write(|writer| writeln!(writer, "{id}"))
}

fn finish(stage: &Named, end: &OtherStageEnd, app: &App) -> Result<(), Failure> {
    let plan = stage.database.plan()?;
    let run = ledger::id_of(&ledger::find(&plan, &stage.run)?)?;
    let mut accounts = ledger::accounts(&plan)?;
    let (id, status) = accounts.finish_other_stage(run, &stage.name, end).map_err(ledger::account_failure)?;
    warn_of_closing(accounts.close(), app.console);
    let line = Fields::new("finished").field("run_id", run).field("stage", &stage.name).field("stage_id", id);
    let line = line.field("status", status).finish();
    Output::Stdout.write(|writer| writeln!(writer, "{line}"))
}

fn parse_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let is_name = !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control);
    if is_name { Ok(name.to_owned()) } else { Err(format!("accepted is one line of 1 to {LONGEST_NAME} characters")) }
}
