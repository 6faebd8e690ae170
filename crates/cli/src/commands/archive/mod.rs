//! `cds archive`: runs of a database as Parquet files that engines read, and the comparison of such an archive with
//! what it says it holds.

mod lock;
pub(super) mod report;
mod verify;

use std::{
    fs,
    io::{ErrorKind, Write},
    path::PathBuf,
};

use anyhow::{Context as _, anyhow};
use cds_archive::{Direction, Error, Job, JobReport, Selection, archive_runs, list_runs};
use cds_persistence::{RunIdentity, SqlitePersistence, SqliteReader};
use clap::Args;

pub(super) use self::lock::ArchiveLock;
use self::report::{MovedRuns, Sum};

use crate::{
    app::App,
    arguments::{
        ArchivePlan, DatabaseArguments, DatabasePlan, LockArguments, ResultFormat, SelectionArguments, StateArguments,
    },
    clock,
    commands::warn_of_closing,
    failure::{Failure, database_failure},
    output::Output,
};

/// Copy new runs to an archive of Parquet files, or verify an archive
///
/// A run becomes `DIR/project=NAME/run_id=N`, whole or not at all. Archived runs stay in the database.
#[derive(Debug, Args)]
pub(crate) struct ArchiveArguments {
    /// Directory of the archive, created if missing; its parent folder must exist
    #[arg(long, value_name = "DIR", help_heading = "Output options")]
    to: PathBuf,

    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    lock: LockArguments,

    #[command(flatten)]
    selection: SelectionArguments,

    /// Archive only the run with this number, even if it was tried before
    #[arg(long, value_name = "N", conflicts_with = "retry_failed", value_parser = clap::value_parser!(i64).range(1..), allow_negative_numbers = true, help_heading = "Input options")]
    run: Option<i64>,

    /// Verify the archive instead of writing: compare files with manifests and recompute the roots; with a database, also
    /// list its runs that are missing
    #[arg(long, conflicts_with_all = ["run", "retry_failed"])]
    verify: bool,

    #[command(flatten)]
    state: StateArguments,

    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
    format: ResultFormat,
}

pub(super) fn run(arguments: &ArchiveArguments, app: &App) -> Result<(), Failure> {
    let archive = ArchivePlan::of(&arguments.to)?;
    if arguments.verify {
        let database = arguments.database.plan_if_given()?;
        return verify::run(&archive, database.as_ref(), arguments.selection.project(), arguments.format, app);
    }
    let database = arguments.database.plan()?;
    let mut moved = MovedRuns::new(Direction::Archive, app.console);
    let report = move_runs(arguments, &archive, &database, &mut moved, app)?;
    let mut sum = Sum::new(archive.peer, database.path.to_string_lossy().into_owned());
    sum.add(None, report);
    show(&sum, &moved, arguments.format, Direction::Archive, app)
}

fn move_runs(
    arguments: &ArchiveArguments,
    archive: &ArchivePlan,
    plan: &DatabasePlan,
    moved: &mut MovedRuns,
    app: &App,
) -> Result<JobReport, Failure> {
    let state = arguments.state.plan(&plan.path, Direction::Archive)?;
    let selection = arguments.selection.plan(arguments.run);
    let lock = app.begin_upkeep(plan, &arguments.lock, "archive")?;
    let mut database = SqlitePersistence::open(&plan.path, &plan.options).map_err(database_failure)?;
    // A reader that takes the file for unchanging would drop the locks of the writer when it is closed.
    let source = database.open_reader().map_err(database_failure)?;
    check_run(&source, &selection, arguments.selection.project())?;
    check_is_still_there(&source, archive)?;
    create(archive)?;
    let archive_lock = ArchiveLock::acquire(&archive.path, &arguments.lock, "archive", app)?;
    lock.check()?;
    let job = Job {
        database: &mut database,
        peer: archive.peer.clone(),
        state,
        selection,
        project: arguments.selection.project().map(str::to_owned),
        now: &clock::now,
        should_stop: &|| app.is_interrupted(),
        may_commit: &|| archive_lock.is_held() && lock.is_held(),
        observer: &mut |event| moved.observe(&event),
    };
    let report = archive_runs(job, &source, &archive.path, env!("CARGO_PKG_VERSION"));
    drop(source);
    warn_of_closing(database.close(), app.console);
    report.map_err(|error| failure(error, app))
}

/// A run that was asked for by its number must be there, and of the project that was asked for, if it names one.
fn check_run(source: &SqliteReader, selection: &Selection, project: Option<&str>) -> Result<(), Failure> {
    let Selection::One(run) = *selection else { return Ok(()) };
    match source.run_identity(run).map_err(database_failure)? {
        Some(identity) if !may_be_of(&identity, project) => {
            let (own, asked) = (identity.project.unwrap_or_default(), project.unwrap_or_default());
            Err(Failure::usage(anyhow!("archive run {run} of project {asked:?}: it is one of project {own:?}"))
                .with_hint("name its project, or leave --project and CDS_PROJECT out"))
        }
        Some(_) => Ok(()),
        None => Err(Failure::usage(anyhow!("archive run {run}: there is none"))
            .with_hint("cds runs list shows the snapshots of the database")),
    }
}

/// Whether the run names that project, or none.
pub(super) fn may_be_of(identity: &RunIdentity, project: Option<&str>) -> bool {
    let own = identity.project.as_deref().unwrap_or_default();
    own.is_empty() || project.is_none_or(|project| project == own)
}

/// An archive that should contain runs and is missing or empty is an unmounted disk, not a new archive.
///
/// Call it only with the lock of the database: before that, another command may still create and fill the archive.
fn check_is_still_there(source: &SqliteReader, archive: &ArchivePlan) -> Result<(), Failure> {
    let moved = source.transfers(Direction::Archive.as_str(), &archive.peer).map_err(database_failure)?;
    let count = moved.iter().filter(|row| row.is_done).count();
    let is_empty = || list_runs(&archive.path).map(|listing| listing.runs.is_empty());
    let exists = archive.path.is_dir();
    if count == 0 || exists && !is_empty().map_err(archive_failure)? {
        return Ok(());
    }
    let state = if exists { "empty" } else { "missing" };
    let moved = if count == 1 { "1 run was".to_owned() } else { format!("{count} runs were") };
    Err(Failure::failed(anyhow!("use archive {}: it is {state}, though {moved} moved to it", archive.path.display()))
        .with_hint("mount its disk, or restore it; to archive all runs again, name another directory"))
}

fn create(archive: &ArchivePlan) -> Result<(), Failure> {
    let created = match fs::create_dir(&archive.path) {
        // It existed, or another process has just created it.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && archive.path.is_dir() => Ok(()),
        other => other,
    };
    created
        .with_context(|| format!("create archive {}", archive.path.display()))
        .map_err(|error| Failure::failed(error).with_hint("give yourself permission to write in the folder above it"))
}

/// The sum on stdout, and the end that the command comes to.
pub(super) fn show(
    sum: &Sum,
    moved: &MovedRuns,
    format: ResultFormat,
    direction: Direction,
    app: &App,
) -> Result<(), Failure> {
    let outcome = match sum.failure(direction) {
        _ if sum.is_interrupted => Err(app.interruption()),
        Some(failure) => Err(failure),
        None => Ok(()),
    };
    let render = |writer: &mut dyn Write| {
        format.write(writer, || sum.json(moved), |writer, _| writeln!(writer, "{}", sum.text(direction)))
    };
    Output::Stdout.report("what could be moved was moved", render);
    outcome
}

/// What an archive or a state file said, with the exit status and the next step for each case.
pub(super) fn archive_failure(error: Error) -> Failure {
    let hint = match &error {
        Error::NoArchive { .. } => "mount its disk, or name the directory that cds archive wrote",
        Error::NotARegularFile { .. } => "remove what has the name of the file, or name another folder",
        Error::DamagedLog { .. } => "move the file away; cds state recover rewrites it from the database",
        Error::ProjectNameTooLong { .. } => "give the runs a shorter name with cds persist --project",
        Error::Io { .. } => "see whether the disk is full, and whether you may write there",
        _ => return Failure::failed(error),
    };
    Failure::failed(error).with_hint(hint)
}

/// The same for a job that may have been asked to stop.
pub(super) fn failure(error: Error, app: &App) -> Failure {
    if app.is_interrupted() { app.interruption() } else { archive_failure(error) }
}
