//! `--no-intents`: nothing is asked, what is known stays, and no gate, trend or history notices.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use serde_json::{Value, json};

use crate::{
    dup_gates::{total, words},
    place::{DATABASE, Place, TREE, functions},
};

const NO_INTENTS: [&str; 2] = ["--no-intents", "--format"];
const INTENTS: &str = "SELECT file_path, start_line, intent, intent_status, intent_error FROM records
                       WHERE kind <> 'file' AND run_id = ";
const REASON: &str = "not asked: --no-intents, and the latest snapshot has no intent for this code";

/// Two functions that have nothing in common but the model's sentence, and a third one.
fn place_with_same_intents() -> (FakeOllama, Place) {
    let same = || Reply::answer("Collects what is wanted from the given things.");
    let script = Script::new()
        .rule(When::question().containing("total"), same())
        .rule(When::question().containing("words"), same());
    let server = FakeOllama::start(script);
    let place = Place::with_files(&[("a.py", &total("total")), ("b.py", &words("words")), ("c.py", &functions(1))]);
    place.persist(&server.url(), &["--project", "shop"]).succeeded();
    assert_eq!(server.generate_count(), 3);
    (server, place)
}

/// `persist` without intents, as a CI job runs it: no provider is named.
fn persist(place: &Place, more: &[&str]) -> Value {
    let words = ["persist", "--path", TREE, "--db-path", DATABASE, "--project", "shop"];
    let outcome = place.cds(&[&words[..], &NO_INTENTS, &["json"], more].concat()).succeeded();
    serde_json::from_str(&outcome.stdout).expect("a summary in JSON")
}

fn history(place: &Place, run: u8) -> Vec<String> {
    let of_run =
        "SELECT transition || ' ' || (metadata ->> 'file_path') || ' ' || (metadata ->> 'name') FROM unit_history
                  WHERE run_id = ";
    place.database().texts(&format!("{of_run}{run} ORDER BY sequence"))
}

/// The states of the groups of the intent channel, compared with the snapshot before.
fn intent_groups(place: &Place) -> Vec<Value> {
    let object = place.ask_json(&["dup-check", "--channels", "intent", "--baseline-run", "latest~1"]);
    let groups = object["groups"].as_array().expect("groups");
    groups.iter().map(|group| group["state"].clone()).collect()
}

#[test]
fn unchanged_tree_stays_as_it_was() {
    let (server, place) = place_with_same_intents();
    let (requests, before) = (server.requests().len(), intent_groups_alone(&place));
    let summary = persist(&place, &[]);
    assert_eq!((&summary["status"], &summary["intents"]["reused"]), (&json!("completed"), &json!(3)));
    assert_eq!(summary["intents"]["calls"], 0);
    assert_eq!(server.requests().len(), requests, "the provider is not even looked at");
    let database = place.database();
    assert_eq!(database.records(1), database.records(2));
    let settings = "SELECT provider_url, model, scope FROM runs ORDER BY id";
    assert_eq!(database.rows(settings)[0], database.rows(settings)[1], "that is where the intents came from");
    assert_eq!(history(&place, 2), [""; 0]);
    assert_eq!(intent_groups_alone(&place), before);
    place.ask(&["verify"]).succeeded();
    place.ask(&["dup-check", "--fail-on", "new"]).succeeded();
}

fn intent_groups_alone(place: &Place) -> Vec<Value> {
    let object = place.ask_json(&["dup-check", "--channels", "intent"]);
    let groups = object["groups"].as_array().expect("groups").clone();
    assert_eq!(groups.len(), 1, "{object}");
    groups.iter().map(|group| group["group_id"].clone()).collect()
}

#[test]
fn changed_code_is_skipped_with_reason() {
    let (server, place) = place_with_same_intents();
    place.write("tree/b.py", format!("# words\n{}", words("words").replace("lower", "upper")));
    place.write("tree/d.py", "def new():\n    return 2\n");
    std::fs::rename(place.path("tree/a.py"), place.path("tree/moved.py")).unwrap();
    let outcome = place.cds(&["persist", "--path", TREE, "--db-path", DATABASE, "--project", "shop", "--no-intents"]);
    outcome.succeeded().stderr_has(&["intents_kept selected=4 kept=2 skipped=2 from_run=1"]);
    let row = |path: &str, line: u8, intent: Option<&str>| {
        let (status, error) = if intent.is_some() { ("success", None) } else { ("skipped", Some(REASON)) };
        json!({ "file_path": path, "start_line": line, "intent": intent, "intent_status": status, "intent_error": error })
    };
    let first = place.database().rows(&format!("{INTENTS}1 ORDER BY id"));
    let expected = [
        row("b.py", 2, None),
        row("c.py", 1, first[2]["intent"].as_str()),
        row("d.py", 1, None),
        row("moved.py", 1, first[0]["intent"].as_str()),
    ];
    assert_eq!(place.database().rows(&format!("{INTENTS}2 ORDER BY id")), expected);
    let rows = history(&place, 2);
    assert!(rows.iter().all(|row| !row.starts_with("intent_changed")) && rows.len() == 6, "{rows:?}");
    let changed = "SELECT metadata ->> 'changed' FROM unit_history WHERE run_id = 2 AND transition = 'changed'";
    assert_eq!(place.database().texts(changed), [r#"["code"]"#, r#"["code"]"#]);
    place.ask(&["verify"]).succeeded();

    // What was skipped is asked by the next run, and nothing else.
    let costs = place.persist(&server.url(), &["--project", "shop", "--format", "json"]).succeeded().costs();
    assert_eq!(costs, [4, 2, 2, 0, 0, 2]);
    assert_eq!(history(&place, 3), ["intent_changed d.py new"], "the sentence of words is the one before");
    place.ask(&["verify"]).succeeded();
}

#[test]
fn gates_and_trend_do_not_move() {
    let (server, place) = place_with_same_intents();
    // An edit that makes the sentence unknown.
    place.write("tree/b.py", words("words").replace("lower", "upper"));
    persist(&place, &[]);
    assert_eq!(intent_groups(&place), ["known"]);
    place.ask(&["dup-check", "--fail-on", "new", "--gate-confidence", "low"]).succeeded();
    place.persist(&server.url(), &["--project", "shop"]).succeeded();
    assert_eq!(intent_groups(&place), ["known"]);
    place.ask(&["dup-check", "--fail-on", "new", "--gate-confidence", "low"]).succeeded();
    let trend = place.ask_json(&["dup", "trend", "--project", "shop"]);
    let of = |run: &Value| ["group_count", "born_count", "grown_count", "removed_count"].map(|name| run[name].clone());
    let moves: Vec<_> = trend["runs"].as_array().expect("runs").iter().map(of).collect();
    assert_eq!(moves[1..], [[json!(1), json!(0), json!(0), json!(0)], [json!(1), json!(0), json!(0), json!(0)]]);
    assert_eq!(moves[0][0], 1);
}

#[test]
fn failed_intents_do_not_change_history() {
    let script = Script::new().rule(When::question().containing("def f1("), Reply::refusal());
    let server = FakeOllama::start(script);
    let place = Place::with_functions(2);
    place.persist(&server.url(), &["--project", "shop"]).succeeded();
    persist(&place, &[]);
    let statuses = "SELECT intent_status FROM records WHERE kind = 'function' AND run_id = 2 ORDER BY id";
    assert_eq!(place.database().texts(statuses), ["skipped", "success"]);
    assert_eq!(history(&place, 2), [""; 0]);
    assert_eq!(place.database().texts("SELECT status FROM runs ORDER BY id"), ["completed_with_errors", "completed"]);
    place.ask(&["verify"]).succeeded();
}

#[test]
fn derived_sentences_are_kept_too() {
    let place = Place::with_shop();
    place.persist("builtin:", &["--project", "shop"]).succeeded();
    persist(&place, &[]);
    let database = place.database();
    assert_eq!(database.records(1), database.records(2));
    assert_eq!(database.texts("SELECT DISTINCT provider_url FROM runs"), ["builtin:"]);
    let questions = "SELECT count(*) FROM record_questions JOIN records ON records.id = record_id WHERE run_id = ";
    assert_eq!(database.number(&format!("{questions}1")), database.number(&format!("{questions}2")));
    assert_eq!(history(&place, 2), [""; 0]);
    place.ask(&["verify"]).succeeded();
}

#[test]
fn first_run_needs_no_provider() {
    let place = Place::with_functions(3);
    let summary = persist(&place, &["--min-intents", "0"]);
    assert_eq!((&summary["record_count"], &summary["status"]), (&json!(4), &json!("completed")));
    let settings = place.database().rows("SELECT provider_url, model FROM runs");
    assert_eq!(settings, [json!({ "provider_url": "none:", "model": "none:" })]);
    assert_eq!(place.database().texts("SELECT DISTINCT intent_error FROM records WHERE kind = 'function'"), [REASON]);
    place.ask(&["verify"]).succeeded();
    let failed = place.cds(&[
        "persist",
        "--path",
        TREE,
        "--db-path",
        DATABASE,
        "--project",
        "shop",
        "--no-intents",
        "--min-intents",
        "50",
    ]);
    failed.exited_with(1).stderr_has(&["only 0 of 3 records in scope have an intent"]);
    let replay = place.ask(&["runs", "replay", "1", "--dry-run"]).succeeded().stdout;
    assert!(replay.contains("--no-intents") && !replay.contains("none:"), "{replay}");
}

#[test]
fn other_commands_keep_intents() {
    let (server, place) = place_with_same_intents();
    let requests = server.requests().len();
    place.write("tree/d.py", "def new():\n    return 2\n");
    let words = ["enrich-intent", "--path", TREE, "--db-path", DATABASE, "--project", "shop", "--no-intents"];
    let outcome = place.cds(&[&words[..], &["--format", "json"]].concat()).succeeded();
    let shown: Value = serde_json::from_str(&outcome.stdout).expect("records in JSON");
    let records = shown["records"].as_array().expect("records");
    assert_eq!(records.iter().filter(|record| record["intent_status"] == "success").count(), 3, "{shown}");
    let plan = place.cds(&[&["persist"], &words[1..], &["--dry-run", "--format", "json"]].concat()).succeeded();
    let plan: Value = serde_json::from_str(&plan.stdout).expect("a plan in JSON");
    assert_eq!((&plan["selected"], &plan["kept"], &plan["calls"]), (&json!(4), &json!(3), &json!(0)));
    let alone = place.cds(&["enrich-intent", "--path", TREE, "--no-intents", "--format", "json"]).succeeded();
    assert!(alone.stdout.contains(REASON) && !alone.stdout.contains("success"), "{}", alone.stdout);
    assert_eq!(server.requests().len(), requests);
}

#[test]
fn contradicting_options_are_refused() {
    let place = Place::with_functions(1);
    let refused = place.persist("builtin:", &["--no-intents", "--refresh-intents"]).exited_with(2);
    refused.stderr_has(&["--refresh-intents with --no-intents", "hint: leave one of them out"]);
    let mut command = place.command(&["persist", "--path", TREE, "--db-path", DATABASE, "--refresh-intents"]);
    crate::place::Outcome::of(command.env("CDS_NO_INTENTS", "1")).exited_with(2);
    let mut command = place.command(&["persist", "--path", TREE, "--db-path", DATABASE]);
    command.env("CDS_NO_INTENTS", "1").env("CDS_REQUIRE_PROVIDER", "1").env("CDS_PROVIDER_URL", "http://127.0.0.1:1");
    crate::place::Outcome::of(&mut command).succeeded();
}
