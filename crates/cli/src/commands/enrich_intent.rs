//! `cds enrich-intent`: the records of a tree with their intents.

use clap::Args;

use crate::{
    arguments::{IntentArguments, ResultArguments, ResultFormat, SourceArguments},
    failure::Failure,
    render::{json, table},
    stages,
};

/// Show the records of a tree with their intents, without a database
#[derive(Debug, Args)]
pub(crate) struct EnrichIntentArguments {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    intents: IntentArguments,

    #[command(flatten)]
    result: ResultArguments,
}

pub(super) fn run(arguments: &EnrichIntentArguments) -> Result<(), Failure> {
    let source = arguments.source.plan()?;
    let (format, output) = arguments.result.plan()?;
    let intents = arguments.intents.plan()?;
    let mut found = stages::find_records(&source)?;
    stages::enrich(&intents, &mut found.records)?;
    output.write(|writer| match format {
        ResultFormat::Json => json::write(writer, &found.records, &found.errors),
        ResultFormat::Table => table::write(writer, &found.records, true, table::width()),
    })
}
