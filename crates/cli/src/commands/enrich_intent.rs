//! `cds enrich-intent`: the records of a tree with their intents.

use cds_llm_client::NoStore;
use clap::Args;

use crate::{
    arguments::{IntentArguments, ResultArguments, ResultFormat, SourceArguments},
    failure::Failure,
    preflight,
    render::{json, table},
    signals::Interrupt,
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

pub(super) fn run(arguments: &EnrichIntentArguments, interrupt: &Interrupt) -> Result<(), Failure> {
    let source = arguments.source.plan()?;
    let (format, output) = arguments.result.plan()?;
    let intents = arguments.intents.plan(stages::seed())?;
    let probed = preflight::probe(&intents, interrupt)?;
    let mut found = stages::find_records(&source, interrupt)?;
    stages::enrich(&intents, &mut found.records, probed.into_preflight(|| None), &mut NoStore, interrupt)?;
    output.write(|writer| match format {
        ResultFormat::Json => json::write(writer, &found.records, &found.errors),
        ResultFormat::Table => table::write(writer, &found.records, true, table::width()),
    })
}
