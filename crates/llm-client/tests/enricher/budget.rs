//! Limits to calls, time and tokens: where the asking ends, in which order, and what is left.

use std::time::Duration;

use cds_llm_client::{AskError, Budget, Decision, Ending, Enrichment, Left};
use cds_model::Intent;

use crate::support::{Memory, Reply, Scene, Scripted, counts, distinct, status};

const SECOND: Duration = Duration::from_secs(1);

fn limited(mut scene: Scene, budget: Budget) -> Scene {
    scene.options.budget = budget;
    scene
}

fn calls(count: u64) -> Budget {
    Budget { max_calls: Some(count), ..Budget::default() }
}

fn left(question_count: usize, record_count: usize) -> Left {
    Left { question_count, record_count }
}

fn reason(enrichment: &Enrichment) -> &str {
    let Ending::BudgetSpent { reason } = &enrichment.ending else { panic!("{:?}", enrichment.ending) };
    reason
}

#[tokio::test(start_paused = true)]
async fn asking_ends_after_given_calls() {
    let client = Scripted::new(|call| Reply::good(call).after(20 * SECOND));
    let mut scene = limited(Scene::new([distinct(10), distinct(10)].concat()).at_once(4), calls(3));
    let enrichment = scene.run(&client).await;
    // The last calls are awaited, however long they take.
    assert_eq!((client.call_count(), scene.store.kept.len()), (3, 3));
    assert_eq!(counts(&enrichment.account), [20, 3, 0, 3, 14]);
    assert_eq!(reason(&enrichment), "not asked: the limit of 3 calls is reached (--max-calls)");
    assert_eq!(enrichment.left, left(7, 14));
    assert_eq!(scene.records[9].intent, Intent::Failed(reason(&enrichment).to_owned()));
    assert!(scene.observer.failed.is_empty(), "they are reported together");
    let ends = scene.observer.decisions.iter().filter(|decision| matches!(decision, Decision::BudgetSpent { .. }));
    assert_eq!(ends.count(), 1);

    // The next run asks what is left.
    scene.observer = Memory::default();
    let enrichment = scene.run(&client).await;
    assert_eq!((counts(&enrichment.account), enrichment.left), ([20, 3, 6, 3, 8], left(4, 8)));
}

#[tokio::test(start_paused = true)]
async fn limit_that_suffices_changes_nothing() {
    let client = Scripted::new(Reply::good);
    let mut scene = limited(Scene::new(distinct(5)), calls(5));
    let enrichment = scene.run(&client).await;
    assert_eq!((&enrichment.ending, enrichment.left), (&Ending::Completed, Left::default()));
    assert!(scene.all_succeeded());
}

#[tokio::test(start_paused = true)]
async fn limit_of_zero_takes_kept_answers_only() {
    let client = Scripted::new(Reply::good);
    let mut scene = Scene::new(distinct(2));
    scene.run(&client).await;
    scene.records = distinct(3);
    let mut scene = limited(scene, calls(0));
    scene.observer = Memory::default();
    let enrichment = scene.run(&client).await;
    assert_eq!((client.call_count(), counts(&enrichment.account)), (2, [3, 0, 2, 0, 1]));
    assert_eq!(enrichment.left, left(1, 1));
}

#[tokio::test(start_paused = true)]
async fn most_urgent_questions_come_first() {
    let client = Scripted::new(Reply::good);
    let mut scene = limited(Scene::new(distinct(6)).at_once(1), calls(3));
    scene.ranks = vec![2, 9, 1, 5, 5, 0];
    let codes: Vec<_> = scene.records.iter().map(|record| record.normalized_code.to_string()).collect();
    scene.run(&client).await;
    let asked: Vec<_> = client.calls().into_iter().map(|call| call.code).collect();
    assert_eq!(asked, [&*codes[1], &codes[3], &codes[4]]);
}

#[tokio::test(start_paused = true)]
async fn shared_question_has_highest_rank() {
    let client = Scripted::new(Reply::good);
    let mut scene = limited(Scene::new([distinct(2), distinct(2)].concat()), calls(1));
    scene.ranks = vec![1, 2, 3, 0];
    scene.run(&client).await;
    assert_eq!(client.calls()[0].code, *scene.records[0].normalized_code);
}

#[tokio::test(start_paused = true)]
async fn retries_count_as_calls() {
    let client = Scripted::new(|call| if call.ordinal < 3 { Reply::bad(status(500)) } else { Reply::good(call) });
    let mut scene = limited(Scene::new(distinct(2)).at_once(1), calls(2));
    let enrichment = scene.run(&client).await;
    assert_eq!((client.call_count(), enrichment.left.record_count), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn asking_ends_when_time_is_over() {
    let client = Scripted::new(|call| if call.ordinal == 3 { Reply::never() } else { Reply::good(call).after(SECOND) });
    let budget = Budget { max_time: Some(SECOND * 5 / 2), ..Budget::default() };
    let mut scene = limited(Scene::new(distinct(9)).at_once(1), budget);
    let enrichment = scene.run(&client).await;
    // A call in flight has 5 seconds more.
    assert_eq!((client.call_count(), client.now()), (3, SECOND * 15 / 2));
    assert_eq!(reason(&enrichment), "not asked: the limit of 2.5 s is reached (--max-time)");
    assert_eq!((scene.store.kept.len(), enrichment.left), (2, left(7, 7)));
}

#[tokio::test(start_paused = true)]
async fn time_also_ends_waiting_for_a_provider() {
    let client = Scripted::new(|_| Reply::bad(status(503)));
    let budget = Budget { max_time: Some(3 * SECOND), ..Budget::default() };
    let mut scene = limited(Scene::new(distinct(9)), budget);
    let enrichment = scene.run(&client).await;
    assert_eq!((client.now(), enrichment.left.record_count), (3 * SECOND, 9));
}

#[tokio::test(start_paused = true)]
async fn asking_ends_after_given_tokens() {
    // Each answer has 5 tokens of the prompt, and none that were counted of the answer: 10 bytes are 4.
    let client = Scripted::new(Reply::good);
    let budget = Budget { max_tokens: Some(40), ..Budget::default() };
    let mut scene = limited(Scene::new(distinct(30)).at_once(16), budget);
    let enrichment = scene.run(&client).await;
    let spent: usize = client.calls().iter().map(|call| 5 + format!("Does {}.", call.code).len().div_ceil(3)).sum();
    assert!((40..50).contains(&spent), "one answer beyond the limit at most, not {spent}");
    assert_eq!(reason(&enrichment), "not asked: the limit of 40 tokens is reached (--max-tokens)");
    assert_eq!(enrichment.left.question_count, 30 - client.call_count());
}

#[tokio::test(start_paused = true)]
async fn thinking_without_answer_costs_tokens() {
    let spent = || AskError::SpentOnThinking { prompt_tokens: Some(30), answer_tokens: Some(20) };
    let client = Scripted::new(move |_| Reply::bad(spent()));
    let budget = Budget { max_tokens: Some(100), ..Budget::default() };
    let mut scene = limited(Scene::new(distinct(9)).at_once(4), budget);
    let enrichment = scene.run(&client).await;
    assert_eq!((client.call_count(), enrichment.left.record_count), (2, 7));
}

#[tokio::test(start_paused = true)]
async fn free_answers_have_no_limit() {
    let client = Scripted::new(Reply::good);
    let mut scene = limited(Scene::new(distinct(3)), calls(1));
    let enrichment = scene.run(&client.unpaid()).await;
    assert_eq!((enrichment.ending, scene.all_succeeded()), (Ending::Completed, true));
}
