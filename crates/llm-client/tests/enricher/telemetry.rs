//! The observer's reports of calls, failures and decisions. Every scene checks that they add up.

use std::time::Duration;

use cds_llm_client::{AskError, Decision, Ending, Place, SkipCondition, StopSwitch};
use cds_model::{Record, SymbolKind};
use tokio::time::sleep;

use crate::support::{
    LATENCY, Reply, ReportedCall, Scene, Scripted, distinct, functions, intent_of, record, refused, status,
};

const SECOND: Duration = Duration::from_secs(1);

/// The records, each on its own line, from 1.
fn on_lines(mut records: Vec<Record>) -> Vec<Record> {
    for (record, line) in records.iter_mut().zip(1..) {
        record.start_line = line;
    }
    records
}

fn place(line: u32) -> Place {
    Place { file_path: "a.py".into(), start_line: line }
}

fn answered(line: u32, attempt: u32) -> ReportedCall {
    ReportedCall { place: place(line).to_string(), attempt, latency: LATENCY, tokens: [Some(5), None], failure: None }
}

#[tokio::test(start_paused = true)]
async fn each_call_is_reported_in_full() {
    let client = Scripted::new(|call| match (call.code.as_str(), call.attempt) {
        ("b", 1) => Reply::bad(status(500)),
        ("c", _) => Reply::bad(AskError::Malformed { problem: "no JSON object" }),
        ("d", _) => Reply::blank(call),
        _ => Reply::good(call),
    });
    let mut scene = Scene::new(on_lines(functions(&["a", "b", "a", "c", "d", "c"]))).at_once(1);
    scene.run(&client).await;

    let failed = |line, latency, kind, http_status, class, reason: &str| ReportedCall {
        latency,
        tokens: [None, None],
        failure: Some((kind, http_status, class, reason.to_owned())),
        ..answered(line, 1)
    };
    let quick = Duration::from_millis(10);
    let mut calls = scene.observer.calls;
    // The time of the retry is random.
    calls.sort_by(|left, right| (&left.place, left.attempt).cmp(&(&right.place, right.attempt)));
    let expected = [
        answered(1, 1),
        failed(2, quick, "status", Some(500), "passing", "provider answered with status 500"),
        answered(2, 2),
        failed(4, quick, "malformed", None, "permanent", "malformed answer: no JSON object"),
        failed(5, LATENCY, "untrustworthy", None, "permanent", "untrustworthy answer: it is blank"),
    ];
    assert_eq!(calls, expected);
    let failures = [
        ("a.py:4".to_owned(), "malformed answer: no JSON object".to_owned(), 2),
        ("a.py:5".to_owned(), "untrustworthy answer: it is blank".to_owned(), 1),
    ];
    assert_eq!(scene.observer.failed, failures);
    let [Decision::Retry { place: retried, attempt: 1, reason, .. }, shared] = scene.observer.decisions.as_slice()
    else {
        panic!("one retry and the shared records: {:?}", scene.observer.decisions)
    };
    assert_eq!((retried, reason.as_str()), (&place(2), "provider answered with status 500"));
    assert_eq!(shared, &Decision::Shared { record_count: 1 });
}

#[tokio::test(start_paused = true)]
async fn each_failure_kind_has_name() {
    let detail = || String::new();
    for (error, kind, http_status, class) in [
        (refused(), "connect", None, "passing"),
        (AskError::TimedOut { limit: SECOND }, "timed_out", None, "passing"),
        (AskError::Broken { is_unanswered: false, cause: "reset".into() }, "broken", None, "passing"),
        (AskError::Redirect { status: 302, target: detail() }, "redirect", Some(302), "fatal"),
        (status(503), "status", Some(503), "passing"),
        (status(400), "status", Some(400), "permanent"),
        (AskError::Reported { detail: detail() }, "reported", None, "passing"),
        (AskError::TooLarge { limit: 1 }, "too_large", None, "permanent"),
        (AskError::Page, "page", None, "passing"),
        (AskError::Incomplete { problem: "x" }, "incomplete", None, "passing"),
        (AskError::Malformed { problem: "x" }, "malformed", None, "permanent"),
    ] {
        let reason = error.reason();
        let error = std::sync::Mutex::new(Some(error));
        let client = Scripted::new(move |call| match error.lock().unwrap().take() {
            Some(error) => Reply::bad(error),
            None => Reply::good(call),
        });
        let mut scene = Scene::new(functions(&["a"]));
        scene.run(&client).await;
        let expected = Some((kind, http_status, class, reason));
        assert_eq!(scene.observer.calls[0].failure, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn lost_call_is_reported_at_timeout() {
    let client = Scripted::new(|call| if call.code == "f1" { Reply::never() } else { Reply::good(call) });
    let mut scene = Scene::new(on_lines(distinct(2)));
    scene.options.retries = 0;
    scene.run(&client).await;
    let [_, late] = scene.observer.calls.as_slice() else { panic!("two calls: {:?}", scene.observer.calls) };
    let failure = ("timed_out", None, "passing", "timed out after 120 s".to_owned());
    assert_eq!((late.latency, late.failure.as_ref()), (120 * SECOND, Some(&failure)));
}

#[tokio::test(start_paused = true)]
async fn outage_is_one_failure() {
    let client = Scripted::new(|call| if call.ordinal > 1 { Reply::bad(refused()) } else { Reply::good(call) });
    let mut scene = Scene::new(on_lines([distinct(2000), distinct(2000)].concat()));
    let enrichment = scene.run(&client).await;
    let Ending::GaveUp { reason } = enrichment.ending else { panic!("the run must give up") };
    // Nothing was in flight any more when the patience ended.
    assert_eq!(scene.observer.calls.len(), enrichment.account.call_count);
    assert!(scene.observer.failed.is_empty());
    let decisions = &scene.observer.decisions;
    let ends: Vec<_> = decisions.iter().rev().take(3).rev().collect();
    let rest = Decision::RestFailed { record_count: 3998, question_count: 1999, reason: reason.clone() };
    assert_eq!(ends, [&Decision::GaveUp { reason }, &rest, &Decision::Shared { record_count: 1 }]);
    let opened = |decision: &&Decision| matches!(decision, Decision::BreakerOpened { .. });
    assert_eq!(decisions.iter().filter(opened).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn free_answers_are_reported_first() {
    let client = Scripted::new(Reply::good);
    let mut first = Scene::new(functions(&["a", "b"]));
    first.run(&client).await;
    let mut records = functions(&["a", "a", "b", "c", " \n"]);
    records.extend([record(SymbolKind::File, "x"), record(SymbolKind::File, "")]);
    let mut second = Scene { store: first.store, ..Scene::new(records) };
    second.run(&client).await;
    let expected = [
        Decision::Skipped { record_count: 2, condition: SkipCondition::OutOfScope },
        Decision::Skipped { record_count: 1, condition: SkipCondition::WithoutCode },
        Decision::Reused { record_count: 3, question_count: 2 },
    ];
    assert_eq!((second.observer.decisions.as_slice(), second.observer.calls.len()), (expected.as_slice(), 1));
    assert_eq!(second.records[3].intent.text(), Some(intent_of("c").as_str()));
}

#[tokio::test(start_paused = true)]
async fn first_hundred_cuts_are_reported() {
    for (count, further) in [(2, None), (100, None), (103, Some(3))] {
        let mut codes = vec!["short".to_owned()];
        codes.extend((0..count).map(|number| format!("y = {number}\n{}", "x = 1\n".repeat(50))));
        let records = codes.iter().map(|code| record(SymbolKind::Function, code)).collect();
        let mut scene = Scene::new(on_lines(records));
        scene.run(&Scripted::new(Reply::good)).await;
        let mut expected: Vec<Decision> =
            (2..=count.min(100) + 1).map(|line| Decision::Cut { place: place(line) }).collect();
        expected.extend(further.map(|question_count| Decision::CutFurther { question_count }));
        assert_eq!(scene.observer.decisions, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn interrupted_calls_are_not_reported() {
    let client = Scripted::new(|call| match call.ordinal {
        4 => Reply::never(),
        _ => Reply::good(call).after(2 * SECOND),
    });
    let mut scene = Scene::new(on_lines(distinct(40)));
    let (switch, signal) = StopSwitch::new();
    scene.stop = signal;
    let (enrichment, ()) = tokio::join!(scene.run(&client), async {
        sleep(Duration::from_millis(4500)).await;
        switch.stop();
    });
    assert_eq!((enrichment.account.call_count, scene.observer.calls.len()), (8, 7));
    assert!(scene.observer.calls.iter().all(|call| call.failure.is_none() && call.latency == 2 * SECOND));
    assert_eq!(scene.observer.decisions.last(), Some(&Decision::Interrupted { in_flight: 4 }));
}
