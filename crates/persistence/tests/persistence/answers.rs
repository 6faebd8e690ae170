//! Paid answers: stored as they arrive, found again, and independent of snapshots.

use std::{collections::HashMap, fs, path::Path};

use cds_model::{KeptAnswer, QuestionKey};
use cds_persistence::{CachedModel, Error, IntentCacheStats, Persistence, SqlitePersistence};
use rusqlite::Connection;

use crate::samples::{
    CONTRACT, NAMED, answer, asked, at, chain_about, dump, key, make_database, mixed, names_in, number, open,
    plain_only, save, texts, waiting, workplace,
};

/// Our tables in format 1 before there were answers.
const OURS_WITHOUT_ANSWERS: &str = "
DROP TABLE record_questions; DROP TABLE enrichments; DROP TABLE intent_cache;";

fn keep(path: &Path, answers: &[KeptAnswer]) -> Result<(), Error> {
    let mut persistence = open(path)?;
    persistence.keep_answers(answers, at(0))?;
    persistence.close()
}

fn intents(path: &Path) -> Vec<String> {
    texts(&Connection::open(path).unwrap(), "SELECT intent FROM intent_cache ORDER BY intent")
}

#[test]
fn stored_answers_are_visible_at_once() {
    let (_directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    for (group, count) in [(&[answer(1), answer(2)][..], 2), (&[answer(3)], 3), (&[], 3)] {
        persistence.keep_answers(group, at(0)).unwrap();
        let found: i64 = other.query_row("SELECT count(*) FROM intent_cache", [], |row| row.get(0)).unwrap();
        assert_eq!(found, count);
    }
}

#[test]
fn stored_answers_survive_a_copy() {
    let (directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    persistence.keep_answers(&[answer(1)], at(0)).unwrap();
    // Like a killed process: file and log stay, and nothing is closed. Another process copies them, to keep our locks.
    let copy = directory.path().join("killed.sqlite");
    for end in ["", "-wal"] {
        let [from, to] = [&path, &copy].map(|path| format!("{}{end}", path.display()));
        assert!(std::process::Command::new("cp").args([from, to]).status().unwrap().success());
    }
    assert_eq!(intents(&copy), ["Does 1."]);
    persistence.close().unwrap();
}

#[test]
fn every_answer_column_is_stored() {
    let (_directory, path) = workplace();
    let mut second = answer(2);
    (second.model_digest, second.prompt_tokens, second.answer_tokens) = (String::new(), None, Some(u64::MAX));
    let mut persistence = open(&path).unwrap();
    persistence.keep_answers(&[answer(1), second], at(61)).unwrap();

    assert_eq!(
        texts(
            &Connection::open(&path).unwrap(),
            "SELECT concat_ws('|', quote(question), quote(intent), quote(model), quote(model_digest),
                    quote(prompt_version), quote(prompt_tokens), quote(answer_tokens), quote(created_at))
             FROM intent_cache ORDER BY intent"
        ),
        [
            format!("'{}'|'Does 1.'|'qwen3-coder:latest'|'aa11'|3|100|NULL|'1970-01-01T00:01:01.000Z'", key(1)),
            format!(
                "'{}'|'Does 2.'|'qwen3-coder:latest'|''|3|NULL|9223372036854775807|'1970-01-01T00:01:01.000Z'",
                key(2)
            ),
        ]
    );
}

#[test]
fn newer_answer_replaces_older() {
    let (_directory, path) = workplace();
    let newer = |text: &str| KeptAnswer { intent: text.to_owned(), answer_tokens: Some(9), ..answer(1) };
    let mut persistence = open(&path).unwrap();
    persistence.keep_answers(&[answer(1), answer(2)], at(0)).unwrap();
    persistence.keep_answers(&[newer("Second."), newer("Third.")], at(5)).unwrap();

    assert_eq!(intents(&path), ["Does 2.", "Third."]);
    let stats = persistence.intent_cache_stats().unwrap();
    assert_eq!((stats.newest.as_deref(), stats.answer_tokens), (Some("1970-01-01T00:00:05.000Z"), Some(9)));
}

#[test]
fn failed_batch_keeps_earlier_batches() {
    for (how, expected) in [
        ("RAISE(ABORT, 'no more')", format!("store answer 2 in database DB: no more{NAMED} (SQLite error 1811)")),
        ("RAISE(ROLLBACK, 'no more')", format!("store answer 2 in database DB: no more{NAMED} (SQLite error 1811)")),
        ("RAISE(IGNORE)", "store answer 2: database DB ignored the row".to_owned()),
    ] {
        let (_directory, path) = workplace();
        keep(&path, &[answer(1)]).unwrap();
        make_database(
            &path,
            &format!(
                "CREATE TRIGGER refuse BEFORE INSERT ON intent_cache WHEN NEW.intent = 'Does 3.' BEGIN SELECT {how}; END"
            ),
        );
        let mut persistence = open(&path).unwrap();
        let error = persistence.keep_answers(&[answer(2), answer(3), answer(4)], at(0)).unwrap_err();
        assert_eq!(chain_about(&path, &error), expected);
        assert_eq!(intents(&path), ["Does 1."]);
        persistence.keep_answers(&[answer(5)], at(0)).unwrap();
        assert_eq!(intents(&path), ["Does 1.", "Does 5."]);
    }
}

#[test]
fn failed_snapshot_keeps_answers() {
    let (_directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    persistence.keep_answers(&[answer(1)], at(0)).unwrap();
    make_database(&path, "CREATE TRIGGER refuse BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'no more'); END");
    persistence.save(&asked()).unwrap_err();
    drop(persistence);
    assert_eq!(intents(&path), ["Does 1."]);
    assert_eq!(number(&path, "SELECT count(*) FROM record_questions"), 0);
}

#[test]
fn first_answer_creates_the_table() {
    if plain_only() {
        return;
    }
    let (_directory, ours) = workplace();
    save(&ours, &mixed()).unwrap();
    make_database(&ours, OURS_WITHOUT_ANSWERS);
    let (_directory, theirs) = workplace();
    make_database(&theirs, CONTRACT);
    for path in [ours, theirs] {
        let before = dump(&path);
        let mut persistence = open(&path).unwrap();
        assert_eq!(persistence.lookup_answers(&[key(1)]).unwrap(), HashMap::new());
        assert_eq!(persistence.latest_digest("qwen3-coder:latest").unwrap(), None);
        assert_eq!(persistence.intent_cache_stats().unwrap(), IntentCacheStats::default());
        assert_eq!(persistence.last_enrichment_rate("qwen3-coder:latest").unwrap(), None);
        assert_eq!(persistence.count_prunable_answers(None, true).unwrap(), 0);
        assert_eq!(persistence.prune_answers(None, true).unwrap(), 0);
        assert_eq!(dump(&path), before);

        persistence.keep_answers(&[answer(1)], at(0)).unwrap();
        let after = dump(&path);
        let new: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
        assert!(matches!(new[..], [definition, _] if definition.starts_with("CREATE TABLE intent_cache")), "{new:?}");
        assert_eq!(persistence.lookup_answers(&[key(1)]).unwrap()[&key(1)], "Does 1.");

        persistence.save(&asked()).unwrap();
        assert_eq!(number(&path, "SELECT count(*) FROM record_questions"), 3);
        assert_eq!(number(&path, "SELECT count(*) FROM enrichments"), 1);
        assert_eq!(number(&path, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'idx_record_questions%'"), 1);
    }
}

#[test]
fn changed_schema_refuses_answers() {
    for (sql, expected) in [
        ("PRAGMA user_version = 3", "its format is version 3"),
        ("ALTER TABLE intent_cache ADD COLUMN votes INTEGER", "table intent_cache does not fit: column 9"),
    ] {
        let (_directory, path) = workplace();
        let mut persistence = open(&path).unwrap();
        persistence.keep_answers(&[answer(1)], at(0)).unwrap();
        make_database(&path, sql);
        let error = persistence.keep_answers(&[answer(2)], at(0)).unwrap_err();
        assert!(chain_about(&path, &error).contains(expected), "{error}");
        assert_eq!(intents(&path), ["Does 1."]);
    }
}

#[test]
fn answers_wait_for_another_writer() {
    let (directory, path) = workplace();
    let mut persistence = SqlitePersistence::open(&path, &waiting(20)).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = persistence.keep_answers(&[answer(1)], at(0)).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error:?}");
    other.execute_batch("ROLLBACK").unwrap();
    persistence.keep_answers(&[answer(1)], at(0)).unwrap();

    fs::rename(&path, directory.path().join("elsewhere.sqlite")).unwrap();
    let error = persistence.keep_answers(&[answer(2)], at(0)).unwrap_err();
    assert!(matches!(error, Error::Replaced { .. }), "{error:?}");
    assert!(!names_in(directory.path()).contains(&"code.sqlite".to_owned()));
}

#[test]
fn large_lookup_equals_naive_lookup() {
    const COUNT: u64 = 50_000;
    let (_directory, path) = workplace();
    // Every third question is answered, and every fifth is asked twice.
    let kept: Vec<KeptAnswer> = (0..COUNT).filter(|number| number % 3 == 0).map(answer).collect();
    let mut persistence = open(&path).unwrap();
    for group in kept.chunks(5_000) {
        persistence.keep_answers(group, at(0)).unwrap();
    }
    let asked: Vec<QuestionKey> = (0..COUNT).chain((0..COUNT).filter(|number| number % 5 == 0)).map(key).collect();
    let naive: HashMap<QuestionKey, String> = kept.into_iter().map(|answer| (answer.key, answer.intent)).collect();
    assert_eq!(naive.len(), 16_667);
    assert_eq!(persistence.lookup_answers(&asked).unwrap(), naive);
    assert_eq!(persistence.lookup_answers(&[]).unwrap(), HashMap::new());
}

#[test]
fn latest_digest_skips_answers_without_one() {
    let (_directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    let with = |number, model: &str, digest: &str| KeptAnswer {
        model: model.to_owned(),
        model_digest: digest.to_owned(),
        ..answer(number)
    };
    for (seconds, answer) in [
        (9, with(1, "a", "new")),
        (5, with(2, "a", "old")),
        (11, with(3, "a", "")),
        (12, with(4, "b", "other")),
        (13, with(5, "c", "")),
    ] {
        persistence.keep_answers(&[answer], at(seconds)).unwrap();
    }
    let digests = ["a", "b", "c", "d"].map(|model| persistence.latest_digest(model).unwrap());
    assert_eq!(digests.each_ref().map(Option::as_deref), [Some("new"), Some("other"), None, None]);
}

#[test]
fn stats_count_stored_and_used_answers() {
    let (_directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    let huge =
        KeptAnswer { model: "m".to_owned(), prompt_tokens: Some(u64::MAX), intent: "é".to_owned(), ..answer(9) };
    persistence.keep_answers(&[KeptAnswer { prompt_tokens: None, ..answer(1) }], at(3)).unwrap();
    assert_eq!(persistence.intent_cache_stats().unwrap().prompt_tokens, None);
    persistence.keep_answers(&[answer(2), answer(3)], at(1)).unwrap();
    persistence.save(&asked()).unwrap();

    let mut expected = IntentCacheStats {
        answer_count: 3,
        models: vec![CachedModel {
            model: "qwen3-coder:latest".to_owned(),
            model_digest: "aa11".to_owned(),
            answer_count: 3,
        }],
        intent_byte_count: 21,
        oldest: Some("1970-01-01T00:00:01.000Z".to_owned()),
        newest: Some("1970-01-01T00:00:03.000Z".to_owned()),
        prompt_tokens: Some(200),
        answer_tokens: None,
        used_count: 2,
    };
    assert_eq!(persistence.intent_cache_stats().unwrap(), expected);
    assert_eq!(expected.unused_count(), 1);

    // Sums that overflow must not fail.
    persistence.keep_answers(&[huge.clone(), KeptAnswer { key: key(10), ..huge }], at(2)).unwrap();
    expected.models.push(CachedModel { model: "m".to_owned(), model_digest: "aa11".to_owned(), answer_count: 2 });
    (expected.answer_count, expected.intent_byte_count, expected.prompt_tokens) = (5, 25, Some(i64::MAX as u64));
    assert_eq!(persistence.intent_cache_stats().unwrap(), expected);
}
