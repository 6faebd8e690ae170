//! Retries, their budget, pauses and fatal failures.

use std::time::Duration;

use cds_llm_client::{AskError, Decision, Ending};
use cds_model::Intent;

use crate::support::{Reply, Scene, Scripted, broken, counts, distinct, functions, refused, status, wait};

const SECOND: Duration = Duration::from_secs(1);

/// Whether the call is about the record in the middle, so that others are answered before and after it.
fn is_poison(code: &str) -> bool {
    code == "f5"
}

#[tokio::test(start_paused = true)]
async fn transient_failure_costs_only_calls() {
    let client = Scripted::new(|call| {
        if call.attempt < 3 && is_poison(&call.code) { Reply::bad(status(500)) } else { Reply::good(call) }
    });
    let mut scene = Scene::new(distinct(20));
    let enrichment = scene.run(&client).await;
    assert!(scene.all_succeeded());
    assert_eq!((client.call_count(), enrichment.account.retried_count), (22, 2));
}

#[tokio::test(start_paused = true)]
async fn third_attempt_fails_with_count() {
    for (error, expected) in [
        (500, "provider answered with status 500 (3 attempts)"),
        (429, "provider answered with status 429 (3 attempts)"),
    ] {
        let client = Scripted::new(
            move |call| if is_poison(&call.code) { Reply::bad(status(error)) } else { Reply::good(call) },
        );
        let mut scene = Scene::new(distinct(20));
        let enrichment = scene.run(&client).await;
        assert_eq!((client.call_count(), counts(&enrichment.account)), (22, [20, 20, 0, 0, 1]));
        assert_eq!(scene.records[5].intent, Intent::Failed(expected.to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn single_question_gets_all_attempts() {
    let client = Scripted::new(|_| Reply::bad(status(500)));
    let mut scene = Scene::new(functions(&["a"]));
    scene.run(&client).await;
    assert_eq!(client.call_count(), 3);
    assert_eq!(scene.records[0].intent.error(), Some("provider answered with status 500 (3 attempts)"));
    let at: Vec<Duration> = client.calls().iter().map(|call| call.at).collect();
    assert!(at[1] <= at[0] + SECOND / 2 + SECOND / 50 && at[2] <= at[1] + SECOND + SECOND / 50);
}

#[tokio::test(start_paused = true)]
async fn retry_count_is_configurable() {
    for (retries, expected) in [(0, 1), (1, 2), (4, 5)] {
        let client =
            Scripted::new(|call| if is_poison(&call.code) { Reply::bad(status(500)) } else { Reply::good(call) });
        let mut scene = Scene::new(distinct(60));
        scene.options.retries = retries;
        scene.run(&client).await;
        assert_eq!(client.call_count(), 59 + expected, "retries: {retries}");
    }
}

#[tokio::test(start_paused = true)]
async fn permanent_failure_is_not_retried() {
    let client = Scripted::new(|_| Reply::bad(AskError::Malformed { problem: "no JSON object" }));
    Scene::new(distinct(9)).run(&client).await;
    assert_eq!(client.call_count(), 9);
}

#[tokio::test(start_paused = true)]
async fn stale_connection_is_replaced_immediately() {
    for retries in [0, 2] {
        let client = Scripted::new(|call| match call.attempt {
            1 if is_poison(&call.code) => Reply::bad(broken()),
            _ => Reply::good(call),
        });
        let mut scene = Scene::new(distinct(20)).at_once(1);
        scene.options.retries = retries;
        scene.run(&client).await;
        assert!(scene.all_succeeded());
        let calls = client.calls();
        let [first, second] = [5, 6].map(|at| &calls[at]);
        assert_eq!((first.code.as_str(), second.code.as_str(), second.at), ("f5", "f5", first.at + SECOND / 100));
    }
}

#[tokio::test(start_paused = true)]
async fn timeout_is_retried_once() {
    let client = Scripted::new(|call| if is_poison(&call.code) { Reply::never() } else { Reply::good(call) });
    let mut scene = Scene::new(distinct(5000));
    scene.options.retries = 5;
    scene.run(&client).await;
    assert_eq!(client.call_count(), 5001);
    assert_eq!(scene.records[5].intent.error(), Some("timed out after 120 s (2 attempts)"));
}

#[tokio::test(start_paused = true)]
async fn first_question_runs_alone() {
    let client = Scripted::new(|call| {
        let latency = if call.ordinal == 1 { 400 * SECOND } else { SECOND };
        Reply::good(call).after(latency)
    });
    let mut scene = Scene::new(distinct(9));
    scene.run(&client).await;
    let calls = client.calls();
    assert!(scene.all_succeeded() && calls.len() == 9);
    assert_eq!((calls[0].limit, calls[1].limit), (600 * SECOND, 120 * SECOND));
    assert_eq!((calls[1].at, calls[4].at), (400 * SECOND, 400 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn retry_budget_is_quarter_plus_twenty() {
    // Every second reply is a failure, so the breaker stays closed.
    let client = Scripted::new(|call| if call.ordinal % 2 == 0 { Reply::bad(status(500)) } else { Reply::good(call) });
    let mut scene = Scene::new(distinct(1000)).at_once(1);
    let enrichment = scene.run(&client).await;
    assert_eq!(enrichment.account.asked_count, 1000);
    assert!((250..=270).contains(&enrichment.account.retried_count), "{:?}", enrichment.account);
    let reason = "provider answered with status 500; the run has no retries left";
    assert_eq!(enrichment.failures[0].reason, reason);
}

#[tokio::test(start_paused = true)]
async fn requested_wait_delays_every_call() {
    let client = Scripted::new(|call| match (call.code.as_str(), call.attempt) {
        ("f5", 1) => Reply::bad(wait(429, 30)),
        _ => Reply::good(call),
    });
    let mut scene = Scene::new(distinct(40));
    scene.run(&client).await;
    assert!(scene.all_succeeded());
    let calls = client.calls();
    let asked = calls.iter().find(|call| call.code == "f5").unwrap().at + SECOND / 100;
    let is_held_back = |at: Duration| at <= asked || at >= asked + 30 * SECOND;
    assert!(calls.iter().all(|call| is_held_back(call.at)), "{calls:?}");
    assert!(calls.iter().any(|call| call.at == asked + 30 * SECOND));
    let reason = "provider answered with status 429".to_owned();
    assert!(scene.observer.decisions.contains(&Decision::Paused { wait: 30 * SECOND, reason }));
}

#[tokio::test(start_paused = true)]
async fn too_long_wait_ends_run() {
    let client = Scripted::new(|call| if call.ordinal == 7 { Reply::bad(wait(429, 301)) } else { Reply::good(call) });
    let mut scene = Scene::new(distinct(40));
    let enrichment = scene.run(&client).await;
    let reason = "provider asks to wait 301 s: provider answered with status 429".to_owned();
    assert_eq!(enrichment.ending, Ending::GaveUp { reason });
    assert!(enrichment.account.elapsed < SECOND);
}

#[tokio::test(start_paused = true)]
async fn fatal_failure_keeps_answers_in_flight() {
    let client = Scripted::new(|call| match call.ordinal {
        7 => Reply::bad(status(401)),
        8 => Reply::good(call).after(60 * SECOND),
        _ => Reply::good(call).after(SECOND),
    });
    let mut scene = Scene::new(distinct(40));
    let enrichment = scene.run(&client).await;
    let reason = "provider answered with status 401";
    assert!(matches!(&enrichment.ending, Ending::GaveUp { reason: given } if given.starts_with(reason)));
    // One alone, then four at once; of the next four one is fatal, one too late, and two are kept.
    assert_eq!((client.call_count(), counts(&enrichment.account)), (9, [40, 9, 0, 0, 33]));
    assert_eq!((enrichment.failures.len(), enrichment.failures[0].record_count), (1, 33));
    assert_eq!(scene.store.kept.len(), 7);
    assert_eq!(enrichment.account.elapsed, 2 * SECOND + SECOND / 100 + 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn unreachable_provider_is_general_failure() {
    // One at a time, with a single question left: its retries are used up before five failures are counted.
    let client = Scripted::new(|call| {
        if call.at < 20 * SECOND && call.at > SECOND {
            Reply::bad(refused())
        } else {
            Reply::good(call).after(2 * SECOND)
        }
    });
    let mut scene = Scene::new(distinct(2)).at_once(1);
    scene.run(&client).await;
    assert!(scene.all_succeeded());
}
