//! Answers of earlier runs, and how new ones are kept.

use std::time::Duration;

use cds_llm_client::{AskError, Decision, Ending, Forecast, IntentEnricher, ModelFacts, Preflight};
use tokio::time::Instant;

use crate::support::{Reply, Scene, Scripted, counts, distinct, functions, same_answer};

#[tokio::test(start_paused = true)]
async fn only_changes_make_calls() {
    let client = Scripted::new(Reply::good);
    let mut first = Scene::new(distinct(50));
    first.run(&client).await;
    assert_eq!(client.call_count(), 50);

    let mut second = Scene { store: first.store, ..Scene::new(distinct(50)) };
    let enrichment = second.run(&client).await;
    assert!(second.all_succeeded());
    assert_eq!((client.call_count(), counts(&enrichment.account)), (50, [50, 0, 50, 0, 0]));
    assert_eq!(second.observer.reports.len(), 1);
    assert_eq!(second.observer.reports[0].reused, 50);
    assert_eq!(enrichment.account.mean_latency, Duration::ZERO);

    let mut third = Scene { store: second.store, ..Scene::new(distinct(57)) };
    let enrichment = third.run(&client).await;
    assert!(third.all_succeeded());
    assert_eq!((client.call_count(), counts(&enrichment.account)), (57, [57, 7, 50, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn changed_digest_is_new_question() {
    let client = Scripted::new(Reply::good);
    let mut first = Scene::new(distinct(3));
    first.run(&client).await;
    let mut second = Scene { store: first.store, ..Scene::new(distinct(3)) };
    second.preflight.facts.digest = "other".to_owned();
    second.run(&client).await;
    assert_eq!((client.call_count(), second.store.kept.len()), (6, 6));
}

#[tokio::test(start_paused = true)]
async fn refresh_replaces_kept_answers() {
    let client = Scripted::new(Reply::good);
    let mut first = Scene::new(distinct(3));
    first.run(&client).await;
    first.store.kept.values_mut().for_each(|kept| kept.intent = "Old.".to_owned());
    let mut second = Scene { store: first.store, ..Scene::new(distinct(3)) };
    second.options.refresh = true;
    second.run(&client).await;
    assert!(second.all_succeeded() && second.store.kept.values().all(|kept| kept.intent != "Old."));
    assert_eq!((client.call_count(), second.store.lookup_count), (6, 1));
}

#[tokio::test(start_paused = true)]
async fn only_good_answers_are_kept() {
    let client = Scripted::new(|call| match call.code.as_str() {
        "bad" => Reply::bad(AskError::Malformed { problem: "no JSON object" }),
        _ => Reply::good(call),
    });
    let mut scene = Scene::new(functions(&["a", "bad"]));
    scene.run(&client).await;
    let kept: Vec<_> = scene.store.kept.values().collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (kept[0].intent.as_str(), kept[0].model.as_str(), kept[0].model_digest.as_str()),
        ("Does a.", "scripted", "d")
    );
    assert_eq!((kept[0].key, kept[0].prompt_tokens), (scene.records[0].question.unwrap().key, Some(5)));

    let mut again = Scene { store: scene.store, ..Scene::new(functions(&["a", "bad"])) };
    again.run(&client).await;
    assert_eq!(client.call_count(), 3);
}

#[tokio::test(start_paused = true)]
async fn saved_batches_are_bounded() {
    let start = Instant::now();
    let client = Scripted::new(|call| {
        let milliseconds = if call.ordinal <= 45 { 1 } else { 300 };
        Reply::good(call).after(Duration::from_millis(milliseconds))
    });
    let mut scene = Scene::new(distinct(53)).at_once(1);
    scene.run(&client).await;
    let groups: Vec<_> = scene.store.groups.iter().map(|(at, size)| ((*at - start).as_millis(), *size)).collect();
    // 20 answers by 20 ms and by 40 ms; then one second from 41 ms on, and another from the first answer after that.
    assert_eq!(groups, [(20, 20), (40, 20), (1041, 8), (2245, 4), (2445, 1)]);
}

#[tokio::test(start_paused = true)]
async fn failing_store_is_reported_once() {
    let client = Scripted::new(Reply::good);
    let mut scene = Scene::new(distinct(100));
    scene.store.is_broken = true;
    let enrichment = scene.run(&client).await;
    assert!(scene.all_succeeded());
    assert_eq!((client.call_count(), enrichment.ending), (100, Ending::Completed));
    assert_eq!(scene.observer.decisions, [Decision::StoreFailed { reason: "disk I/O error".to_owned() }]);
}

#[tokio::test(start_paused = true)]
async fn store_answers_without_provider() {
    let client = Scripted::new(Reply::good);
    let mut first = Scene::new(distinct(5));
    first.run(&client).await;
    let mut second = Scene { store: first.store, ..Scene::new(distinct(8)) };
    second.preflight = Preflight::unavailable("no server at http://h", second.preflight.facts.clone());
    let enrichment = second.run(&client).await;
    assert_eq!((client.call_count(), counts(&enrichment.account)), (5, [8, 0, 5, 0, 3]));
    assert_eq!(second.records[7].intent.error(), Some("no server at http://h"));
    assert!(second.records[7].question.is_some());
    assert_eq!(enrichment.failures[0].record_count, 3);
    assert_eq!(enrichment.ending, Ending::GaveUp { reason: "no server at http://h".to_owned() });
    assert!(enrichment.account.elapsed.is_zero());
}

#[tokio::test(start_paused = true)]
async fn forecast_counts_without_asking() {
    let client = Scripted::new(Reply::good);
    let mut scene = Scene::new(functions(&["a", "b", "a"]));
    scene.run(&client).await;
    let long = "x = 1\n".repeat(50);
    let records = functions(&["a", "a", "c", "c", &long]);
    let enricher = IntentEnricher::new(&client, scene.options);
    let forecast = enricher.forecast(&records, &scene.preflight, &mut scene.store).unwrap();
    let expected = Forecast {
        selected_count: 5,
        question_count: 3,
        kept_count: 1,
        former_count: 0,
        call_count: 2,
        cut_count: 1,
        prompt_bytes: forecast.prompt_bytes,
    };
    assert_eq!((forecast, client.call_count()), (expected, 2));
    assert!((2500..2800).contains(&forecast.prompt_bytes), "{}", forecast.prompt_bytes);

    let unknown = Preflight::available(ModelFacts::default());
    assert_eq!(enricher.forecast(&records, &unknown, &mut scene.store).unwrap().kept_count, 0);
}

#[tokio::test(start_paused = true)]
async fn answers_to_former_prompt_are_reused() {
    let client = Scripted::new(Reply::good).with_former_words();
    let mut first = Scene::new(distinct(3));
    first.run(&client).await;
    // Current prompts come first, former ones after them.
    let former = first.store.looked_up[3 + 1];
    let present = first.records[1].question.unwrap().key;
    let mut answer = first.store.kept.remove(&present).unwrap();
    (answer.key, answer.intent) = (former, "Was said before.".to_owned());
    first.store.kept.insert(former, answer);

    let mut second = Scene { store: first.store, ..Scene::new(distinct(3)) };
    second.run(&client).await;
    assert_eq!((client.call_count(), second.records[1].intent.text()), (3, Some("Was said before.")));
    assert_eq!(second.records[1].question.unwrap().key, former);
    let expected = Decision::ReusedFormer { record_count: 1, question_count: 1 };
    assert!(second.observer.decisions.contains(&expected), "{:?}", second.observer.decisions);

    let mut third = Scene { store: second.store, ..Scene::new(distinct(3)) };
    third.options.refresh = true;
    third.run(&client).await;
    assert_eq!((client.call_count(), third.records[1].intent.text()), (6, Some("Does f1.")));
}

#[tokio::test(start_paused = true)]
async fn same_answer_to_all_is_rejected() {
    let client = Scripted::new(same_answer);
    let mut scene = Scene::new(distinct(60)).at_once(1);
    let enrichment = scene.run(&client).await;
    assert_eq!(client.call_count(), 21);
    let reason = "the model gives the same answer to every question: Adds two numbers.";
    assert_eq!(enrichment.ending, Ending::GaveUp { reason: reason.to_owned() });
    assert!(scene.records.iter().all(|record| record.intent.error() == Some(reason)));
    assert!(scene.store.kept.is_empty());
    assert_eq!(counts(&enrichment.account), [60, 21, 0, 0, 60]);
}

#[tokio::test(start_paused = true)]
async fn few_equal_answers_are_accepted() {
    let client = Scripted::new(same_answer);
    let mut scene = Scene::new(distinct(20));
    let enrichment = scene.run(&client).await;
    assert!(enrichment.failures.is_empty() && enrichment.ending == Ending::Completed);
    assert!(scene.records.iter().all(|record| record.intent.text() == Some("Adds two numbers.")));
    assert_eq!(scene.store.kept.len(), 20);
}

#[tokio::test(start_paused = true)]
async fn ten_equal_failures_end_run() {
    let client = Scripted::new(|_| Reply::bad(AskError::Malformed { problem: "no JSON object" }));
    let mut scene = Scene::new(distinct(60)).at_once(1);
    let enrichment = scene.run(&client).await;
    assert_eq!(client.call_count(), 10);
    let reason = "every question fails in the same way: malformed answer: no JSON object";
    assert_eq!(enrichment.ending, Ending::GaveUp { reason: reason.to_owned() });
}

#[tokio::test(start_paused = true)]
async fn adapted_request_is_new_question() {
    let client = Scripted::adapting();
    let mut first = Scene::new(distinct(3)).at_once(1);
    first.run(&client).await;
    assert!(first.all_succeeded());
    assert_eq!((client.call_count(), first.store.kept.len()), (4, 3));

    // The next run meets the same refusal, which costs nothing, and finds every answer.
    let client = Scripted::adapting();
    let mut second = Scene { store: first.store, ..Scene::new(distinct(3)) }.at_once(1);
    let enrichment = second.run(&client).await;
    assert!(second.all_succeeded());
    assert_eq!((client.call_count(), counts(&enrichment.account)[2]), (1, 3));
}
