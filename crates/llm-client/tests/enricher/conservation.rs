//! In every case each selected record ends with its own answer or a failure, and the numbers add up.

use std::time::Duration;

use cds_llm_client::{AskError, Ending};
use cds_model::Intent;
use proptest::prelude::*;

use crate::support::{Call, Reply, Scene, Scripted, broken, functions, intent_of, refused, status, wait};

/// One of the possible results of a call, by number.
fn reply(kind: u8, call: &Call) -> Reply {
    match kind {
        0 => Reply::bad(status(500)),
        1 => Reply::bad(status(503)),
        2 => Reply::bad(wait(429, 3)),
        3 => Reply::bad(broken()),
        4 => Reply::bad(refused()),
        5 => Reply::never(),
        6 => Reply::bad(AskError::Malformed { problem: "no JSON object" }),
        7 => Reply::bad(AskError::Incomplete { problem: "no end" }),
        8 => Reply::bad(status(401)),
        _ => Reply::good(call).after(Duration::from_millis(20 + u64::from(kind))),
    }
}

async fn check(script: Vec<u8>, codes: Vec<u8>, concurrency: usize) {
    let client = Scripted::new(move |call| reply(*script.get(call.ordinal - 1).unwrap_or(&9), call));
    let codes: Vec<String> = codes.iter().map(|code| format!("f{code}")).collect();
    let mut scene = Scene::new(functions(&codes.iter().map(String::as_str).collect::<Vec<_>>())).at_once(concurrency);
    let enrichment = scene.run(&client).await;
    let account = enrichment.account;
    for record in &scene.records {
        match &record.intent {
            Intent::Success(text) => assert_eq!(*text, intent_of(&record.normalized_code)),
            Intent::Failed(reason) => assert!(!reason.is_empty()),
            Intent::Skipped | Intent::NotAsked | Intent::Derived(_) => panic!("a record was forgotten"),
        }
    }
    let success_count = scene.records.iter().filter(|record| record.intent.text().is_some()).count();
    assert_eq!(account.selected_count, success_count + account.failed_count);
    assert_eq!(scene.store.kept.len(), success_count - account.shared_count);
    assert!(scene.store.groups.iter().all(|(_, size)| (1..=20).contains(size)));
    assert_eq!(scene.observer.reports.iter().filter(|report| report.completed == report.total).count(), 1);
    if enrichment.ending == Ending::Completed {
        let distinct: std::collections::HashSet<_> = codes.iter().collect();
        assert_eq!(account.asked_count, distinct.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn every_selected_record_has_outcome(
        script in prop::collection::vec(0_u8..40, 0..120),
        codes in prop::collection::vec(0_u8..60, 1..80),
        concurrency in 1_usize..20,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(check(script, codes, concurrency));
    }

    #[test]
    fn mostly_failing_run_ends(
        script in prop::collection::vec(0_u8..10, 0..300),
        codes in prop::collection::vec(0_u8..60, 1..80),
        concurrency in 1_usize..20,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(check(script, codes, concurrency));
    }
}
