//! Interruption from outside, and the next start.

use std::time::Duration;

use cds_llm_client::{Ending, StopSwitch};
use cds_model::Intent;
use tokio::time::sleep;

use crate::support::{Reply, Scene, Scripted, counts, distinct};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn interruption_keeps_answers_in_flight() {
    let client = Scripted::new(|call| match call.ordinal {
        4 => Reply::never(),
        _ => Reply::good(call).after(2 * SECOND),
    });
    let mut scene = Scene::new(distinct(40));
    let (switch, signal) = StopSwitch::new();
    scene.stop = signal;
    // One call alone until 2 s; four at once until 4 s and again from there, one of which never returns.
    let (enrichment, ()) = tokio::join!(scene.run(&client), async {
        sleep(Duration::from_millis(4500)).await;
        switch.stop();
    });
    assert_eq!((client.call_count(), client.now()), (8, SECOND * 9 + SECOND / 2));
    assert_eq!((enrichment.ending, scene.store.kept.len()), (Ending::Interrupted, 7));
    assert_eq!(counts(&enrichment.account), [40, 8, 0, 0, 0]);
    assert_eq!(scene.records.iter().filter(|record| record.intent == Intent::Skipped).count(), 33);
    assert!(scene.observer.reports.iter().all(|report| report.completed < report.total));
}

#[tokio::test(start_paused = true)]
async fn early_interruption_makes_no_call() {
    let client = Scripted::new(Reply::good);
    let mut scene = Scene::new(distinct(3));
    let (switch, signal) = StopSwitch::new();
    scene.stop = signal;
    switch.stop();
    assert_eq!((scene.run(&client).await.ending, client.call_count()), (Ending::Interrupted, 0));
}

#[tokio::test(start_paused = true)]
async fn second_request_does_not_wait() {
    let client = Scripted::new(|call| if call.ordinal > 1 { Reply::never() } else { Reply::good(call) });
    let mut scene = Scene::new(distinct(40));
    let (switch, signal) = StopSwitch::new();
    scene.stop = signal;
    let (enrichment, ()) = tokio::join!(scene.run(&client), async {
        sleep(SECOND / 2).await;
        switch.stop();
        sleep(SECOND).await;
        switch.stop();
    });
    assert_eq!((enrichment.ending, client.now()), (Ending::Interrupted, SECOND * 3 / 2));
    assert_eq!(scene.store.kept.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn interruption_ends_pauses_and_waits() {
    for error in [crate::support::wait(429, 100), crate::support::refused()] {
        let error = std::sync::Mutex::new(Some(error));
        let client = Scripted::new(move |_| match error.lock().unwrap().take() {
            Some(error) => Reply::bad(error),
            None => Reply::bad(crate::support::refused()),
        });
        let mut scene = Scene::new(distinct(40));
        let (switch, signal) = StopSwitch::new();
        scene.stop = signal;
        let (enrichment, ()) = tokio::join!(scene.run(&client), async {
            sleep(10 * SECOND).await;
            switch.stop();
        });
        assert_eq!((enrichment.ending, client.now()), (Ending::Interrupted, 10 * SECOND));
    }
}

#[tokio::test(start_paused = true)]
async fn interrupted_calls_add_up() {
    for stop_after in (0..2600).step_by(130) {
        let client = Scripted::new(|call| {
            let latency = 50 + call.ordinal as u64 * 37 % 400;
            Reply::good(call).after(Duration::from_millis(latency))
        });
        let mut first = Scene::new(distinct(60)).at_once(6);
        first.options.drain = SECOND / 10;
        let (switch, signal) = StopSwitch::new();
        first.stop = signal;
        let (enrichment, ()) = tokio::join!(first.run(&client), async {
            sleep(Duration::from_millis(stop_after)).await;
            switch.stop();
        });
        let unanswered = client.call_count() - first.store.kept.len();
        assert!(enrichment.ending == Ending::Interrupted && unanswered <= 6);

        let mut second = Scene { store: first.store, ..Scene::new(distinct(60)).at_once(6) };
        second.run(&client).await;
        assert!(second.all_succeeded());
        assert_eq!(client.call_count(), 60 + unanswered);
    }
}
