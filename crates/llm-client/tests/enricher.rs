//! The enrichment of many records, with clients that need no server.

use std::{
    collections::HashMap,
    future::poll_fn,
    num::{NonZeroU32, NonZeroUsize},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use cds_llm_client::{
    Answer, AskError, BoxFuture, EmbeddedClient, EnrichOptions, EnrichSummary, IntentEnricher, LlmClient, ModelFacts,
    ProbeError, Progress, Prompt, Question,
};
use cds_model::{Intent, Md5Sum, Record, Scope, SymbolKind};

/// Answers each question with its own code after as many polls as the code's length says.
#[derive(Default)]
struct Echo {
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    order: Mutex<Vec<String>>,
}

impl LlmClient for Echo {
    fn model(&self) -> &'static str {
        "echo"
    }

    fn provider_url(&self) -> &'static str {
        "test:"
    }

    fn is_paid(&self) -> bool {
        true
    }

    fn options(&self) -> &'static str {
        ""
    }

    fn prompt(&self, question: &Question) -> Prompt {
        Prompt::new(question, 1000)
    }

    fn probe(&self) -> BoxFuture<'_, Result<ModelFacts, ProbeError>> {
        Box::pin(async { Ok(ModelFacts::default()) })
    }

    fn ask<'a>(&'a self, question: &'a Question, _limit: Duration) -> BoxFuture<'a, Result<Answer, AskError>> {
        Box::pin(async move {
            let in_flight = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_in_flight.fetch_max(in_flight, Ordering::SeqCst);
            let mut polls = question.code.len();
            poll_fn(|context| {
                polls -= 1;
                context.waker().wake_by_ref();
                if polls == 0 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            self.order.lock().expect("no test panics with the lock held").push(question.code.to_string());
            match &*question.code {
                "fail" => Err(AskError::TimedOut { limit: Duration::from_secs(120) }),
                "blank" => Ok(Answer { intent: " \n".to_owned(), prompt_tokens: None, answer_tokens: None }),
                code => Ok(Answer { intent: code.to_owned(), prompt_tokens: Some(5), answer_tokens: None }),
            }
        })
    }
}

fn record(kind: SymbolKind, code: &str) -> Record {
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

fn functions(codes: &[&str]) -> Vec<Record> {
    codes.iter().map(|code| record(SymbolKind::Function, code)).collect()
}

fn intents(records: &[Record]) -> Vec<Intent> {
    records.iter().map(|record| record.intent.clone()).collect()
}

fn options(scope: Scope, concurrency: usize) -> EnrichOptions {
    EnrichOptions {
        scope,
        concurrency: NonZeroUsize::new(concurrency).expect("a test asks for some"),
        progress_batch_size: NonZeroU32::MIN.saturating_add(1),
    }
}

async fn enrich(
    client: &dyn LlmClient,
    options: EnrichOptions,
    records: &mut [Record],
) -> (EnrichSummary, Vec<Progress>) {
    let mut reports = Vec::new();
    let mut reporter = |progress: &Progress| reports.push(*progress);
    let summary = IntentEnricher::new(client, options).enrich(records, &|| Duration::ZERO, &mut reporter).await;
    (summary, reports)
}

#[tokio::test]
async fn each_answer_lands_in_its_own_record() {
    let client = Echo::default();
    let codes = ["aaaaaaaa", "bbb", "fail", "c", "dddddd", "blank", "ee"];
    let mut records = functions(&codes);
    let (summary, _) = enrich(&client, options(Scope::default(), 3), &mut records).await;

    let expected = codes.map(|code| match code {
        "fail" => Intent::Failed("timed out after 120 s".to_owned()),
        "blank" => Intent::Failed("untrustworthy answer: it is blank".to_owned()),
        code => Intent::Success(code.to_owned()),
    });
    assert_eq!(intents(&records), expected);
    assert_eq!(
        summary,
        EnrichSummary { asked_count: 7, failed_count: 2, prompt_tokens: Some(25), answer_tokens: None }
    );
    assert_ne!(*client.order.lock().unwrap(), codes, "the answers came in another order");
}

#[tokio::test]
async fn so_many_are_asked_at_once_and_no_more() {
    for concurrency in [1, 4] {
        let client = Echo::default();
        let mut records = functions(&["aaaaa"; 20]);
        enrich(&client, options(Scope::default(), concurrency), &mut records).await;
        assert_eq!(client.most_in_flight.load(Ordering::SeqCst), concurrency);
    }
}

#[tokio::test]
async fn a_slow_answer_holds_nobody_up() {
    let client = Echo::default();
    let slow = "s".repeat(100);
    let mut records = functions(&[&slow, "a", "b", "c", "d", "e", "f"]);
    enrich(&client, options(Scope::default(), 2), &mut records).await;
    assert_eq!(client.order.lock().unwrap().last(), Some(&slow));
}

#[tokio::test]
async fn what_is_out_of_scope_or_blank_is_skipped() {
    let mut records = vec![
        record(SymbolKind::File, "x"),
        record(SymbolKind::Class, "y"),
        record(SymbolKind::Class, " \n\t"),
        record(SymbolKind::Class, ""),
        record(SymbolKind::Method, "z"),
    ];
    let (summary, reports) = enrich(&Echo::default(), options("class".parse().unwrap(), 4), &mut records).await;
    let asked: HashMap<usize, &str> =
        records.iter().enumerate().filter_map(|(at, record)| Some((at, record.intent.text()?))).collect();
    assert_eq!(asked, HashMap::from([(1, "y")]));
    assert!(records.iter().filter(|record| record.intent == Intent::Skipped).count() == 4);
    assert_eq!((summary.asked_count, reports.len(), reports[0].total), (1, 1, 1));
}

#[tokio::test]
async fn nothing_to_ask_is_reported_as_complete() {
    let (summary, reports) = enrich(&Echo::default(), options(Scope::ALL, 4), &mut []).await;
    assert_eq!((summary.asked_count, summary.prompt_tokens), (0, None));
    assert_eq!(reports, [Progress { completed: 0, total: 0, failed: 0, eta: Duration::ZERO }]);
}

#[tokio::test]
async fn progress_counts_completed_and_failed_calls() {
    let mut records = functions(&["fail", "a", "fail", "fail", "b"]);
    let (_, reports) = enrich(&Echo::default(), options(Scope::default(), 1), &mut records).await;
    let counts: Vec<_> = reports.iter().map(|report| (report.completed, report.total, report.failed)).collect();
    assert_eq!(counts, [(2, 5, 1), (4, 5, 3), (5, 5, 3)]);
}

#[tokio::test]
async fn the_embedded_provider_answers_the_same_every_time() {
    let code = "def load(path):\n    return json.load(open(path))";
    let mut records = vec![
        record(SymbolKind::Function, code),
        record(SymbolKind::Function, code),
        record(SymbolKind::Class, "class A(B): pass"),
        record(SymbolKind::File, "import os"),
        record(SymbolKind::Function, "# only a comment"),
    ];
    enrich(&EmbeddedClient, options(Scope::ALL, 4), &mut records).await;
    let load = "Function `load` takes path, calls json.load and open, and returns `json.load(open(path))`.";
    let expected = [
        Intent::Success(load.to_owned()),
        Intent::Success(load.to_owned()),
        Intent::Success("Class `A` is a kind of B and adds nothing of its own.".to_owned()),
        Intent::Success("This file imports os.".to_owned()),
        Intent::Failed("untrustworthy answer: it is blank".to_owned()),
    ];
    assert_eq!(intents(&records), expected);
    assert_eq!((EmbeddedClient.model(), EmbeddedClient.provider_url()), ("builtin:outline-v1", "builtin:"));
}
