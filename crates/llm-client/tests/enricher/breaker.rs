//! A provider that becomes unavailable, and one that returns.

use std::time::Duration;

use cds_llm_client::{Decision, Ending};

use crate::support::{Call, Reply, Scene, Scripted, broken, counts, distinct, refused, status};

const SECOND: Duration = Duration::from_secs(1);

fn has(scene: &Scene, is_it: impl Fn(&Decision) -> bool) -> bool {
    scene.observer.decisions.iter().any(is_it)
}

#[tokio::test(start_paused = true)]
async fn restart_loses_no_record() {
    for concurrency in [1, 4, 64] {
        // The server is down from second 3 to 30, resets calls in flight, and has a gateway that sometimes answers for
        // it.
        let down = |at: Duration| at > 3 * SECOND && at < 30 * SECOND;
        let client = Scripted::new(move |call: &Call| match (down(call.at), down(call.at + SECOND / 10)) {
            (true, _) if call.ordinal.is_multiple_of(3) => Reply::bad(status(503)),
            (true, _) => Reply::bad(refused()),
            (false, true) => Reply::bad(broken()),
            (false, false) => Reply::good(call),
        });
        let mut scene = Scene::new(distinct(5000)).at_once(concurrency);
        let enrichment = scene.run(&client).await;
        assert!(scene.all_succeeded());
        assert_eq!(enrichment.ending, Ending::Completed);
        // The calls in flight, and a few probes.
        assert!(enrichment.account.retried_count <= concurrency + 16, "{:?}", enrichment.account);
        assert!(has(&scene, |decision| matches!(decision, Decision::BreakerOpened { .. })));
        assert!(has(&scene, |decision| matches!(decision, Decision::BreakerClosed { after } if *after > 20 * SECOND)));
    }
}

#[tokio::test(start_paused = true)]
async fn loading_server_loses_no_record() {
    let loading = |at: Duration| at > 3 * SECOND && at < 40 * SECOND;
    let client = Scripted::new(move |call| if loading(call.at) { Reply::bad(status(503)) } else { Reply::good(call) });
    let mut scene = Scene::new(distinct(1000));
    scene.run(&client).await;
    assert!(scene.all_succeeded());
    assert!(client.call_count() < 1030);
}

#[tokio::test(start_paused = true)]
async fn dead_server_ends_after_patience() {
    let client = Scripted::new(|call| if call.ordinal > 100 { Reply::bad(refused()) } else { Reply::good(call) });
    let mut scene = Scene::new(distinct(10_000));
    let enrichment = scene.run(&client).await;
    let reason = "provider gave no answer for 60 s: could not connect to http://h: refused";
    assert_eq!(enrichment.ending, Ending::GaveUp { reason: reason.to_owned() });
    assert_eq!((enrichment.failures.len(), enrichment.failures[0].record_count), (1, 9900));
    assert_eq!(enrichment.failures[0].reason, reason);
    // The hundred, five failures with the calls in flight beside them, and eleven probes.
    assert!(enrichment.account.call_count <= 100 + 5 + 7 + 11, "{:?}", enrichment.account);
    assert!(client.now() < 64 * SECOND, "{:?}", client.now());
    assert_eq!(scene.store.kept.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn silent_server_gets_same_patience() {
    let client = Scripted::new(|_| Reply::bad(refused()));
    let mut scene = Scene::new(distinct(1000));
    scene.options.provider_patience = 10 * SECOND;
    let enrichment = scene.run(&client).await;
    assert_eq!(counts(&enrichment.account)[4], 1000);
    assert!(client.call_count() <= 5 + 5 && client.now() < 11 * SECOND, "{} {:?}", client.call_count(), client.now());
}

#[tokio::test(start_paused = true)]
async fn hanging_server_ends_after_patience() {
    let client = Scripted::new(|_| Reply::never());
    let mut scene = Scene::new(distinct(1000));
    let enrichment = scene.run(&client).await;
    assert_eq!((enrichment.failures.len(), client.call_count(), client.now()), (1, 2, 660 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn open_breaker_sends_single_probes() {
    let down = |at: Duration| at > SECOND && at < 40 * SECOND;
    let client =
        Scripted::new(move |call| if down(call.at) { Reply::bad(refused()).after(SECOND) } else { Reply::good(call) });
    let mut scene = Scene::new(distinct(500)).at_once(8);
    scene.run(&client).await;
    assert!(scene.all_succeeded());
    let probes: Vec<Call> =
        client.calls().into_iter().filter(|call| call.at > 3 * SECOND && call.at < 40 * SECOND).collect();
    assert!(probes.len() >= 4 && probes.iter().all(|call| call.in_flight == 1), "{probes:?}");
    let codes: std::collections::HashSet<_> = probes.iter().map(|call| &call.code).collect();
    assert_eq!(codes.len(), probes.len(), "each probe asks another question");
}

#[tokio::test(start_paused = true)]
async fn earlier_call_closes_breaker() {
    let client = Scripted::new(|call| match call.ordinal {
        2 => Reply::good(call).after(8 * SECOND),
        3..=7 => Reply::bad(refused()),
        8.. if call.at < 8 * SECOND => Reply::bad(refused()),
        _ => Reply::good(call),
    });
    let mut scene = Scene::new(distinct(100));
    scene.run(&client).await;
    assert!(scene.all_succeeded());
    assert!(client.now() < 12 * SECOND, "{:?}", client.now());
}
