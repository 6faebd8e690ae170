//! `cds import`: runs of another database, or of an archive, that are not in this one yet.

mod source;

use std::path::PathBuf;

use cds_archive::{Direction, Job, import_runs};
use cds_persistence::SqlitePersistence;
use clap::Args;

use self::source::Source;
use super::archive::{
    failure,
    report::{MovedRuns, Sum},
    show,
};
use cds_terminal::fields::Fields;

use crate::{
    app::App,
    arguments::{
        DatabaseArguments, DatabasePlan, LockArguments, ResultFormat, SelectionArguments, StateArguments, shown_layout,
    },
    clock,
    commands::warn_of_closing,
    failure::{Failure, database_failure},
    render::messages::Console,
};

/// Import new runs from another database or an archive, each in one transaction
///
/// Imported runs get new numbers and continue the history of their project. Their roots are verified first.
#[derive(Debug, Args)]
#[command(mut_arg("layout", shown_layout))]
pub(crate) struct ImportArguments {
    /// SQLite file (which is only read) or directory of an archive to import from
    #[arg(long, value_name = "FILE|DIR", help_heading = "Input options")]
    from: PathBuf,

    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    lock: LockArguments,

    #[command(flatten)]
    selection: SelectionArguments,

    #[command(flatten)]
    state: StateArguments,

    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
    format: ResultFormat,
}

pub(super) fn run(arguments: &ImportArguments, app: &App) -> Result<(), Failure> {
    let plan = arguments.database.plan()?;
    let source = Source::open(&arguments.from, &plan, arguments.selection.project(), app.console)?;
    let mut moved = MovedRuns::new(Direction::Import, app.console);
    let mut sum = Sum::new(source.name()?, plan.path.to_string_lossy().into_owned());
    let outcome = move_runs(arguments, &source, &plan, &mut moved, &mut sum, app);
    note_proof(&sum, &moved, app.console);
    outcome?;
    show(&sum, &moved, arguments.format, Direction::Import, app)
}

fn move_runs(
    arguments: &ImportArguments,
    source: &Source,
    plan: &DatabasePlan,
    moved: &mut MovedRuns,
    sum: &mut Sum,
    app: &App,
) -> Result<(), Failure> {
    let state = arguments.state.plan(&plan.path, Direction::Import)?;
    source.check_is_no_state_file(&state)?;
    let lock = app.begin_upkeep_or_create(plan, &arguments.lock, "import")?;
    let mut database = SqlitePersistence::open(&plan.path, &plan.options).map_err(database_failure)?;
    let mut outcome = Ok(());
    for part in source.parts()? {
        if let Some(project) = &part.project {
            moved.go_on_with(project);
        }
        let project = part.project.as_deref().or(arguments.selection.project());
        let job = Job {
            database: &mut database,
            peer: part.peer,
            state: state.clone(),
            selection: arguments.selection.plan(None),
            project: project.map(str::to_owned),
            now: &clock::now,
            should_stop: &|| app.is_interrupted(),
            may_commit: &|| lock.is_held(),
            observer: &mut |event| moved.observe(&event),
        };
        match import_runs(job, source.import_from()) {
            Ok(report) => sum.add(part.project.as_deref(), report),
            Err(error) => outcome = Err(failure(error, app)),
        }
        if outcome.is_err() || sum.is_interrupted || sum.stopped_by.is_some() {
            break;
        }
    }
    warn_of_closing(database.close(), app.console);
    outcome
}

/// A log that keeps this line holds outside of the file what proves that the file is still as it was written.
fn note_proof(sum: &Sum, moved: &MovedRuns, console: Console) {
    if let (Some(head), Some((run, root))) = (&sum.chain_head, moved.last_imported()) {
        let line = Fields::new("proof").field("run_id", run).field("snapshot_root", root).field("chain_head", head);
        console.note(&line.finish());
    }
}
