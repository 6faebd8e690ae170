//! `cds enrich-intent`: the records of a tree with their intents.

use cds_pipeline::{Predecessor, Session, preflight, stages};
use clap::Args;

use crate::{
    app::App,
    arguments::{
        AskingArguments, Intents, ResultArguments, ResultFormat, SourceArguments, SourcePlan, TrackingArguments,
    },
    clock,
    failure::Failure,
    output::Output,
    provenance::part_name,
    render::{json, table},
    tracking::open_if_possible,
};

/// Analyze a tree and show its records with their intents, without saving
#[derive(Debug, Args)]
pub(crate) struct EnrichIntentArguments {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    asking: AskingArguments,

    #[command(flatten)]
    tracking: TrackingArguments,

    #[command(flatten)]
    result: ResultArguments,
}

pub(super) fn run(arguments: &EnrichIntentArguments, app: &App) -> Result<(), Failure> {
    let source = arguments.source.plan()?.reusing(arguments.tracking.database.plan_if_given()?.as_ref());
    let (format, output) = arguments.result.plan(&arguments.tracking.database)?;
    let intents = arguments.asking.plan(clock::seed(), false, app.console)?;
    let mut session = open_if_possible(&arguments.tracking, "enrich-intent", &source, Some(&intents), app)?;
    let (project, part) = (arguments.tracking.account.project(&source), part_name(source.tree.root()));
    let of = Predecessor { project: &project, part: &part, root: source.tree.root() };
    let outcome = show(&source, &intents, &of, &mut session, (format, &output));
    session.close(&Failure::ending(&outcome));
    outcome
}

fn show(
    source: &SourcePlan,
    intents: &Intents,
    of: &Predecessor<'_>,
    session: &mut Session,
    (format, output): (ResultFormat, &Output),
) -> Result<(), Failure> {
    let preflight = intents.asked().map(|plan| preflight::into_preflight(plan, None, session)).transpose()?;
    let mut found = stages::find_records(source, session)?;
    match intents {
        Intents::Asked(plan) => {
            stages::enrich(plan, &mut found.records, preflight.unwrap_or_default(), of, session)?;
        }
        Intents::Kept(plan) => drop(stages::keep(*plan, &mut found.records, of, session)?),
    }
    output.write(|writer| match format {
        ResultFormat::Json => json::write(writer, &found.records, &found.errors),
        ResultFormat::Table => table::write(writer, &found.records, true, table::width()),
    })
}
