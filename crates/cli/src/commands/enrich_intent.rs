//! `cds enrich-intent`: the records of a tree with their intents.

use clap::Args;

use crate::{
    arguments::{
        IntentArguments, IntentPlan, ResultArguments, ResultFormat, SourceArguments, SourcePlan, TrackingArguments,
    },
    failure::Failure,
    output::Output,
    preflight,
    render::{json, table},
    signals::Interrupt,
    stages,
    tracked::Tracked,
};

/// Show the records of a tree with their intents
#[derive(Debug, Args)]
pub(crate) struct EnrichIntentArguments {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    intents: IntentArguments,

    #[command(flatten)]
    tracking: TrackingArguments,

    #[command(flatten)]
    result: ResultArguments,
}

pub(super) fn run(arguments: &EnrichIntentArguments, interrupt: &Interrupt) -> Result<(), Failure> {
    let source = arguments.source.plan()?;
    let (format, output) = arguments.result.plan(&arguments.tracking.database)?;
    let intents = arguments.intents.plan(stages::seed())?;
    let mut tracked = Tracked::if_possible(&arguments.tracking, "enrich-intent", &source, Some(&intents), interrupt)?;
    let outcome = show(&source, &intents, &mut tracked, (format, &output), interrupt);
    tracked.close(outcome.as_ref().err());
    outcome
}

fn show(
    source: &SourcePlan,
    intents: &IntentPlan,
    tracked: &mut Tracked,
    (format, output): (ResultFormat, &Output),
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let probed = preflight::probe(intents, interrupt)?;
    let preflight = probed.into_preflight(|| tracked.latest_digest(intents.client.model()));
    let mut found = stages::find_records(source, tracked.accounts(), interrupt)?;
    let (accounts, mut store) = tracked.accounts_and_answers();
    stages::enrich(intents, &mut found.records, preflight, &mut store, accounts, interrupt)?;
    output.write(|writer| match format {
        ResultFormat::Json => json::write(writer, &found.records, &found.errors),
        ResultFormat::Table => table::write(writer, &found.records, true, table::width()),
    })
}
