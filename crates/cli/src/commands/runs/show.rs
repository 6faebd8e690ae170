//! `cds runs show`: everything that is known of one run.

use cds_persistence::{lock_path, lock_status};
use clap::Args;
use serde_json::{Value, json};

use super::{ReadArguments, json::details, liveness::Liveness, next::next, page, proof::Proof};
use crate::{
    app::App,
    clock,
    commands::lock,
    failure::{Failure, database_failure},
};

/// Show everything about a run: outcome, source, proof, cost, times, errors and telemetry
#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// Run to show: latest, latest~1, a number, or the start of its id or of the id of one of its stages
    #[arg(value_name = "RUN")]
    run: String,

    #[command(flatten)]
    read: ReadArguments,
}

pub(super) fn run(arguments: &ShowArguments, app: &App) -> Result<(), Failure> {
    let (reader, plan) = arguments.read.open(app.console)?;
    // Before the accounts: a run that ends in between is then not shown as `gone`.
    let lock = lock_status(&lock_path(&plan.path)).ok();
    let found = reader.resolve_run(&arguments.run).map_err(database_failure)?;
    let around = reader.invocation_details(&found).map_err(database_failure)?;
    let proof = Proof::of(&reader, &found)?;
    let liveness = Liveness::of(&found, lock.as_ref(), clock::now());
    let lock = lock.filter(|_| liveness.is_some());
    let next = next(&found, &around, liveness.as_ref(), &plan.path.to_string_lossy());
    arguments.read.show(
        || {
            let mut run = details(&found, &around, proof.as_ref());
            run["is_alive"] = liveness.as_ref().and_then(Liveness::is_alive).into();
            run["next"] = next.as_deref().into();
            run["lock"] = lock.as_ref().map_or(Value::Null, lock::json);
            json!({ "run": run })
        },
        |writer, screen| {
            let state = page::State { liveness: liveness.as_ref(), next: next.as_deref() };
            let page = page::render(&found, &around, proof.as_ref(), &state, screen);
            write!(writer, "{page}")
        },
    )
}
