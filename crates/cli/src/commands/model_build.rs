//! `cds model-build`: the records of a tree, without intents.

use clap::Args;

use crate::{
    arguments::{ResultArguments, ResultFormat, SourceArguments, TrackingArguments},
    failure::Failure,
    render::{json, table},
    signals::Interrupt,
    stages,
    tracked::Tracked,
};

/// Show the records of a tree, without asking for intents
#[derive(Debug, Args)]
pub(crate) struct ModelBuildArguments {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    tracking: TrackingArguments,

    #[command(flatten)]
    result: ResultArguments,
}

pub(super) fn run(arguments: &ModelBuildArguments, interrupt: &Interrupt) -> Result<(), Failure> {
    let source = arguments.source.plan()?;
    let (format, output) = arguments.result.plan(&arguments.tracking.database)?;
    let mut tracked = Tracked::if_possible(&arguments.tracking, "model-build", &source, None, interrupt)?;
    let outcome = stages::find_records(&source, tracked.accounts(), interrupt).and_then(|found| {
        output.write(|writer| match format {
            ResultFormat::Json => json::write(writer, &found.records, &found.errors),
            ResultFormat::Table => table::write(writer, &found.records, false, table::width()),
        })
    });
    tracked.close(outcome.as_ref().err());
    outcome
}
