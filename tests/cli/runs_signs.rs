//! How `runs show` and `runs list` show runs that are active, dead, or failed midway.

use std::{thread, time::Instant};

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};
use serde_json::json;

use crate::{
    PATIENCE,
    place::{Place, persist_arguments},
    running::Running,
};

/// A `persist` that has its first answer and waits for the second.
fn waiting(place: &Place) -> (FakeOllama, Gate, Running) {
    let gate = Gate::new();
    let server = FakeOllama::start(Script::new().rule(When::question().within(2..), Reply::usual().until(&gate)));
    let url = server.url();
    let running = Running::start(&mut place.command(&persist_arguments(&url, &["--concurrency", "1"])));
    server.wait_for_questions(2, PATIENCE);
    (server, gate, running)
}

#[test]
fn dead_run_shows_at_once() {
    let place = Place::with_functions(4);
    let (_server, gate, running) = waiting(&place);
    let listed = |field: &str| place.ask_json(&["runs", "list"])["runs"][0][field].clone();
    assert_eq!((listed("status"), listed("is_alive")), (json!("running"), json!(true)));
    let gone = || place.ask_json(&["runs", "list", "--status", "gone"])["runs"].as_array().unwrap().len();
    assert_eq!(gone(), 0);
    let deadline = Instant::now() + PATIENCE;
    let details = loop {
        let details = place.ask_json(&["runs", "show", "latest"])["run"]["details"].clone();
        if details["heartbeat_at"].is_string() {
            break details;
        }
        assert!(Instant::now() < deadline, "it gives no sign of life");
        thread::sleep(std::time::Duration::from_millis(100));
    };
    assert_eq!((&details["answered_count"], &details["selected_count"]), (&json!(1), &json!(4)));
    assert!(!running.kill().success());
    gate.open();

    assert_eq!((listed("status"), listed("is_alive")), (json!("running"), json!(false)));
    let table = place.ask(&["runs", "list"]).succeeded().stdout;
    assert_eq!(gone(), 1);
    assert!(table.contains("1 run: 1 gone"), "{table}");
    assert!(table.contains("gone") && table.contains("COMMAND") && table.contains("persist"), "{table}");
    let shown = place.shown("latest");
    for part in ["its process has ended", "answered 1 of 4 records", "last sign of life 2", "next cds runs replay "] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
}

/// Asserts that the leading error comes first, and all errors before the details of the stages.
#[track_caller]
fn check_leads(place: &Place, reason: &str) {
    let page = place.ask(&["runs", "show", "latest"]).succeeded().stdout;
    let at = |text: &str| page.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}: {page}"));
    let top: String = page.lines().take(6).flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    assert!(top.contains(reason), "{reason:?} is not at the top of {page}");
    assert!(at("Errors") < at("Stages") && at("Errors") < 30, "{page}");
}

#[test]
fn outcome_names_leading_error() {
    let place = Place::with_functions(6);
    let broken = Script::new().rule(When::question().within(3..), Reply::status(400, "no such thing"));
    let server = FakeOllama::start(broken);
    place.persist(&server.url(), &["--concurrency", "1"]).succeeded();
    check_leads(&place, "4 intents (provider answered with status 400");
    let shown = place.shown("latest");
    assert!(shown.contains("answered 2 of 6 records") && shown.contains("asks for what is missing only"), "{shown}");

    let place = Place::with_files(&[("a.py", "def f(:\n"), ("b.py", "x = 1\n")]);
    place.persist("builtin:", &[]).succeeded();
    check_leads(&place, "something of 1 file (syntax error");
}

#[test]
fn runs_are_listed_by_filter() {
    let place = Place::with_files(&[("a.py", "def f(:\n")]);
    place.persist("builtin:", &["--notes", "Nightly build"]).succeeded();
    place.persist("http://127.0.0.1:1", &["--require-provider"]).exited_with(1);
    let count = |more: &[&str]| {
        let words = [&["runs", "list"], more].concat();
        place.ask_json(&words)["runs"].as_array().expect("a list").len()
    };
    for (filter, value, expected) in [
        ("--error", "REFUSED", 1),
        ("--error", "syntax error", 1),
        ("--note", "nightly", 1),
        ("--stage", "persist", 1),
        ("--command", "persist", 2),
        ("--command", "archive", 0),
        ("--commit", "0123", 0),
    ] {
        assert_eq!(count(&[filter, value]), expected, "{filter} {value}");
    }
    assert_eq!(count(&["--command", "persist", "--error", "refused", "--status", "failed"]), 1);
    let table = place.ask(&["runs", "list"]).succeeded().stdout;
    assert!(table.contains("ERROR") && table.contains("failed to ask for intents"), "{table}");
}
