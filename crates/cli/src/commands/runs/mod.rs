//! `cds runs`: what is known of every run, one file a subcommand.

mod compare;
mod diff;
mod diff_page;
pub(super) mod facts;
mod finish;
mod ids;
mod json;
mod ledger;
mod list;
mod liveness;
mod next;
mod note;
mod outcome;
mod page;
mod page_events;
mod page_stages;
mod proof;
mod prune;
mod replay;
#[cfg(test)]
mod samples;
mod show;
mod stage;
mod start;
mod stats;
mod tail;
pub(super) mod unit_lists;

use std::io::{self, Write};

use cds_persistence::{InvocationFilter, SqliteReader};
use cds_terminal::{screen::Screen, text};
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::{
    app::App,
    arguments::{DatabaseArguments, DatabasePlan, ResultFormat},
    commands::damage,
    failure::{Failure, database_failure},
    output::Output,
    render::messages::Console,
};

/// Show, compare, annotate and prune the runs of a database, or record runs of other programs
#[derive(Debug, Args)]
pub(crate) struct RunsArguments {
    #[command(subcommand)]
    command: RunsCommand,
}

#[derive(Debug, Subcommand)]
enum RunsCommand {
    #[command(after_help = crate::EXIT_CODES)]
    Tail(tail::TailArguments),
    #[command(after_help = crate::EXIT_CODES)]
    List(list::ListArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Show(show::ShowArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Replay(replay::ReplayArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Diff(diff::DiffArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Stats(stats::StatsArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Note(note::NoteArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Prune(prune::PruneArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Start(start::StartArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Finish(finish::FinishArguments),
    Stage(stage::StageArguments),
}

pub(super) fn run(arguments: &RunsArguments, app: &App) -> Result<(), Failure> {
    match &arguments.command {
        RunsCommand::Tail(arguments) => tail::run(arguments, app),
        RunsCommand::List(arguments) => list::run(arguments, app),
        RunsCommand::Show(arguments) => show::run(arguments, app),
        RunsCommand::Replay(arguments) => replay::run(arguments, app),
        RunsCommand::Diff(arguments) => diff::run(arguments, app),
        RunsCommand::Stats(arguments) => stats::run(arguments, app),
        RunsCommand::Note(arguments) => note::run(arguments, app),
        RunsCommand::Prune(arguments) => prune::run(arguments, app),
        RunsCommand::Start(arguments) => start::run(arguments, app),
        RunsCommand::Finish(arguments) => finish::run(arguments, app),
        RunsCommand::Stage(arguments) => stage::run(arguments, app),
    }
}

/// What the subcommands that only read have in common.
#[derive(Debug, Args)]
pub(super) struct ReadArguments {
    #[command(flatten)]
    database: DatabaseArguments,

    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
    format: ResultFormat,
}

impl ReadArguments {
    pub(super) fn open(&self, console: Console) -> Result<(SqliteReader, DatabasePlan), Failure> {
        let plan = self.database.plan()?;
        let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
        damage::warn(&reader, console);
        Ok((reader, plan))
    }

    pub(super) fn show(
        &self,
        json: impl FnOnce() -> Value,
        table: impl FnOnce(&mut dyn Write, &Screen) -> io::Result<()>,
    ) -> Result<(), Failure> {
        show(self.format, json, table)
    }
}

/// Writes a result in the form that was asked for.
fn show(
    format: ResultFormat,
    json: impl FnOnce() -> Value,
    table: impl FnOnce(&mut dyn Write, &Screen) -> io::Result<()>,
) -> Result<(), Failure> {
    Output::Stdout.write(|writer| format.write(writer, json, table))
}

/// Whether the database has no run at all.
fn is_empty(reader: &SqliteReader) -> Result<bool, Failure> {
    let filter = InvocationFilter { limit: Some(1), ..InvocationFilter::default() };
    Ok(reader.invocations(&filter).map_err(database_failure)?.is_empty())
}

/// What is said instead of an empty table.
fn nothing_to_show(reader: &SqliteReader, plan: &DatabasePlan, what: &str) -> Result<String, Failure> {
    Ok(if is_empty(reader)? { no_run_yet(plan) } else { format!("no {what} matches") })
}

fn no_run_yet(plan: &DatabasePlan) -> String {
    let path = text::one_line(&plan.path.to_string_lossy());
    format!("{path} has no run yet; create the first one with: cds persist --path SRC --db-path {path}")
}
