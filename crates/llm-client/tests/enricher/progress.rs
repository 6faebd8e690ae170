//! Progress reports, and the final account.

use std::time::Duration;

use cds_llm_client::{AskError, FailureGroup, Progress};

use crate::support::{Reply, Scene, Scripted, distinct, functions};

#[tokio::test(start_paused = true)]
async fn no_questions_are_reported_complete() {
    let mut scene = Scene::new(Vec::new());
    let enrichment = scene.run(&Scripted::new(Reply::good)).await;
    assert_eq!(scene.observer.reports, [Progress::default()]);
    assert_eq!(enrichment.account, cds_model::EnrichmentAccount::default());
}

#[tokio::test(start_paused = true)]
async fn each_batch_and_end_is_reported() {
    for (count, batch) in [(5, 2), (4, 2), (7, 10), (30, 10), (1, 1)] {
        let mut scene = Scene::new(distinct(count));
        scene.options.progress_batch_size = std::num::NonZeroU32::new(batch).unwrap();
        scene.run(&Scripted::new(Reply::good)).await;
        let completed: Vec<_> = scene.observer.reports.iter().map(|report| report.completed).collect();
        let batch = batch as usize;
        let expected: Vec<_> = (1..=count).filter(|number| number.is_multiple_of(batch) || *number == count).collect();
        assert_eq!(completed, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn reports_count_each_outcome() {
    let client = Scripted::new(|call| match call.code.as_str() {
        "bad" => Reply::bad(AskError::Malformed { problem: "no JSON object" }),
        _ => Reply::good(call).after(Duration::from_secs(1)),
    });
    let mut first = Scene::new(functions(&["a"]));
    first.run(&client).await;
    let records = functions(&["b", "a", "a", "bad", "b", "c"]);
    let mut second = Scene { store: first.store, ..Scene::new(records).at_once(1) };
    second.run(&client).await;
    let reports: Vec<_> = second
        .observer
        .reports
        .iter()
        .map(|report| {
            let Progress { completed, failed, reused, shared, asked, eta, .. } = *report;
            [completed, failed, reused, shared, asked, usize::try_from(eta.as_millis()).unwrap()]
        })
        .collect();
    assert_eq!(reports, [[3, 0, 2, 0, 1, 2000], [4, 0, 2, 1, 1, 2000], [5, 1, 2, 1, 2, 505], [6, 1, 2, 1, 3, 0],]);
}

#[tokio::test(start_paused = true)]
async fn account_has_times_and_reasons() {
    let client = Scripted::new(|call| match call.ordinal {
        1..=3 => Reply::bad(AskError::Malformed { problem: "no JSON object" }),
        4 => Reply::bad(AskError::Malformed { problem: "another" }),
        ordinal => Reply::good(call).after(Duration::from_millis(ordinal as u64)),
    });
    let mut scene = Scene::new(distinct(104)).at_once(1);
    let enrichment = scene.run(&client).await;
    let group =
        |reason: &str, record_count| FailureGroup { reason: format!("malformed answer: {reason}"), record_count };
    assert_eq!(enrichment.failures, [group("no JSON object", 3), group("another", 1)]);
    let account = enrichment.account;
    // 5, 6, … 104 ms.
    assert_eq!(account.mean_latency, Duration::from_micros(54_500));
    assert_eq!(account.p95_latency, Duration::from_millis(99));
    assert_eq!(account.elapsed, Duration::from_millis(5450 + 40));
    assert_eq!((account.prompt_tokens, account.answer_tokens), (Some(500), None));
}
