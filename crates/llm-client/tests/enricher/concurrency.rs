//! The number of calls in flight.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Mutex, time::Duration};

use cds_llm_client::{Concurrency, Decision};

use crate::support::{LATENCY, Reply, Scene, Scripted, distinct, status};

/// A server with this number of slots, each taking 100 ms per call; other calls wait in a queue.
fn slots(count: usize) -> Scripted {
    let free_at = Mutex::new(BinaryHeap::from(vec![Reverse(Duration::ZERO); count]));
    Scripted::new(move |call| {
        let mut free_at = free_at.lock().expect("no test panics with it");
        let Reverse(free) = free_at.pop().expect("there is a slot");
        let done = free.max(call.at) + LATENCY;
        free_at.push(Reverse(done));
        Reply::good(call).after(done.saturating_sub(call.at))
    })
}

#[tokio::test(start_paused = true)]
async fn fixed_concurrency_is_respected() {
    for concurrency in [1, 4, 100] {
        let client = slots(1000);
        Scene::new(distinct(500)).at_once(concurrency).run(&client).await;
        assert_eq!(client.calls().iter().map(|call| call.in_flight).max(), Some(concurrency));
    }
}

#[tokio::test(start_paused = true)]
async fn eight_slots_are_used_well() {
    for (concurrency, most) in [(None, 1.25), (Some(8), 1.08)] {
        let client = slots(8);
        let mut scene = Scene::new(distinct(1000));
        match concurrency {
            Some(count) => scene = scene.at_once(count),
            None => scene.options.concurrency = Concurrency::Auto,
        }
        scene.run(&client).await;
        let ratio = client.now().as_secs_f64() / 12.5;
        assert!(ratio <= most, "{concurrency:?}: {ratio}");
        assert!(scene.all_succeeded() && client.call_count() == 1000);
    }
}

#[tokio::test(start_paused = true)]
async fn one_slot_has_short_queue() {
    let client = slots(1);
    let mut scene = Scene::new(distinct(600));
    scene.options.concurrency = Concurrency::Auto;
    scene.run(&client).await;
    let late: Vec<usize> = client.calls()[300..].iter().map(|call| call.in_flight).collect();
    assert!(late.iter().sum::<usize>() <= 2 * late.len(), "{late:?}");
    assert!(scene.observer.decisions.contains(&Decision::ConcurrencyChanged { from: 4, to: 8 }));
    assert_eq!(scene.observer.reports.last().unwrap().concurrency, late[late.len() - 1]);
}

#[tokio::test(start_paused = true)]
async fn reported_overload_halves_limit() {
    let client = Scripted::new(|call| if call.in_flight > 2 { Reply::bad(status(429)) } else { Reply::good(call) });
    let mut scene = Scene::new(distinct(300));
    scene.options.concurrency = Concurrency::Auto;
    scene.run(&client).await;
    assert!(scene.all_succeeded());
    assert!(client.call_count() < 330, "{}", client.call_count());
}

#[tokio::test(start_paused = true)]
async fn slow_answer_delays_no_other() {
    let client = Scripted::new(|call| match call.code.as_str() {
        "f1" => Reply::good(call).after(Duration::from_secs(100)),
        _ => Reply::good(call),
    });
    let mut scene = Scene::new(distinct(200)).at_once(2);
    scene.run(&client).await;
    assert!(client.calls().iter().all(|call| call.at < Duration::from_secs(21)));
}
