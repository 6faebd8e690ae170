//! `cds enrich-intent`: the records of a tree with their intents.

use cds_pipeline::{Session, preflight, stages};
use clap::Args;

use crate::{
    app::App,
    arguments::{
        IntentArguments, IntentPlan, ResultArguments, ResultFormat, SourceArguments, SourcePlan, TrackingArguments,
    },
    clock,
    failure::Failure,
    output::Output,
    render::{json, table},
    tracking::open_if_possible,
};

/// Analyze a tree and show its records with their intents, without saving
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

pub(super) fn run(arguments: &EnrichIntentArguments, app: &App) -> Result<(), Failure> {
    let source = arguments.source.plan()?;
    let (format, output) = arguments.result.plan(&arguments.tracking.database)?;
    let intents = arguments.intents.plan(clock::seed(), app.console)?;
    let mut session = open_if_possible(&arguments.tracking, "enrich-intent", &source, Some(&intents), app)?;
    let outcome = show(&source, &intents, &mut session, (format, &output));
    session.close(&Failure::ending(&outcome));
    outcome
}

fn show(
    source: &SourcePlan,
    intents: &IntentPlan,
    session: &mut Session,
    (format, output): (ResultFormat, &Output),
) -> Result<(), Failure> {
    let probed = preflight::probe(intents, session.context())?;
    let preflight = probed.into_preflight(|| session.latest_digest(intents.client.model()));
    let mut found = stages::find_records(source, session)?;
    stages::enrich(intents, &mut found.records, preflight, session)?;
    output.write(|writer| match format {
        ResultFormat::Json => json::write(writer, &found.records, &found.errors),
        ResultFormat::Table => table::write(writer, &found.records, true, table::width()),
    })
}
