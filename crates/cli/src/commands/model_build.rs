//! `cds model-build`: the records of a tree, without intents.

use cds_pipeline::stages;
use clap::Args;

use crate::{
    app::App,
    arguments::{ResultArguments, ResultFormat, SourceArguments, TrackingArguments},
    failure::Failure,
    render::{json, table},
    tracking::open_if_possible,
};

/// Analyze a tree and show its records without intents, without saving
#[derive(Debug, Args)]
pub(crate) struct ModelBuildArguments {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    tracking: TrackingArguments,

    #[command(flatten)]
    result: ResultArguments,
}

pub(super) fn run(arguments: &ModelBuildArguments, app: &App) -> Result<(), Failure> {
    let source = arguments.source.plan()?.reusing(arguments.tracking.database.plan_if_given()?.as_ref());
    let (format, output) = arguments.result.plan(&arguments.tracking.database)?;
    let mut session = open_if_possible(&arguments.tracking, "model-build", &source, None, app)?;
    let found = stages::find_records(&source, &mut session).map_err(Failure::from);
    let outcome = found.and_then(|found| {
        output.write(|writer| match format {
            ResultFormat::Json => json::write(writer, &found.records, &found.errors),
            ResultFormat::Table => table::write(writer, &found.records, false, table::width()),
        })
    });
    session.close(&Failure::ending(&outcome));
    outcome
}
