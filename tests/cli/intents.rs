//! `cds intents`: counts kept answers and prunes them.

use cds_fake_ollama::{FakeOllama, Script};
use serde_json::{Value, json};

use crate::place::{DATABASE, Outcome, Place, TREE, functions};

/// Three answers that the only run uses, and two that it does not.
fn five_answers() -> (FakeOllama, Place) {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(5);
    place.persist(&server.url(), &[]).succeeded();
    place.write("tree/functions.py", functions(3));
    place.persist(&server.url(), &[]).succeeded();
    place.ask(&["runs", "prune", "--keep-last", "1"]).succeeded();
    assert_eq!(server.generate_count(), 5);
    (server, place)
}

fn intents(place: &Place, arguments: &[&str]) -> Outcome {
    place.cds(&[&["intents"], arguments, &["--db-path", DATABASE]].concat())
}

fn stats(place: &Place) -> Value {
    serde_json::from_str(&intents(place, &["stats", "--format", "json"]).succeeded().stdout).expect("numbers in JSON")
}

#[test]
fn kept_intents_are_counted() {
    let (_server, place) = five_answers();
    let before = place.read(DATABASE);
    let stats = stats(&place);
    assert_eq!((&stats["answers"], &stats["used"], &stats["unused"]), (&json!(5), &json!(3), &json!(2)));
    let models = stats["models"].as_array().unwrap();
    let model = json!({
        "model": "qwen3-coder:latest",
        "model_digest": cds_fake_ollama::DEFAULT_DIGEST,
        "answers": 5,
    });
    assert_eq!(models, &[model]);
    let sum = |column: &str| place.database().number(&format!("SELECT sum({column}) FROM intent_cache"));
    assert_eq!(stats["prompt_tokens"].as_i64(), Some(sum("prompt_tokens")));
    assert_eq!(stats["intent_bytes"].as_i64(), Some(sum("length(CAST(intent AS BLOB))")));
    assert!(stats["oldest"].as_str() <= stats["newest"].as_str(), "{stats}");
    let table = intents(&place, &["stats"]).succeeded().stdout;
    let words: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    for line in [vec!["answers", "5"], vec!["used", "3"], vec!["unused", "2"]] {
        assert!(words.contains(&line), "{table}");
    }
    assert!(place.read(DATABASE) == before, "looking changes nothing");
}

#[test]
fn unused_intents_can_be_pruned() {
    let (server, place) = five_answers();
    assert_eq!(intents(&place, &["prune", "--unused", "--dry-run"]).succeeded().stdout, "would_prune answers=2\n");
    assert_eq!(place.database().kept_count(), 5);
    assert_eq!(intents(&place, &["prune", "--unused"]).succeeded().stdout, "pruned answers=2\n");
    assert_eq!((&stats(&place)["answers"], &stats(&place)["unused"]), (&json!(3), &json!(0)));
    place.check_is_tidy();
    place.write("tree/functions.py", functions(5));
    let outcome = place.persist(&server.url(), &["--format", "json"]).succeeded();
    assert_eq!(outcome.costs(), [5, 2, 3, 0, 0, 2], "pruned answers are asked again");
}

#[test]
fn old_intents_can_be_pruned() {
    let (_server, place) = five_answers();
    let records = place.database().records(1);
    let age = "UPDATE intent_cache SET created_at = '2020-01-01T00:00:00.000Z'
               WHERE question IN (SELECT question FROM intent_cache ORDER BY question LIMIT 4)";
    place.database().execute(age);
    let unused_and_old = intents(&place, &["prune", "--unused", "--older-than", "90d", "--dry-run"]).succeeded().stdout;
    let count = place.database().number(
        "SELECT count(*) FROM intent_cache
         WHERE created_at < '2021' AND question NOT IN (SELECT question FROM record_questions)",
    );
    assert_eq!(unused_and_old, format!("would_prune answers={count}\n"), "both conditions hold together");
    assert_eq!(intents(&place, &["prune", "--older-than", "90d"]).succeeded().stdout, "pruned answers=4\n");
    assert_eq!(place.database().kept_count(), 1);
    assert_eq!(place.database().records(1), records, "records hold their intents themselves");
    assert_eq!(intents(&place, &["prune", "--older-than", "90d"]).succeeded().stdout, "pruned answers=0\n");
}

#[test]
fn missing_file_is_not_created() {
    let place = Place::with_functions(1);
    for arguments in [&["stats"][..], &["prune", "--unused"], &["prune", "--unused", "--dry-run"]] {
        let outcome = intents(&place, arguments);
        assert!(matches!(outcome.code, Some(1 | 2)) && outcome.stderr.starts_with("error: "), "{outcome:?}");
        assert_eq!((outcome.stdout.as_str(), place.names()), ("", vec![TREE.to_owned()]));
    }
    intents(&place, &["prune"]).exited_with(2).stderr_has(&["--older-than"]);
    intents(&place, &["prune", "--older-than", "soon"]).exited_with(2).stderr_has(&["--older-than", "7d"]);

    place.persist("builtin:", &[]).succeeded();
    assert_eq!(intents(&place, &["stats"]).succeeded().stdout, "no answers are kept yet\n");
    assert_eq!(intents(&place, &["prune", "--unused"]).succeeded().stdout, "pruned answers=0\n");
}
