//! `cds drift`: a tree as it is now against a snapshot.
//!
//! The tree is analyzed as `cds persist` does it; no model is asked and nothing is written. Of the snapshot only names
//! and hashes are in memory.

mod compare;
mod page;

use cds_model::AnalyzerError;
use cds_persistence::{ResolvedSnapshot, RunId, SqliteReader};
use cds_pipeline::{Session, stages};
use clap::Args;
use serde_json::{Value, json};

use self::compare::{Drift, Unit};

use crate::{
    app::App,
    arguments::{DatabaseArguments, ProjectArguments, ResultFormat, SourceArguments, SourcePlan},
    failure::{Failure, database_failure},
    output::Output,
    provenance::part_name,
    render::messages::Console,
};

/// Compare a tree with a snapshot, without asking a model
#[derive(Debug, Args)]
pub(crate) struct DriftArguments {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    project: ProjectArguments,

    /// Run to compare with: latest, latest~1, a number or the start of an id [default: the latest of this part of the
    /// project, else the latest of all]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,

    /// Exit with 1 if anything was added, changed, removed or moved
    #[arg(long, help_heading = "Gate options")]
    fail_on_drift: bool,

    /// Maximum number of lines in each list of the table; 0 shows all. JSON always has all
    #[arg(
        long,
        short = 'n',
        value_name = "N",
        default_value = "50",
        allow_negative_numbers = true,
        help_heading = "Display options"
    )]
    limit: u32,

    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
    format: ResultFormat,
}

/// The tree that is looked at.
struct Subject {
    root_path: String,
    project: String,
    /// The folder or file within the repository of the project; empty for all of it.
    part: String,
}

/// The snapshot that the tree is compared with.
struct Baseline {
    snapshot: ResolvedSnapshot,
    /// The project and the part of it, where a history of the snapshot is kept.
    lineage: Option<(String, String)>,
}

impl Baseline {
    fn id(&self) -> RunId {
        self.snapshot.row.id
    }

    fn code_ref(&self) -> Option<&str> {
        self.snapshot.invocation.ledger.as_ref()?.code_ref.as_deref()
    }
}

pub(super) fn run(arguments: &DriftArguments, app: &App) -> Result<(), Failure> {
    let database = arguments.database.plan()?;
    let source = arguments.source.plan()?.without(&database.path).reusing(Some(&database));
    let subject = arguments.subject(&source);
    if arguments.fail_on_drift {
        app.announce_check(&database, "drift", Some(&subject.project), Some(source.tree.root()));
    }
    let reader = SqliteReader::open(&database.path, &database.options).map_err(database_failure)?;
    let baseline = arguments.baseline(&reader, &subject, app.console)?;
    let stored = compare::stored(reader.states(baseline.id()).map_err(database_failure)?);
    app.check()?;
    let unread_before = reader.unread_paths(baseline.id()).map_err(database_failure)?;
    let found = stages::find_records(&source, &mut Session::without_store(&app.context))?;
    let present = compare::present(&found.records);
    drop(found.records);
    let drift = compare::drift(&stored, &unread_before, &present, &found.errors);
    app.check()?;
    let outcome = arguments.verdict(&baseline, (&stored, &present), &drift);
    let outcome = show(arguments, outcome, &baseline, &subject, &drift, &found.errors);
    for (units, why) in [
        (&drift.not_seen, "cannot be read now"),
        (&drift.not_seen_before, "could not be read when the snapshot was taken"),
    ] {
        if !units.is_empty() {
            let count = units.len();
            app.console.warning(&format!("{count} definitions and files were not compared: what holds them {why}"));
        }
    }
    outcome
}

impl DriftArguments {
    fn verdict(
        &self,
        baseline: &Baseline,
        (stored, present): (&[Unit], &[Unit]),
        drift: &Drift<'_>,
    ) -> Result<(), Failure> {
        if self.fail_on_drift && (stored.is_empty() || present.is_empty()) {
            let run = || format!("run {} has no records", baseline.id());
            let what = if present.is_empty() { "the tree has no records".to_owned() } else { run() };
            return Err(Failure::gate(format!("--fail-on-drift: {what}, so nothing can be compared"))
                .with_hint("check --path and --run"));
        }
        if !self.fail_on_drift || drift.is_none() {
            return Ok(());
        }
        let counts = drift.counts().map(|(name, count)| format!("{name}={count}")).join(" ");
        Err(Failure::gate(format!("--fail-on-drift: the tree differs from run {}: {counts}", baseline.id()))
            .with_hint("if the changes are intended, save a new snapshot with cds persist"))
    }

    fn subject(&self, source: &SourcePlan) -> Subject {
        let root = source.tree.root();
        Subject {
            root_path: root.to_string_lossy().into_owned(),
            project: self.project.name(root),
            part: part_name(root),
        }
    }

    /// The snapshot that was named, else the latest that goes with the tree; which one it is goes to stderr.
    fn baseline(&self, reader: &SqliteReader, subject: &Subject, console: Console) -> Result<Baseline, Failure> {
        let Subject { project, part, .. } = subject;
        let name = if let Some(name) = &self.run {
            Some(name.clone())
        } else {
            let latest = reader.latest_snapshot_of(project, part).map_err(database_failure)?;
            latest.map(|run| run.to_string())
        };
        let is_guess = name.is_none();
        let snapshot = reader.resolve_snapshot(name.as_deref().unwrap_or("latest")).map_err(database_failure)?;
        let id = snapshot.row.id;
        let chained = reader.chain_rows(&[id]).map_err(database_failure)?.remove(&id);
        let baseline = Baseline { snapshot, lineage: chained.map(|row| (row.project, row.part)) };
        let own = described(project, part);
        match &baseline.lineage {
            Some((project, part)) if (project, part) != (&subject.project, &subject.part) => {
                let other = described(project, part);
                console.warning(&format!("the tree is {own}, and is compared with run {id}, which is of {other}"));
            }
            None if is_guess => console.warning(&format!(
                "no snapshot is known to be of {own}; the tree is compared with run {id}, the latest of all"
            )),
            _ if self.run.is_none() => console.note(&format!("compared with run {id}, the latest of {own}")),
            _ => {}
        }
        Ok(baseline)
    }
}

fn described(project: &str, part: &str) -> String {
    if part.is_empty() { format!("project {project}") } else { format!("project {project}, part {part}") }
}

fn show(
    arguments: &DriftArguments,
    outcome: Result<(), Failure>,
    baseline: &Baseline,
    subject: &Subject,
    drift: &Drift<'_>,
    errors: &[AnalyzerError],
) -> Result<(), Failure> {
    let limit = usize::try_from(arguments.limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    Output::Stdout.conclude(outcome, |writer| {
        arguments.format.write(
            writer,
            || json(baseline, subject, drift, errors),
            |writer, screen| write!(writer, "{}", page::render(baseline, subject, drift, limit, screen)),
        )
    })
}

fn json(baseline: &Baseline, subject: &Subject, drift: &Drift<'_>, errors: &[AnalyzerError]) -> Value {
    let list = |units: &[&Unit]| units.iter().map(|item| unit(item)).collect::<Value>();
    let pairs = |pairs: &[[&Unit; 2]]| {
        pairs.iter().map(|[was, is]| json!({ "before": unit(was), "after": unit(is) })).collect::<Value>()
    };
    let error =
        |error: &AnalyzerError| json!({ "file_path": error.file_path, "line": error.line, "reason": error.reason });
    let row = &baseline.snapshot.row;
    let [added, changed, removed, moved] = drift.counts().map(|(_, count)| count);
    json!({
        "run_id": row.id.0,
        "run": {
            "started_at": row.started_at,
            "root_path": row.root_path,
            "project": baseline.lineage.as_ref().map(|(project, _)| project),
            "part": baseline.lineage.as_ref().map(|(_, part)| part),
            "code_ref": baseline.code_ref(),
        },
        "root_path": subject.root_path,
        "project": subject.project,
        "part": subject.part,
        "has_drifted": !drift.is_none(),
        "counts": {
            "unchanged": drift.unchanged_count,
            "added": added,
            "changed": changed,
            "removed": removed,
            "moved": moved,
            "not_seen": drift.not_seen.len(),
            "not_seen_before": drift.not_seen_before.len(),
        },
        "added": list(&drift.added),
        "changed": pairs(&drift.changed),
        "removed": list(&drift.removed),
        "moved": pairs(&drift.moved),
        "not_seen": list(&drift.not_seen),
        "not_seen_before": list(&drift.not_seen_before),
        "errors": errors.iter().map(error).collect::<Value>(),
    })
}

fn unit(unit: &Unit) -> Value {
    json!({
        "kind": unit.kind,
        "file_path": *unit.file_path,
        "name": unit.name.qualified,
        "ordinal": unit.name.ordinal,
        "start_line": unit.start_line,
        "end_line": unit.end_line,
    })
}
