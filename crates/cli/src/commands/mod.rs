//! The commands, one file each.

mod dry_run;
mod enrich_intent;
mod intents;
mod model_build;
mod persist;

use clap::Subcommand;

use crate::{failure::Failure, signals::Interrupt};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(after_help = crate::EXIT_CODES)]
    Persist(persist::PersistArguments),
    #[command(after_help = crate::EXIT_CODES)]
    EnrichIntent(enrich_intent::EnrichIntentArguments),
    #[command(after_help = crate::EXIT_CODES)]
    ModelBuild(model_build::ModelBuildArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Intents(intents::IntentsArguments),
}

/// Runs a command to its end.
pub(crate) fn run(command: Command, interrupt: &Interrupt) -> Result<(), Failure> {
    match command {
        Command::Persist(arguments) => persist::run(&arguments, interrupt),
        Command::EnrichIntent(arguments) => enrich_intent::run(&arguments, interrupt),
        Command::ModelBuild(arguments) => model_build::run(&arguments, interrupt),
        Command::Intents(arguments) => intents::run(&arguments),
    }
}
