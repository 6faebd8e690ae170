//! A scripted client, an in-memory store, and a recording observer.

use std::{
    collections::HashMap,
    num::{NonZeroU32, NonZeroUsize},
    sync::Mutex,
    time::Duration,
};

use cds_llm_client::{
    Answer, AnswerStore, AskError, BoxError, BoxFuture, CallReport, Concurrency, Decision, Ending, EnrichContext,
    EnrichOptions, Enrichment, EnrichmentObserver, FailedRecord, FormerQuestion, IntentEnricher, LlmClient, ModelFacts,
    Preflight, ProbeError, Progress, Prompt, Question, StopSignal,
};
use cds_model::{EnrichmentAccount, Intent, KeptAnswer, Md5Sum, QuestionKey, Record, SymbolKind};
use tokio::time::{Instant, sleep};

/// One call as the script sees it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) code: String,
    /// From 1, over all calls.
    pub(crate) ordinal: usize,
    /// From 1, over the calls with this code.
    pub(crate) attempt: usize,
    /// Since the client was made.
    pub(crate) at: Duration,
    pub(crate) limit: Duration,
    /// Calls in flight, including this one.
    pub(crate) in_flight: usize,
}

/// The result of a call.
pub(crate) struct Reply {
    after: Duration,
    outcome: Option<Result<Answer, AskError>>,
}

pub(crate) const LATENCY: Duration = Duration::from_millis(100);

impl Reply {
    pub(crate) fn good(call: &Call) -> Self {
        let answer = Answer { intent: intent_of(&call.code), prompt_tokens: Some(5), answer_tokens: None };
        Self { after: LATENCY, outcome: Some(Ok(answer)) }
    }

    pub(crate) fn blank(call: &Call) -> Self {
        let mut reply = Self::good(call);
        if let Some(Ok(answer)) = &mut reply.outcome {
            answer.intent = String::new();
        }
        reply
    }

    pub(crate) fn bad(error: AskError) -> Self {
        Self { after: Duration::from_millis(10), outcome: Some(Err(error)) }
    }

    pub(crate) fn never() -> Self {
        Self { after: LATENCY, outcome: None }
    }

    pub(crate) fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }
}

/// The reply of a model that gives the same sentence to everything.
pub(crate) fn same_answer(call: &Call) -> Reply {
    let Some(Ok(answer)) = Reply::good(call).outcome else { panic!("a good reply has an answer") };
    let intent = "Adds two numbers.".to_owned();
    Reply { outcome: Some(Ok(Answer { intent, ..answer })), ..Reply::good(call) }
}

/// A question in its former version.
fn former(question: &Question) -> FormerQuestion {
    FormerQuestion {
        prompt_version: 1,
        options: "x=1".to_owned(),
        digest: None,
        text: format!("Describe {}", question.code),
    }
}

pub(crate) fn intent_of(code: &str) -> String {
    format!("Does {code}.")
}

pub(crate) fn status(status: u16) -> AskError {
    AskError::Status { status, detail: String::new(), retry_after: None }
}

pub(crate) fn wait(status: u16, seconds: u64) -> AskError {
    AskError::Status { status, detail: String::new(), retry_after: Some(Duration::from_secs(seconds)) }
}

pub(crate) fn refused() -> AskError {
    AskError::Connect { url: "http://h".to_owned(), cause: "refused".into() }
}

pub(crate) fn broken() -> AskError {
    AskError::Broken { is_unanswered: true, cause: "reset".into() }
}

/// Follows a script and records every call.
pub(crate) struct Scripted {
    script: Box<dyn Fn(&Call) -> Reply + Send + Sync>,
    started: Instant,
    calls: Mutex<Vec<Call>>,
    in_flight: Mutex<usize>,
    is_paid: bool,
    has_former: bool,
    /// Whether the first call is refused and changes the request.
    is_adapting: bool,
}

impl Scripted {
    pub(crate) fn new(script: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        Self {
            script: Box::new(script),
            started: Instant::now(),
            calls: Mutex::default(),
            in_flight: Mutex::default(),
            is_paid: true,
            has_former: false,
            is_adapting: false,
        }
    }

    /// A client whose first call is refused in a way that changes all others.
    pub(crate) fn adapting() -> Self {
        let refusal = || AskError::Adapted { change: "x=2 is sent".to_owned() };
        let script = move |call: &Call| if call.ordinal == 1 { Reply::bad(refusal()) } else { Reply::good(call) };
        Self { is_adapting: true, ..Self::new(script) }
    }

    /// A client whose questions have a former version.
    pub(crate) fn with_former_words(self) -> Self {
        Self { has_former: true, ..self }
    }

    pub(crate) fn unpaid(self) -> Self {
        Self { is_paid: false, ..self }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no test panics with it").clone()
    }

    pub(crate) fn call_count(&self) -> usize {
        self.calls.lock().expect("no test panics with it").len()
    }

    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn begin(&self, question: &Question, limit: Duration) -> Call {
        let mut calls = self.calls.lock().expect("no test panics with it");
        let code = question.code.to_string();
        let attempt = calls.iter().filter(|call| call.code == code).count() + 1;
        *self.in_flight.lock().expect("no test panics with it") += 1;
        let in_flight = *self.in_flight.lock().expect("no test panics with it");
        let call = Call { code, ordinal: calls.len() + 1, attempt, at: self.started.elapsed(), limit, in_flight };
        calls.push(call.clone());
        call
    }
}

impl LlmClient for Scripted {
    fn model(&self) -> &'static str {
        "scripted"
    }

    fn provider_url(&self) -> &'static str {
        "test:"
    }

    fn is_paid(&self) -> bool {
        self.is_paid
    }

    fn options(&self) -> String {
        let is_adapted = self.is_adapting && self.call_count() > 0;
        if is_adapted { "x=2".to_owned() } else { "x=1".to_owned() }
    }

    fn prompt(&self, question: &Question) -> Prompt {
        Prompt::new(question, 60)
    }

    fn former(&self, question: &Question) -> Option<FormerQuestion> {
        self.has_former.then(|| former(question))
    }

    fn probe(&self) -> BoxFuture<'_, Result<ModelFacts, ProbeError>> {
        Box::pin(async { Ok(ModelFacts::default()) })
    }

    fn ask<'a>(&'a self, question: &'a Question, limit: Duration) -> BoxFuture<'a, Result<Answer, AskError>> {
        Box::pin(async move {
            let call = self.begin(question, limit);
            let _under_way = UnderWay(&self.in_flight);
            let reply = (self.script)(&call);
            if !reply.after.is_zero() {
                sleep(reply.after).await;
            }
            match reply.outcome {
                Some(outcome) => outcome,
                None => std::future::pending().await,
            }
        })
    }
}

struct UnderWay<'a>(&'a Mutex<usize>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        *self.0.lock().expect("no test panics with it") -= 1;
    }
}

/// Keeps answers in memory, and records the times and sizes of the batches.
#[derive(Default)]
pub(crate) struct MemoryStore {
    pub(crate) kept: HashMap<QuestionKey, KeptAnswer>,
    pub(crate) groups: Vec<(Instant, usize)>,
    pub(crate) lookup_count: usize,
    /// The keys of the last lookup, in order.
    pub(crate) looked_up: Vec<QuestionKey>,
    pub(crate) is_broken: bool,
}

impl AnswerStore for MemoryStore {
    fn lookup(&mut self, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, BoxError> {
        self.lookup_count += 1;
        self.looked_up = keys.to_vec();
        if self.is_broken {
            return Err("disk I/O error".into());
        }
        Ok(keys.iter().filter_map(|key| Some((*key, self.kept.get(key)?.intent.clone()))).collect())
    }

    fn keep(&mut self, answers: &[KeptAnswer]) -> Result<(), BoxError> {
        if self.is_broken {
            return Err("disk I/O error".into());
        }
        self.groups.push((Instant::now(), answers.len()));
        self.kept.extend(answers.iter().map(|answer| (answer.key, answer.clone())));
        Ok(())
    }

    fn forget(&mut self, keys: &[QuestionKey]) -> Result<(), BoxError> {
        self.kept.retain(|key, _| !keys.contains(key));
        Ok(())
    }
}

/// Records every event.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) reports: Vec<Progress>,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) calls: Vec<ReportedCall>,
    /// Position, reason, and number of records.
    pub(crate) failed: Vec<(String, String, usize)>,
}

/// A call as reported to the observer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportedCall {
    pub(crate) place: String,
    pub(crate) attempt: u32,
    pub(crate) latency: Duration,
    /// Prompt and answer tokens.
    pub(crate) tokens: [Option<u64>; 2],
    /// Kind, status, class, and reason of a failure.
    pub(crate) failure: Option<(&'static str, Option<u16>, &'static str, String)>,
}

impl EnrichmentObserver for Memory {
    fn report(&mut self, progress: &Progress) {
        self.reports.push(*progress);
    }

    fn decision(&mut self, decision: &Decision) {
        self.decisions.push(decision.clone());
    }

    fn call(&mut self, call: &CallReport<'_>) {
        self.calls.push(ReportedCall {
            place: call.place.to_string(),
            attempt: call.attempt,
            latency: call.latency,
            tokens: [call.prompt_tokens, call.answer_tokens],
            failure: call
                .failure
                .map(|failure| (failure.kind, failure.http_status, failure.class.as_str(), failure.reason.to_owned())),
        });
    }

    fn record_failed(&mut self, failure: &FailedRecord<'_>) {
        self.failed.push((failure.place.to_string(), failure.reason.to_owned(), failure.record_count));
    }
}

/// One enrichment with its whole environment.
pub(crate) struct Scene {
    pub(crate) options: EnrichOptions,
    pub(crate) preflight: Preflight,
    pub(crate) store: MemoryStore,
    pub(crate) observer: Memory,
    pub(crate) stop: StopSignal,
    pub(crate) ranks: Vec<u64>,
    pub(crate) records: Vec<Record>,
}

impl Scene {
    pub(crate) fn new(records: Vec<Record>) -> Self {
        Self {
            options: EnrichOptions { progress_batch_size: NonZeroU32::MIN, ..EnrichOptions::default() },
            preflight: Preflight::available(ModelFacts { digest: "d".to_owned(), ..ModelFacts::default() }),
            store: MemoryStore::default(),
            observer: Memory::default(),
            stop: StopSignal::never(),
            ranks: Vec::new(),
            records,
        }
    }

    pub(crate) fn at_once(mut self, concurrency: usize) -> Self {
        self.options.concurrency = Concurrency::Fixed(NonZeroUsize::new(concurrency).expect("a test asks for some"));
        self
    }

    /// Enriches, and checks the invariants of every enrichment.
    pub(crate) async fn run(&mut self, client: &Scripted) -> Enrichment {
        let calls_before = client.call_count();
        let context = EnrichContext {
            preflight: self.preflight.clone(),
            store: &mut self.store,
            observer: &mut self.observer,
            stop: self.stop.clone(),
            ranks: self.ranks.clone(),
        };
        let enrichment = IntentEnricher::new(client, self.options).enrich(&mut self.records, context).await;
        let account = &enrichment.account;
        self.check_events(&enrichment);
        assert_eq!(account.call_count, client.call_count() - calls_before);
        assert_eq!(account.call_count, account.asked_count + account.retried_count);
        let failed_count = enrichment.failures.iter().map(|group| group.record_count).sum::<usize>();
        assert_eq!(account.failed_count, failed_count);
        enrichment
    }

    /// Asserts that the reported events add up to the account.
    fn check_events(&self, Enrichment { account, ending, .. }: &Enrichment) {
        let Memory { decisions, calls, failed, .. } = &self.observer;
        let sum = |count: fn(&Decision) -> usize| decisions.iter().map(count).sum::<usize>();
        let [reported, sent] = [calls.len(), account.call_count];
        assert!(
            if *ending == Ending::Completed { reported == sent } else { reported <= sent },
            "{reported} of {sent} calls"
        );
        let single: usize = failed.iter().map(|(_, _, record_count)| record_count).sum();
        let rest =
            sum(|decision| if let Decision::RestFailed { record_count, .. } = decision { *record_count } else { 0 });
        assert_eq!(single + rest, account.failed_count);
        let reused =
            sum(|decision| if let Decision::Reused { record_count, .. } = decision { *record_count } else { 0 });
        assert_eq!(reused, account.reused_count);
        let shared = sum(|decision| if let Decision::Shared { record_count } = decision { *record_count } else { 0 });
        assert_eq!(shared, account.shared_count);
        let skipped =
            sum(|decision| if let Decision::Skipped { record_count, .. } = decision { *record_count } else { 0 });
        assert_eq!(skipped, self.records.len() - account.selected_count);
        let cut = sum(|decision| match decision {
            Decision::Cut { .. } => 1,
            Decision::CutFurther { question_count } => *question_count,
            _ => 0,
        });
        assert_eq!(cut, account.cut_count);
        let retry_count = sum(|decision| usize::from(matches!(decision, Decision::Retry { .. })));
        assert!(retry_count <= calls.iter().filter(|call| call.failure.is_some()).count());
    }

    pub(crate) fn intents(&self) -> Vec<Intent> {
        self.records.iter().map(|record| record.intent.clone()).collect()
    }

    /// Whether each record has the answer to its own question.
    pub(crate) fn all_succeeded(&self) -> bool {
        let is_right = |record: &Record| record.intent.text() == Some(intent_of(&record.normalized_code).as_str());
        self.records.iter().all(is_right)
    }
}

pub(crate) fn record(kind: SymbolKind, code: &str) -> Record {
    Record {
        kind,
        file_path: "a.py".into(),
        signature: None,
        start_line: 1,
        end_line: 1,
        raw_code: code.into(),
        normalized_code: code.into(),
        md5sum: Md5Sum([0; 16]),
        intent: Intent::Skipped,
        question: None,
    }
}

pub(crate) fn functions(codes: &[&str]) -> Vec<Record> {
    codes.iter().map(|code| record(SymbolKind::Function, code)).collect()
}

/// This number of records with distinct questions: `f0`, `f1`, …
pub(crate) fn distinct(count: usize) -> Vec<Record> {
    (0..count).map(|number| record(SymbolKind::Function, &format!("f{number}"))).collect()
}

/// Selected, asked, reused, shared, failed.
pub(crate) fn counts(account: &EnrichmentAccount) -> [usize; 5] {
    [account.selected_count, account.asked_count, account.reused_count, account.shared_count, account.failed_count]
}
