//! One snapshot after the other.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cds_analyzer::{AnalysisOptions, FileSelection, KnownFiles, NothingKnown};
use cds_llm_client::{Enrichment, Forecast, IntentEnricher, ModelFacts, Preflight};
use cds_model::{
    AnalyzerError, CodeRef, HistoryContext, Record, RunSettings, RunSnapshot, Transition, TransitionCounts,
};
use cds_persistence::{RunId, SqliteReader};
use cds_provenance::{Authorship, Repository, Store};

use super::{PastCommit, ReadCounts, past_tree::PastTree, quiet::Quiet};
use crate::{
    AccountPlan, Context, DatabasePlan, Ending, Error, FileCounts, IntentPlan, Predecessor, RunPlan, Session,
    answers::ReadOnlyAnswers,
    forecast::{Estimate, estimate},
    preflight,
    reuse::StoredFiles,
    stages::{self, AnalyzeStage, Found, fingerprint},
    threads::Workers,
};

/// What the model is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// Nothing: the answers that are kept have to do.
    Nothing,
    /// The definitions of the last commit.
    LastCommit,
    /// Every definition.
    Everything,
}

/// What the snapshots are of, and where they go.
pub struct BackfillPlan<'a> {
    /// Where the commits are.
    pub repository: &'a Repository,
    /// The folder or file that is analyzed, from the root of the repository; empty for all of it.
    pub scope: PathBuf,
    /// Which files are read.
    pub options: AnalysisOptions,
    /// Which of them are wanted.
    pub selection: FileSelection,
    /// Threads that analyze; 0 is one for each core.
    pub threads: usize,
    /// Whether the first commit may take records from the database.
    pub may_reuse: bool,
    /// Where the snapshots go.
    pub database: &'a DatabasePlan,
    /// How long another command that writes is waited for.
    pub lock_timeout: Duration,
    /// What the account of each run says.
    pub account: &'a AccountPlan,
    /// Who may be asked.
    pub intents: &'a IntentPlan,
    /// What about.
    pub asking: Asking,
    /// Who made a commit and why, fit for a terminal.
    pub shown: &'a dyn Fn(&Authorship) -> Authorship,
}

/// A snapshot that was just written.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a> {
    /// Its commit.
    pub commit: &'a PastCommit,
    /// Its number.
    pub run: RunId,
    /// How many snapshots are written now.
    pub done: usize,
    /// How many there will be.
    pub total: usize,
    /// The number of its records.
    pub record_count: usize,
    /// Where they come from.
    pub files: FileCounts,
    /// What changed since the snapshot before.
    pub transitions: TransitionCounts,
}

/// All snapshots together.
#[derive(Debug, Clone, Default)]
pub struct Backfilled {
    /// Snapshots that were written.
    pub saved_count: usize,
    /// The first and the last of them.
    pub runs: Option<(RunId, RunId)>,
    /// What was read.
    pub read: ReadCounts,
    /// What changed over all.
    pub transitions: Vec<(Transition, u64)>,
    /// Records of the last snapshot.
    pub record_count: usize,
    /// Commits of which something could not be read.
    pub incomplete_count: usize,
    /// What could not be read of the last commit.
    pub errors: Vec<AnalyzerError>,
    /// Commits that join branches.
    pub merge_count: usize,
    /// Questions that were sent.
    pub call_count: usize,
}

/// What the snapshots would take.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outlook {
    /// Snapshots that would be written.
    pub snapshot_count: usize,
    /// What would be read.
    pub read: ReadCounts,
    /// Their records together.
    pub record_count: u64,
    /// Bytes of code in these records.
    pub code_bytes: u64,
    /// What would be asked.
    pub forecast: Forecast,
    /// What that would cost.
    pub estimate: Option<Estimate>,
}

/// Writes a snapshot of each commit. `observe` hears of each of them.
///
/// # Errors
///
/// The repository or the database cannot be used, or the process was asked to stop; what is written by then stays.
pub fn backfill(
    plan: &BackfillPlan<'_>,
    commits: &[PastCommit],
    context: &Context,
    observe: &mut dyn FnMut(&Saved<'_>),
) -> Result<Backfilled, Error> {
    let Some(first) = commits.first() else { return Ok(Backfilled::default()) };
    let context = &quiet(context);
    let flag = context.interrupt.flag();
    let store = plan.repository.store(&flag).map_err(|source| failed("open the objects", source, context))?;
    let work = Work::new(plan, &store);
    let code_ref = code_ref(first);
    let mut session = Session::open(&plan.run(&work.root, &|| code_ref.clone()), context)?;
    let outcome = work.save_all(commits, &mut session, observe);
    session.close(&outcome.as_ref().err().map_or_else(Ending::completed, Ending::of));
    outcome
}

/// Counts what [`backfill`] would do. Every text is parsed for it; nothing is asked and nothing written.
///
/// # Errors
///
/// The repository or the database cannot be read, or the process was asked to stop.
pub fn look_ahead(plan: &BackfillPlan<'_>, commits: &[PastCommit], context: &Context) -> Result<Outlook, Error> {
    let context = &quiet(context);
    let flag = context.interrupt.flag();
    let store = plan.repository.store(&flag).map_err(|source| failed("open the objects", source, context))?;
    let mut work = Work::new(plan, &store);
    let reader = SqliteReader::open_if_present(&plan.database.path, &plan.database.options)?;
    let last_digest =
        reader.as_ref().and_then(|reader| reader.latest_digest(plan.intents.client.model()).ok().flatten());
    let preflight = known_preflight(last_digest);
    let mut outlook = Outlook { snapshot_count: commits.len(), ..Outlook::default() };
    let mut asked: Vec<Record> = Vec::new();
    for (index, commit) in commits.iter().enumerate() {
        let found = work.find(commit, index == 0, &mut Session::without_store(context))?;
        outlook.record_count += found.records.len() as u64;
        let bytes = |record: &Record| (record.raw_code.len() + record.normalized_code.len()) as u64;
        outlook.code_bytes += found.records.iter().map(bytes).sum::<u64>();
        let is_asked = |record: &&Record| match plan.asking {
            Asking::Nothing => false,
            Asking::LastCommit => index + 1 == commits.len(),
            Asking::Everything => work.tree.is_fresh(record),
        };
        asked.extend(found.records.iter().filter(is_asked).cloned());
        work.tree.remember(&found.records, &found.source_files);
    }
    outlook.read = work.tree.counts;
    let enricher = IntentEnricher::new(plan.intents.client.as_ref(), plan.intents.options);
    let mut answers = ReadOnlyAnswers(reader.as_ref());
    outlook.forecast = enricher.forecast(&asked, &preflight, &mut answers).map_err(Error::Answers)?;
    if !plan.intents.client.is_paid() {
        outlook.forecast = Forecast { call_count: 0, prompt_bytes: 0, ..outlook.forecast };
    }
    let model = plan.intents.client.model();
    let rate = reader.as_ref().map(|reader| reader.last_enrichment_rate(model)).transpose()?.flatten();
    outlook.estimate = Some(estimate(&outlook.forecast, rate));
    Ok(outlook)
}

pub(super) fn quiet(context: &Context) -> Context {
    Context { reporter: Arc::new(Quiet::new(Arc::clone(&context.reporter))), ..context.clone() }
}

/// The answers of the model as it last was.
fn known_preflight(digest: Option<String>) -> Preflight {
    Preflight::available(ModelFacts { digest: digest.unwrap_or_default(), ..ModelFacts::default() })
}

fn code_ref(commit: &PastCommit) -> CodeRef {
    CodeRef { commit: Some(commit.id.to_string()), note: "read from the object store".to_owned() }
}

pub(super) fn failed(doing: &str, source: cds_provenance::Error, context: &Context) -> Error {
    if source.is_interrupt() {
        return context.interrupt.error();
    }
    Error::Repository { doing: doing.to_owned(), source }
}

impl BackfillPlan<'_> {
    fn run<'b>(&'b self, root: &'b Path, code_ref: &'b dyn Fn() -> CodeRef) -> RunPlan<'b> {
        RunPlan {
            command: "backfill",
            root,
            database: self.database,
            account: self.account,
            lock_timeout: self.lock_timeout,
            code_ref,
        }
    }

    /// The part of the project that the scope is.
    pub fn part(&self) -> String {
        String::from_utf8_lossy(&cds_provenance::path_to_git(&self.scope)).into_owned()
    }
}

/// The work on all commits.
struct Work<'a, 's> {
    plan: &'a BackfillPlan<'a>,
    root: PathBuf,
    part: String,
    tree: PastTree<'s>,
    workers: Workers,
    done: Backfilled,
}

impl<'a, 's> Work<'a, 's> {
    fn new(plan: &'a BackfillPlan<'a>, store: &'s Store<'s>) -> Self {
        Self {
            plan,
            // A join with nothing would add a separator.
            root: plan.repository.work_tree().components().chain(plan.scope.components()).collect(),
            part: plan.part(),
            tree: PastTree::new(store, plan.scope.clone(), plan.options, plan.selection.clone()),
            workers: Workers::new(plan.threads),
            done: Backfilled::default(),
        }
    }

    fn save_all(
        mut self,
        commits: &[PastCommit],
        session: &mut Session,
        observe: &mut dyn FnMut(&Saved<'_>),
    ) -> Result<Backfilled, Error> {
        let preflight = self.preflight(session)?;
        if let (Asking::LastCommit, Some(last)) = (self.plan.asking, commits.last()) {
            self.ask_about(last, preflight.clone(), session)?;
        }
        let mut counts = TransitionCounts::default();
        for (index, commit) in commits.iter().enumerate() {
            if index > 0 {
                session.context().interrupt.check()?;
                let code_ref = code_ref(commit);
                session.go_on(&Ending::completed(), &self.plan.run(&self.root, &|| code_ref.clone()));
            }
            let saved = self.save(commit, index, commits.len(), &preflight, session)?;
            for transition in Transition::ALL {
                (0..saved.transitions.of(transition)).for_each(|_| counts.add(transition));
            }
            observe(&saved);
        }
        self.done.read = self.tree.counts;
        self.done.transitions =
            Transition::ALL.into_iter().map(|transition| (transition, counts.of(transition))).collect();
        Ok(self.done)
    }

    /// Only what may ask looks at the provider.
    fn preflight(&self, session: &Session) -> Result<Preflight, Error> {
        if self.plan.asking != Asking::Nothing || !self.plan.intents.client.is_paid() {
            return preflight::into_preflight(self.plan.intents, None, session);
        }
        Ok(known_preflight(session.latest_digest(self.plan.intents.client.model())))
    }

    /// Has the definitions of a commit answered, and remembers them with their intents.
    fn ask_about(&mut self, commit: &PastCommit, preflight: Preflight, session: &mut Session) -> Result<(), Error> {
        let context = session.context().clone();
        let mut found = self.find(commit, true, &mut Session::without_store(&context))?;
        let project = self.plan.account.project.clone();
        let of = Predecessor { project: &project, part: &self.part, root: &self.root };
        let enrichment = stages::enrich(self.plan.intents, &mut found.records, preflight, &of, session)?;
        self.done.call_count += enrichment.account.call_count;
        self.tree.remember(&found.records, &found.source_files);
        Ok(())
    }

    /// The records of a commit; those of texts that were read before have their intents.
    fn find(&mut self, commit: &PastCommit, is_first: bool, session: &mut Session) -> Result<Found, Error> {
        let context = session.context().clone();
        let (plan, tree, workers) = (self.plan, &mut self.tree, &self.workers);
        let config = fingerprint::analyze_config(&plan.options, &plan.selection);
        let stage = AnalyzeStage { config, root: &self.root, requires_files: false, workers };
        stages::find_records_in(&stage, session, || {
            let name = || format!("read commit {}", commit.id);
            tree.advance(&commit.tree).map_err(|source| failed(&name(), source, &context))?;
            // Later commits find what they need in memory.
            let wants_stored = is_first && plan.may_reuse;
            let stored = wants_stored.then(|| StoredFiles::open(plan.database, &context)).flatten();
            let known: &dyn KnownFiles = stored.as_ref().map_or(&NothingKnown, |stored| stored);
            let analysis = tree.analyze(known, workers, &context);
            if let Some(stored) = stored {
                stored.close(&context);
            }
            analysis.map_err(|source| failed(&name(), source, &context))
        })
    }

    fn save<'c>(
        &mut self,
        commit: &'c PastCommit,
        index: usize,
        total: usize,
        preflight: &Preflight,
        session: &mut Session,
    ) -> Result<Saved<'c>, Error> {
        let started_at = session.context().process.now();
        let mut found = self.find(commit, index == 0, session)?;
        let enrichment = self.enrich(&mut found.records, preflight, session)?;
        let Authorship { author: actor, subject: reasoning } = (self.plan.shown)(&commit.authorship);
        let intents = self.plan.intents;
        let files = found.files;
        let mut snapshot = RunSnapshot {
            started_at,
            finished_at: session.context().process.now(),
            settings: RunSettings {
                root_path: self.root.to_string_lossy().into_owned(),
                provider_url: intents.client.provider_url().to_owned(),
                model: intents.client.model().to_owned(),
                scope: intents.options.scope,
                progress_batch_size: intents.options.progress_batch_size.get(),
            },
            records: found.records,
            errors: found.errors,
            not_read: found.not_read,
            source_files: found.source_files,
            enrichment: intents.client.is_paid().then_some(enrichment.account),
            account: None,
            history: Some(HistoryContext {
                project: self.plan.account.project.clone(),
                part: self.part.clone(),
                actor,
                reasoning,
                changed_at: Some(commit.time()),
            }),
        };
        let saved = stages::persist(&mut snapshot, None, session)?;
        self.tree.remember(&snapshot.records, &snapshot.source_files);
        let done = &mut self.done;
        done.saved_count += 1;
        done.runs = Some((done.runs.map_or(saved.run_id, |(first, _)| first), saved.run_id));
        done.record_count = saved.record_count;
        done.incomplete_count += usize::from(!snapshot.errors.is_empty());
        done.merge_count += usize::from(commit.parent_count > 1);
        done.call_count += enrichment.account.call_count;
        done.errors = snapshot.errors;
        let transitions = saved.proof.map(|proof| proof.transitions).unwrap_or_default();
        let record_count = saved.record_count;
        Ok(Saved { commit, run: saved.run_id, done: index + 1, total, record_count, files, transitions })
    }

    /// Only texts that are new are asked about, or looked up.
    fn enrich(
        &self,
        records: &mut [Record],
        preflight: &Preflight,
        session: &mut Session,
    ) -> Result<Enrichment, Error> {
        let indexes: Vec<usize> = records
            .iter()
            .enumerate()
            .filter(|(_, record)| self.tree.is_fresh(record))
            .map(|(index, _)| index)
            .collect();
        let mut fresh: Vec<Record> = indexes.iter().map(|index| records[*index].clone()).collect();
        let plan = self.plan;
        let enrichment = if plan.asking == Asking::Everything || !plan.intents.client.is_paid() {
            let of = Predecessor { project: &plan.account.project, part: &self.part, root: &self.root };
            stages::enrich(plan.intents, &mut fresh, preflight.clone(), &of, session)?
        } else {
            stages::recall(plan.intents, &mut fresh, preflight, session)?
        };
        for (index, record) in indexes.into_iter().zip(fresh) {
            records[index] = record;
        }
        Ok(enrichment)
    }
}
