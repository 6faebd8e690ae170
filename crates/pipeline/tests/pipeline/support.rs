//! A tree, a provider and a reporter for the tests.

use std::{
    fs,
    num::NonZeroU32,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cds_analyzer::{AnalysisOptions, SourceTree};
use cds_llm_client::{
    Answer, AskError, BoxFuture, EmbeddedClient, EnrichOptions, EnrichmentObserver, LlmClient, ModelFacts, ProbeError,
    Progress, Prompt, ProviderKind, Question,
};
use cds_model::{HistoryContext, Scope, Timestamp};
use cds_persistence::Persistence;
use cds_pipeline::{
    Context, Ending, Error, Event, IntentPlan, Intents, Interrupt, KeptPlan, Process, Reporter, Session, SourcePlan,
    Warning,
    snapshot::{self, SnapshotPlan, Taken},
};
use uuid::Uuid;

pub(crate) const PROJECT: &str = "shop";

/// Keeps every line that a reader would see.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<Vec<String>>);

impl Lines {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn push(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl Reporter for Lines {
    fn warn(&self, warning: &Warning) {
        self.push(format!("warning: {warning}"));
    }

    fn report(&self, event: &Event<'_>) {
        if let Event::AnalyzerError(error) = event {
            self.push(format!("analyzer_error: {}", error.file_path));
        }
    }

    fn observe(&self, _plan: &IntentPlan, _unavailable: Option<&str>) -> Box<dyn EnrichmentObserver + '_> {
        Box::new(|progress: &Progress| self.push(format!("progress: {} of {}", progress.completed, progress.total)))
    }
}

pub(crate) fn context() -> (Context, Arc<Lines>) {
    let lines = Arc::<Lines>::default();
    let process = Process { now, new_id: Uuid::nil, host: "host".to_owned(), pid: 1, trace_id: "0".repeat(32) };
    (Context { process, reporter: lines.clone(), interrupt: Interrupt::new() }, lines)
}

fn now() -> Timestamp {
    Timestamp::from_unix_milliseconds(1_795_166_400_000)
}

/// A folder with these files.
pub(crate) fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

pub(crate) fn source(root: &Path) -> SourcePlan {
    let options = AnalysisOptions { max_file_size: 1_000_000, use_ignore_files: true };
    SourcePlan {
        tree: SourceTree::open(root).unwrap(),
        options,
        threads: 1,
        may_reuse: false,
        known_in: None,
        requires_files: false,
    }
}

pub(crate) fn intents(client: impl LlmClient + 'static) -> Intents {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    Intents::Asked(Box::new(IntentPlan {
        runtime,
        client: Box::new(client),
        kind: ProviderKind::Builtin,
        address: "builtin:".to_owned(),
        options: EnrichOptions::default(),
        requires_provider: false,
        has_sparse_progress: false,
    }))
}

/// No intents are asked for.
pub(crate) fn no_intents() -> Intents {
    Intents::Kept(KeptPlan { scope: Scope::default(), progress_batch_size: NonZeroU32::MIN })
}

/// The embedded provider as one whose answers are worth keeping.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paid(Arc<AtomicUsize>);

impl Paid {
    pub(crate) fn call_count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl LlmClient for Paid {
    fn model(&self) -> &str {
        EmbeddedClient.model()
    }

    fn provider_url(&self) -> &'static str {
        "http://127.0.0.1:1"
    }

    fn is_paid(&self) -> bool {
        true
    }

    fn options(&self) -> String {
        EmbeddedClient.options()
    }

    fn prompt(&self, question: &Question) -> Prompt {
        EmbeddedClient.prompt(question)
    }

    fn probe(&self) -> BoxFuture<'_, Result<ModelFacts, ProbeError>> {
        EmbeddedClient.probe()
    }

    fn ask<'a>(&'a self, question: &'a Question, limit: Duration) -> BoxFuture<'a, Result<Answer, AskError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        EmbeddedClient.ask(question, limit)
    }
}

/// Takes one snapshot of `root` and closes the session.
pub(crate) fn take(
    root: &Path,
    client: impl LlmClient + 'static,
    store: impl Persistence + 'static,
    context: &Context,
) -> Result<Taken, Error> {
    take_with(root, &intents(client), store, context)
}

/// The same with intents from anywhere.
pub(crate) fn take_with(
    root: &Path,
    intents: &Intents,
    store: impl Persistence + 'static,
    context: &Context,
) -> Result<Taken, Error> {
    take_of(&source(root), intents, store, false, context)
}

/// The same of a tree that is read in a given way.
pub(crate) fn take_of(
    source: &SourcePlan,
    intents: &Intents,
    store: impl Persistence + 'static,
    may_be_empty: bool,
    context: &Context,
) -> Result<Taken, Error> {
    let mut session = Session::of_store(Box::new(store), context);
    let plan = SnapshotPlan {
        source,
        intents,
        history: HistoryContext {
            project: PROJECT.to_owned(),
            part: String::new(),
            actor: None,
            reasoning: None,
            changed_at: None,
        },
        started_at: now(),
        may_be_empty,
        min_intents: None,
    };
    let taken = snapshot::take(plan, None, &mut session);
    session.close(&taken.as_ref().err().map_or_else(Ending::completed, Ending::of));
    taken
}
