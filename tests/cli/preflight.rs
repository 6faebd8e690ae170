//! The probe of the provider before everything else, and a run without a provider.

use std::time::{Duration, Instant};

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use serde_json::json;

use crate::place::{DATABASE, Outcome, Place, TREE, functions};

/// Asserts that every asked record failed at once with one reason that names `reason`, and that the user got a hint.
#[track_caller]
fn check(url: &str, more: &[&str], reason: &str, remedies: &[&str]) {
    let place = Place::with_shop();
    let start = Instant::now();
    let outcome = place.persist(url, more).succeeded().stderr_has(&["warning: ", reason]).stderr_has(remedies);
    assert!(start.elapsed() < Duration::from_secs(40), "less than the patience: {:?}", start.elapsed());
    assert!(outcome.stdout.contains(" record_count=59 intent_failed_count=42 "), "{outcome:?}");
    let reasons = "SELECT intent_error, count(*) AS count FROM records WHERE intent_status = 'failed' GROUP BY 1";
    let reasons = place.database().rows(reasons);
    assert!(reasons.len() == 1 && reasons[0]["count"] == 42, "{reasons:?}");
    assert!(reasons[0]["intent_error"].as_str().is_some_and(|text| text.contains(reason)), "{reasons:?}");
    let warnings = outcome.lines_of("warning:");
    let about_it = warnings.iter().filter(|line| line.contains(reason)).count();
    assert!(about_it <= 2, "reported once, and once with its count: {outcome:#?}");
    assert_eq!(outcome.lines_of("hint:").len(), 1, "{outcome:#?}");

    // With `--require-provider` no stage begins, and the ledger says why.
    let place = Place::with_shop();
    let outcome = place.persist(url, &[more, &["--require-provider"]].concat()).exited_with(1);
    let outcome = outcome.stderr_has(&["error: failed to ", reason, "hint: "]).stderr_has(remedies);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.lines().count()), ("", 2), "{outcome:#?}");
    assert_eq!(place.names(), [DATABASE, TREE]);
    let database = place.database();
    assert_eq!(database.number("SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM stage_runs)"), 0);
    let ends = database.ends();
    assert!(ends.len() == 1 && ends[0].starts_with("failed: ") && ends[0].contains(reason), "{ends:?}");
}

#[test]
fn unreachable_provider_fails_fast() {
    let server = FakeOllama::start(Script::new());
    server.stop();
    check(&server.url(), &[], "refused", &["ollama serve", "--provider-url builtin:"]);
}

#[test]
fn other_server_fails_fast() {
    let page = FakeOllama::start(Script::new().rule(When::under("/"), Reply::html()));
    check(&page.url(), &[], "not an Ollama server", &["--provider-url", "--provider "]);
    let other = Script::new().rule(When::under("/api"), Reply::not_found_text());
    let other = FakeOllama::start(other);
    check(&other.url(), &[], "openai", &["--provider"]);
    assert_eq!(other.generate_count() + page.generate_count(), 0);
    let closed = FakeOllama::start(Script::new().rule(When::under("/"), Reply::unauthorized()));
    check(&closed.url(), &[], "401", &["builtin:"]);
}

#[test]
fn missing_model_fails_fast() {
    let server = FakeOllama::start(Script::new().model("qwen3-coder:30b").model("nomic-embed"));
    let remedies = ["qwen3-coder:30b", "ollama pull qwen3-coder:7b", "--provider-url builtin:"];
    check(&server.url(), &["--model", "qwen3-coder:7b"], "model qwen3-coder:7b", &remedies);
    assert_eq!(server.generate_count(), 0);
}

#[test]
fn model_names_are_printed_safely() {
    let server = FakeOllama::start(Script::new().model("qwen3-coder:\u{1b}[2J\u{202e}7b\n"));
    let outcome = Place::with_functions(1).persist(&server.url(), &["--model", "qwen3-coder:7b"]).succeeded();
    let is_harmless = |character: char| character == '\n' || !(character.is_control() || character == '\u{202e}');
    assert!(outcome.stderr.chars().all(is_harmless), "{outcome:#?}");
    assert!(outcome.stderr.contains("qwen3-coder:"), "{outcome:#?}");
}

#[test]
fn hanging_server_fails_in_seconds() {
    let server = FakeOllama::start(Script::new().rule(When::under("/"), Reply::hang_before_headers()));
    let place = Place::with_functions(3);
    let start = Instant::now();
    let outcome = place.persist(&server.url(), &[]).succeeded().stderr_has(&["timed out"]);
    // The probe takes ten seconds; the patience with a lost server would add a minute.
    assert!(start.elapsed() < Duration::from_secs(50), "{:?}", start.elapsed());
    assert!(outcome.stdout.contains(" intent_failed_count=3 "), "{outcome:?}");
}

#[test]
fn kept_answers_need_no_provider() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(5);
    place.persist(&server.url(), &[]).succeeded();
    server.stop();
    let json = ["--format", "json"];
    let outcome = place.persist(&server.url(), &json).succeeded().stderr_has(&["warning: "]);
    assert_eq!(outcome.costs(), [5, 0, 5, 0, 0, 0]);

    place.write("tree/functions.py", functions(7));
    let outcome = place.persist(&server.url(), &json).succeeded();
    assert_eq!(outcome.costs(), [7, 0, 5, 0, 2, 0]);
    let states =
        "SELECT intent_status, count(*) AS count FROM records WHERE run_id = 3 AND kind = 'function' GROUP BY 1";
    let expected = [json!({"intent_status": "failed", "count": 2}), json!({"intent_status": "success", "count": 5})];
    assert_eq!(place.database().rows(states), expected);

    server.restart();
    assert_eq!(place.persist(&server.url(), &json).succeeded().costs(), [7, 2, 5, 0, 0, 2]);
}

#[test]
fn missing_required_provider_changes_nothing() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(5);
    place.persist(&server.url(), &[]).succeeded();
    server.stop();
    let before = place.database().dump_of_runs();
    place.persist(&server.url(), &["--require-provider"]).exited_with(1).stderr_has(&["ollama serve"]);
    assert_eq!(place.database().dump_of_runs(), before);
    let mut command = place.command(&crate::place::persist_arguments("http://127.0.0.1:1", &[]));
    Outcome::of(command.env("CDS_REQUIRE_PROVIDER", "true")).exited_with(1);
    assert_eq!(place.database().dump_of_runs(), before);
    assert_eq!(place.database().number("SELECT count(*) FROM runs_ledger WHERE status = 'failed'"), 2);
    let arguments = ["enrich-intent", "--path", TREE, "--require-provider", "--provider-url", "http://127.0.0.1:1"];
    assert_eq!(place.cds(&arguments).exited_with(1).stdout, "");
}
