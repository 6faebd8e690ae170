//! `cds scan`: the duplicates of a tree as it is, without a database.

use std::collections::HashMap;

use anyhow::anyhow;
use cds_duplication::Channel;
use cds_findings::{RunFacts, Subject, load};
use cds_model::Record;
use cds_pipeline::{Session, stages};
use clap::Args;

use super::dup::{Sources, search, show};
use crate::{
    app::App,
    arguments::{DupResultArguments, SearchArguments, SourceArguments, TreeGateArguments, ViewArguments},
    clock,
    failure::Failure,
    provenance,
};

/// Find duplicated code in a tree, without a database and without a model
///
/// Finds what `cds dup check` finds in a snapshot, except duplicates by intent. Nothing is saved. Exits with 0 also if
/// there are duplicates, unless a gate is given.
#[derive(Debug, Args)]
pub(crate) struct ScanArguments {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    search: SearchArguments,

    #[command(flatten)]
    view: ViewArguments,

    #[command(flatten)]
    gate: TreeGateArguments,

    #[command(flatten)]
    result: DupResultArguments,
}

pub(super) fn run(arguments: &ScanArguments, app: &App) -> Result<(), Failure> {
    let view = arguments.view.plan(arguments.result.format)?;
    let mut settings = arguments.search.settings();
    if settings.derived_intents {
        return Err(Failure::usage(anyhow!("search by intent: a scan has no intents"))
            .with_hint("save a snapshot with cds persist, then run cds dup check"));
    }
    settings.channels.remove(&Channel::Intent);
    let gate = arguments.gate.gate();
    let source = arguments.source.plan_here()?;
    let output = arguments.result.output(None)?;
    let started_at = clock::now().to_string();
    let found = stages::find_records(&source, &mut Session::without_store(&app.context))?;
    let root = source.tree.root();
    let facts = RunFacts {
        subject: Subject::Tree,
        started_at,
        root_path: root.to_string_lossy().into_owned(),
        path_prefix: provenance::path_prefix(root),
        project: None,
        code_ref: None,
    };
    let mut findings = search(facts, settings, load::of_records(&found.records), &view, app)?;
    gate.judge(&mut findings);
    let code = |ids: &[i64]| Ok(code_of(&found.records, ids));
    let trend = |_: &_| Ok(Vec::new());
    show(findings, &gate, &view, &output, Sources { code: &code, trend: &trend }, app)
}

/// The exact code of the records with these ids, which count from 1.
fn code_of(records: &[Record], ids: &[i64]) -> HashMap<i64, String> {
    let record = |id: i64| records.get(usize::try_from(id.checked_sub(1)?).ok()?);
    ids.iter().filter_map(|id| record(*id).map(|record| (*id, record.raw_code.as_str().to_owned()))).collect()
}
