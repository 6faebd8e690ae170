//! `cds dup check`: the duplicates of a snapshot.

use cds_findings::{
    Findings, Source,
    baseline::{Earlier, Lineage},
    load,
    trend::{self, TrendPoint, TrendQuery},
};
use cds_persistence::{RunId, SqliteReader};
use clap::Args;

use super::show::{Sources, search, show};
use crate::{
    app::App,
    arguments::{DatabaseArguments, DupResultArguments, GateArguments, RunArguments, SearchArguments, ViewArguments},
    failure::{Failure, database_failure, findings_failure},
    findings::{find_run, source, today, warn_of},
};

/// Find duplicated code in a snapshot
///
/// Kinds of duplicates: exact (equal code), renamed (equal except for names and literals), near (similar, with statements
/// changed), fragment (a run of lines within different definitions) and intent (other code with the same purpose).
#[derive(Debug, Args)]
pub(crate) struct DupCheckArguments {
    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    run: RunArguments,

    #[command(flatten)]
    search: SearchArguments,

    #[command(flatten)]
    view: ViewArguments,

    #[command(flatten)]
    gate: GateArguments,

    #[command(flatten)]
    result: DupResultArguments,
}

/// Runs in the trend of a page; each of them is searched.
const TREND_RUNS: usize = 20;

pub(super) fn run(arguments: &DupCheckArguments, app: &App) -> Result<(), Failure> {
    let view = arguments.view.plan(arguments.result.format)?;
    let settings = arguments.search.settings();
    let gate = arguments.gate.gate();
    let plan = arguments.database.plan()?;
    let output = arguments.result.output(Some(&plan))?;
    let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
    let source = source(&plan, &reader);
    let (number, run) = find_run(&reader, &arguments.run.run).map_err(findings_failure)?;
    if gate.is_asked() {
        app.announce_check(&plan, "dup check", run.project.as_deref(), None);
    }
    let mut warnings = Vec::new();
    let definitions = load::definitions(&source, number, &settings, &mut warnings).map_err(findings_failure)?;
    warn_of(&warnings, app.console);
    let mut findings = search(run, settings, definitions, &view, app)?;
    gate.apply(&source, number, &today(), &mut findings).map_err(findings_failure)?;
    let code = |ids: &[i64]| reader.raw_code(ids).map_err(database_failure);
    let trend = |findings: &Findings| trend_to(&source, number, findings, app);
    show(findings, &gate, &view, &output, Sources { code: &code, trend: &trend }, app)
}

/// The last runs of the project up to the one at hand, which is searched already.
fn trend_to(source: &Source<'_>, number: RunId, findings: &Findings, app: &App) -> Result<Vec<TrendPoint>, Failure> {
    let run = &findings.run;
    let query = TrendQuery {
        lineage: &Lineage::of(run),
        last_run_id: Some(number.0 - 1),
        limit: TREND_RUNS - 1,
        settings: &findings.settings,
    };
    let mut warnings = Vec::new();
    let points = trend::trend(source, &query, &|| app.is_interrupted(), &mut warnings);
    warn_of(&warnings, app.console);
    let mut points = points.map_err(findings_failure)?;
    let snapshot = Earlier {
        run_id: number,
        started_at: run.started_at.clone(),
        committed_at: None,
        code_ref: run.code_ref.clone(),
        has_records: !findings.definitions.is_empty(),
    };
    points.push(TrendPoint { snapshot, totals: findings.report.totals, moves: None });
    Ok(points)
}
