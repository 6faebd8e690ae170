//! Pruning of stored answers, and the rate of earlier runs.

use std::time::Duration;

use cds_model::{EnrichmentAccount, RunSnapshot};
use cds_persistence::{Error, Persistence};
use rusqlite::Connection;

use crate::samples::{answer, asked, at, key, make_database, mixed, open, plain_only, texts, workplace};

/// Stores the answers 1 to 4, each at the second of its number, and a snapshot with the questions 1 and 2. Prunes, and
/// returns the answers left.
fn left_after(older_than: Option<i64>, is_unused: bool) -> Vec<String> {
    let (_directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    for number in 1_u32..=4 {
        persistence.keep_answers(&[answer(number.into())], at(number.into())).unwrap();
    }
    persistence.save(&asked()).unwrap();

    let older_than = older_than.map(at);
    let promised = persistence.count_prunable_answers(older_than, is_unused).unwrap();
    assert_eq!(persistence.intent_cache_stats().unwrap().answer_count, 4);
    let removed = persistence.prune_answers(older_than, is_unused).unwrap();
    assert_eq!(promised, removed);
    persistence.close().unwrap();
    let left = texts(&Connection::open(&path).unwrap(), "SELECT intent FROM intent_cache ORDER BY intent");
    assert_eq!(left.len() + removed, 4);
    left
}

#[test]
fn only_older_answers_are_pruned() {
    assert_eq!(left_after(Some(3), false), ["Does 3.", "Does 4."]);
    assert_eq!(left_after(Some(0), false).len(), 4);
    assert_eq!(left_after(Some(1_000), false), [""; 0]);
}

#[test]
fn unused_answers_are_pruned() {
    assert_eq!(left_after(None, true), ["Does 1.", "Does 2."]);
}

#[test]
fn pruning_conditions_are_combined() {
    assert_eq!(left_after(Some(4), true), ["Does 1.", "Does 2.", "Does 4."]);
    assert_eq!(left_after(None, false).len(), 4);
}

#[test]
fn without_questions_all_answers_are_unused() {
    if plain_only() {
        return;
    }
    let (_directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    persistence.keep_answers(&[answer(1), answer(2)], at(7)).unwrap();
    make_database(&path, "DROP TABLE record_questions");
    assert_eq!(persistence.intent_cache_stats().unwrap().used_count, 0);
    assert_eq!(persistence.count_prunable_answers(Some(at(7)), true).unwrap(), 0);
    assert_eq!(persistence.count_prunable_answers(None, true).unwrap(), 2);
    assert_eq!(persistence.prune_answers(None, true).unwrap(), 2);
}

#[test]
fn failed_answer_pruning_removes_nothing() {
    let (_directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    persistence.keep_answers(&[answer(1), answer(2)], at(0)).unwrap();
    make_database(
        &path,
        "CREATE TRIGGER refuse AFTER DELETE ON intent_cache WHEN (SELECT count(*) FROM intent_cache) = 0
         BEGIN SELECT RAISE(FAIL, 'no more'); END",
    );
    let error = persistence.prune_answers(None, true).unwrap_err();
    assert!(matches!(error, Error::Statement { .. }), "{error:?}");
    assert_eq!(persistence.lookup_answers(&[key(1), key(2)]).unwrap().len(), 2);
}

fn run(model: &str, call_count: usize, seconds: u64, prompt_tokens: Option<u64>) -> RunSnapshot {
    let mut snapshot = mixed();
    model.clone_into(&mut snapshot.settings.model);
    let elapsed = Duration::from_secs(seconds);
    snapshot.enrichment = Some(EnrichmentAccount { call_count, elapsed, prompt_tokens, ..Default::default() });
    snapshot
}

#[test]
fn rate_covers_last_five_runs() {
    let (_directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    persistence.save(&mixed()).unwrap();
    assert_eq!(persistence.last_enrichment_rate("a").unwrap(), None);
    for snapshot in [
        run("a", 1_000_000, 1, Some(1)),
        run("a", 10, 20, Some(1_000)),
        run("a", 10, 20, None),
        run("a", 20, 10, Some(500)),
        run("b", 4, 1, None),
        run("a", 0, 99, None),
        run("a", 5, 5, Some(500)),
        run("a", 5, 5, None),
    ] {
        persistence.save(&snapshot).unwrap();
    }
    let rate = |model| persistence.last_enrichment_rate(model).unwrap().unwrap();
    // 60 seconds for 50 calls; 2,000 tokens for the 35 calls of the runs that report tokens.
    let within = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
    assert!(within(rate("a").seconds_per_call, 1.2), "{:?}", rate("a"));
    assert!(within(rate("a").prompt_tokens_per_call.unwrap(), 2_000.0 / 35.0), "{:?}", rate("a"));
    assert_eq!(rate("a").answer_tokens_per_call, None);
    assert!(within(rate("b").seconds_per_call, 0.25), "{:?}", rate("b"));
    assert_eq!(persistence.last_enrichment_rate("c").unwrap(), None);
}
