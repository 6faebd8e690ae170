//! The commands, one file each.

mod enrich_intent;
mod model_build;
mod persist;

use clap::Subcommand;

use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Persist(persist::PersistArguments),
    EnrichIntent(enrich_intent::EnrichIntentArguments),
    ModelBuild(model_build::ModelBuildArguments),
}

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Persist(arguments) => persist::run(&arguments),
        Command::EnrichIntent(arguments) => enrich_intent::run(&arguments),
        Command::ModelBuild(arguments) => model_build::run(&arguments),
    }
}
