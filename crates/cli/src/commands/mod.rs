//! The commands, one file each.

mod archive;
mod attest;
mod backfill;
mod damage;
mod db;
mod doctor;
mod drift;
mod dry_run;
mod dup;
mod enrich_intent;
mod history;
mod import;
mod intents;
mod languages;
mod lock;
mod model_build;
mod persist;
mod runs;
mod scan;
mod similar;
mod state;
mod verify;

use clap::Subcommand;

use crate::{
    app::App,
    failure::{Failure, database_failure},
    render::messages::Console,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(after_help = crate::EXIT_CODES)]
    Scan(scan::ScanArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Persist(persist::PersistArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Backfill(Box<backfill::BackfillArguments>),
    #[command(after_help = crate::EXIT_CODES)]
    EnrichIntent(enrich_intent::EnrichIntentArguments),
    #[command(after_help = crate::EXIT_CODES)]
    ModelBuild(model_build::ModelBuildArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Intents(intents::IntentsArguments),
    /// Find duplicated code in a snapshot; short for `cds dup check`
    #[command(after_help = crate::EXIT_CODES)]
    DupCheck(dup::DupCheckArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Similar(similar::SimilarArguments),
    Dup(dup::DupArguments),
    Runs(runs::RunsArguments),
    #[command(after_help = crate::EXIT_CODES)]
    History(history::HistoryArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Verify(verify::VerifyArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Drift(drift::DriftArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Attest(attest::AttestArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Archive(archive::ArchiveArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Import(import::ImportArguments),
    Db(db::DbArguments),
    State(state::StateCommandArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Languages(languages::LanguagesArguments),
    Lock(lock::LockCommandArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Doctor(doctor::DoctorArguments),
}

/// Runs a command to its end.
pub(crate) fn run(command: Command, app: &App) -> Result<(), Failure> {
    match command {
        Command::Scan(arguments) => scan::run(&arguments, app),
        Command::Persist(arguments) => persist::run(&arguments, app),
        Command::Backfill(arguments) => backfill::run(&arguments, app),
        Command::EnrichIntent(arguments) => enrich_intent::run(&arguments, app),
        Command::ModelBuild(arguments) => model_build::run(&arguments, app),
        Command::Intents(arguments) => intents::run(&arguments, app),
        Command::DupCheck(arguments) => dup::check(&arguments, app),
        Command::Similar(arguments) => similar::run(&arguments, app),
        Command::Dup(arguments) => dup::run(&arguments, app),
        Command::Runs(arguments) => runs::run(&arguments, app),
        Command::History(arguments) => history::run(&arguments, app),
        Command::Verify(arguments) => verify::run(&arguments, app),
        Command::Drift(arguments) => drift::run(&arguments, app),
        Command::Attest(arguments) => attest::run(&arguments),
        Command::Archive(arguments) => archive::run(&arguments, app),
        Command::Import(arguments) => import::run(&arguments, app),
        Command::Languages(arguments) => languages::run(&arguments),
        Command::Db(arguments) => db::run(&arguments, app),
        Command::State(arguments) => state::run(&arguments, app),
        Command::Lock(arguments) => lock::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments, app),
    }
}

/// Warns if a database could not be closed. What was committed stays: to run the command again would do it twice.
fn warn_of_closing(closed: Result<(), cds_persistence::Error>, console: Console) {
    if let Err(error) = closed {
        console.warning(&format!("the work is done, but cds {}", database_failure(error)));
    }
}
