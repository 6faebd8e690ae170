//! `cds model-build`: the records of a tree, without intents.

use clap::Args;

use crate::{
    arguments::{ResultArguments, ResultFormat, SourceArguments},
    failure::Failure,
    render::{json, table},
    signals::Interrupt,
    stages,
};

/// Show the records of a tree, without asking for intents and without a database
#[derive(Debug, Args)]
pub(crate) struct ModelBuildArguments {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    result: ResultArguments,
}

pub(super) fn run(arguments: &ModelBuildArguments, interrupt: &Interrupt) -> Result<(), Failure> {
    let source = arguments.source.plan()?;
    let (format, output) = arguments.result.plan()?;
    let found = stages::find_records(&source, interrupt)?;
    output.write(|writer| match format {
        ResultFormat::Json => json::write(writer, &found.records, &found.errors),
        ResultFormat::Table => table::write(writer, &found.records, false, table::width()),
    })
}
