//! `cds backfill`: snapshots of past commits, read from the object store.

mod options;
mod pace;
mod page;

use std::{
    path::{Component, Path, PathBuf},
    sync::atomic::AtomicBool,
    time::Instant,
};

use anyhow::{Context as _, anyhow};
use cds_pipeline::{
    AccountPlan, Context,
    backfill::{self, Asking, BackfillPlan, PastCommit, Todo},
};
use cds_provenance::Repository;
use clap::Args;

use self::{options::CommitArguments, pace::Pace};
use super::dry_run::SummaryFormat;
use crate::{
    app::App,
    arguments::{DatabaseArguments, FileArguments, IntentArguments, LockArguments, ProjectArguments, parse_notes},
    clock,
    failure::Failure,
    provenance::{Authorship, is_tracked, safe_directories},
    request::Request,
};

/// Save a snapshot of each past commit of a repository, oldest first, without a checkout
#[derive(Debug, Args)]
pub(crate) struct BackfillArguments {
    /// Folder in the git repository
    #[arg(long, value_name = "DIR", help_heading = "Input options")]
    repo: PathBuf,

    /// Folder or file of the repository to analyze [default: all of it]
    #[arg(long, value_name = "SUBDIR", help_heading = "Input options")]
    path: Option<PathBuf>,

    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    lock: LockArguments,

    #[command(flatten)]
    commits: CommitArguments,

    #[command(flatten)]
    files: FileArguments,

    #[command(flatten)]
    project: ProjectArguments,

    /// Note to save with each run, at most 4,000 characters; line breaks become spaces
    #[arg(long, value_name = "TEXT", value_parser = parse_notes, default_value = "", hide_default_value = true, env = "CDS_NOTES", help_heading = "Ledger options")]
    notes: String,

    #[command(flatten)]
    intents: IntentArguments,

    /// Ask for the intents of the last commit; all others get the answers that are saved
    #[arg(long, conflicts_with = "ask_all", help_heading = "Intent options")]
    ask: bool,

    /// Ask for the intent of every definition that there ever was
    #[arg(long, help_heading = "Intent options")]
    ask_all: bool,

    /// Show what the snapshots would cost, without asking the model and without writing
    #[arg(long)]
    dry_run: bool,

    /// Output format of the summary
    #[arg(long, value_enum, default_value_t = SummaryFormat::Table, env = "CDS_SUMMARY_FORMAT", help_heading = "Output options")]
    format: SummaryFormat,
}

pub(super) fn run(arguments: &BackfillArguments, app: &App) -> Result<(), Failure> {
    let mut database = arguments.database.plan()?;
    // A power cut may undo the last snapshots: the same command goes on where they are missing.
    database.options.may_lose_commits = true;
    let query = arguments.commits.plan()?;
    let repository = arguments.repository()?;
    let intents = arguments.intents.plan(clock::seed(), app.console)?;
    if is_tracked(&database.path) {
        app.console.warning(&format!(
            "git tracks the database, which holds the code and the intents; take it out with: git rm -f --cached {}",
            database.path.display()
        ));
    }
    let account = AccountPlan {
        given_id: None,
        project: arguments.project.name(repository.work_tree()),
        notes: arguments.notes.clone(),
        request: Some(Request::of_process().with_intents(None).to_json()),
    };
    let plan = BackfillPlan {
        repository: &repository,
        scope: arguments.scope(&repository)?,
        options: arguments.files.options(),
        selection: arguments.files.selection()?,
        threads: arguments.files.threads,
        may_reuse: !arguments.files.no_reuse,
        database: &database,
        lock_timeout: arguments.lock.lock_timeout,
        account: &account,
        intents: &intents,
        asking: arguments.asking(),
        shown: &|authorship| {
            let Authorship { author, subject } = authorship.clone().into();
            cds_provenance::Authorship { author, subject }
        },
    };
    let flag = app.context.interrupt.flag();
    let commits = select(&plan, &query, &flag, &app.context)?;
    let Todo { commits, present_count } =
        backfill::to_do(commits, (&account.project, &plan.part()), &database, &repository, &flag)?;
    if arguments.dry_run {
        let start = Instant::now();
        let outlook = backfill::look_ahead(&plan, &commits, &app.context)?;
        return page::write_outlook(&outlook, present_count, start.elapsed(), arguments.format);
    }
    let mut pace = Pace::new(app.console, commits.len());
    let outcome = backfill::backfill(&plan, &commits, &app.context, &mut |saved| pace.advance(saved));
    let (done_count, elapsed) = pace.finish();
    let done = outcome.inspect_err(|_| {
        if done_count > 0 {
            app.console
                .note(&format!("{done_count} of {} snapshots are saved; the same command goes on", commits.len()));
        }
    })?;
    page::write_summary(&done, present_count, elapsed, &database.path, arguments.format);
    Ok(())
}

fn select(
    plan: &BackfillPlan<'_>,
    query: &backfill::CommitQuery,
    flag: &AtomicBool,
    context: &Context,
) -> Result<Vec<PastCommit>, Failure> {
    let store = plan.repository.store(flag).map_err(Failure::failed)?;
    let commits = backfill::select(plan.repository, &store, query, flag).map_err(|error| {
        if context.interrupt.is_raised() {
            return Failure::from(context.interrupt.error());
        }
        let failure = Failure::failed(anyhow::Error::new(error).context("list the commits"));
        failure.with_hint(
            "name commits that the repository has; in a shallow clone, git fetch --unshallow gets the others",
        )
    })?;
    if commits.is_empty() {
        return Err(Failure::failed(anyhow!("list the commits: none is in the range"))
            .with_hint("check --range, --since and --tags"));
    }
    Ok(commits)
}

impl BackfillArguments {
    fn repository(&self) -> Result<Repository, Failure> {
        let name = self.repo.display().to_string();
        let attempt = || format!("use --repo {name:?}");
        let folder = self.repo.canonicalize().with_context(attempt).map_err(Failure::usage)?;
        let found =
            Repository::discover(&folder, &safe_directories()).with_context(attempt).map_err(Failure::failed)?;
        found.ok_or_else(|| {
            Failure::usage(anyhow!("{}: no git repository is there", attempt()))
                .with_hint("name a folder of a clone with a working tree")
        })
    }

    /// From the root of the repository; it may be gone from the working tree.
    fn scope(&self, repository: &Repository) -> Result<PathBuf, Failure> {
        let Some(path) = &self.path else { return Ok(PathBuf::new()) };
        let inner = path.strip_prefix(repository.work_tree()).unwrap_or(path);
        let is_inside = inner.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !is_inside {
            return Err(Failure::usage(anyhow!(
                "use --path {:?}: it lies outside of the repository",
                path.display().to_string()
            ))
            .with_hint("name it from the root of the repository, for example --path src/pkg"));
        }
        Ok(inner.components().filter(|part| *part != Component::CurDir).collect::<PathBuf>())
    }

    fn asking(&self) -> Asking {
        match (self.ask, self.ask_all) {
            (_, true) => Asking::Everything,
            (true, false) => Asking::LastCommit,
            (false, false) => Asking::Nothing,
        }
    }
}

/// The size of the file, if it is there.
fn size_of(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}
