//! `--max-calls`, `--max-time` and `--max-tokens`: where the asking ends, what is left, and who asks it.

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};
use serde_json::Value;

use crate::place::{DATABASE, Outcome, Place, TREE, functions};

const JSON: [&str; 2] = ["--format", "json"];

fn left(outcome: &Outcome) -> u64 {
    let summary: Value = serde_json::from_str(&outcome.stdout).expect("a summary in JSON");
    summary["intents"]["left"].as_u64().expect("a number")
}

fn reasons(place: &Place, run: u8) -> Vec<String> {
    let sql = "SELECT DISTINCT intent_error FROM records WHERE intent_status = 'failed' AND run_id = ";
    place.database().texts(&format!("{sql}{run}"))
}

#[test]
fn rest_is_asked_by_later_runs() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(5);
    let persist = || place.persist(&server.url(), &[&JSON[..], &["--max-calls", "2"]].concat()).succeeded();
    let first = persist();
    assert_eq!((first.costs(), left(&first)), ([5, 2, 0, 0, 3, 2], 3));
    assert_eq!(reasons(&place, 1), ["not asked: the limit of 2 calls is reached (--max-calls)"]);
    first.stderr_has(&[
        "no more questions are asked: the limit of 2 calls is reached (--max-calls)",
        "left for the next run: 3 questions about 3 records",
        " failed=3 left=3 ",
    ]);
    let second = persist();
    assert_eq!((second.costs(), left(&second)), ([5, 2, 2, 0, 1, 2], 1));
    let third = persist();
    assert_eq!((third.costs(), left(&third)), ([5, 1, 4, 0, 0, 1], 0));
    assert_eq!(server.generate_count(), 5);
    let statuses = place.database().texts("SELECT status FROM runs ORDER BY id");
    assert_eq!(statuses, ["completed_with_errors", "completed_with_errors", "completed"]);
}

#[test]
fn what_changed_last_is_asked_first() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(4);
    let asked = |more: &[&str]| {
        let before = server.questions().len();
        place.persist(&server.url(), &[&["--concurrency", "1"], more].concat()).succeeded();
        let name = |body: &str| (1..9).find(|number| body.contains(&format!("return {number}0\\n")));
        server.questions()[before..].iter().map(|question| name(&question.body)).collect::<Vec<_>>()
    };
    let edit = |text: &str, number: u8| text.replace(&format!("return {number}\n"), &format!("return {number}0\n"));
    asked(&["--max-calls", "0"]);
    // The third function changes in the second run, the second one in the third run; neither is asked about.
    let text = edit(&functions(4), 3);
    place.write("tree/functions.py", &text);
    asked(&["--max-calls", "0"]);
    let text = edit(&text, 2);
    place.write("tree/functions.py", &text);
    asked(&["--max-calls", "0"]);
    let text = edit(&text, 4);
    place.write("tree/functions.py", &text);
    assert_eq!(asked(&["--max-calls", "2"]), [Some(4), Some(2)]);
    assert_eq!(asked(&["--max-calls", "1"]), [Some(3)]);
    assert_eq!(asked(&["--max-calls", "5"]), [None]);
}

#[test]
fn time_limit_ends_a_slow_run() {
    let gate = Gate::new();
    let script = Script::new().rule(When::question().nth(2), Reply::usual().until(&gate));
    let server = FakeOllama::start(script);
    let place = Place::with_functions(3);
    // The second call is held; it has five seconds more than the limit.
    let outcome = place.persist(&server.url(), &[&JSON[..], &["--max-time", "500ms", "--concurrency", "1"]].concat());
    gate.open();
    let outcome = outcome.succeeded();
    assert_eq!((outcome.costs(), left(&outcome)), ([3, 2, 0, 0, 2, 2], 2));
    assert_eq!(reasons(&place, 1), ["not asked: the limit of 0.5 s is reached (--max-time)"]);
    assert_eq!(server.generate_count(), 2);
}

#[test]
fn token_limit_counts_prompt_and_answer() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(20);
    let first = place.persist(&server.url(), &[&JSON[..], &["--max-tokens", "1"]].concat()).succeeded();
    assert_eq!((first.costs(), left(&first)), ([20, 1, 0, 0, 19, 1], 19));
    let summary: Value = serde_json::from_str(&first.stdout).expect("a summary in JSON");
    let tokens = |name: &str| summary["intents"][name].as_u64().expect("a number");
    let each = tokens("prompt_tokens") + tokens("answer_tokens");
    let limit = (each * 4).to_string();
    let second = place.persist(&server.url(), &[&JSON[..], &["--max-tokens", &limit]].concat()).succeeded();
    let asked = second.costs()[1];
    assert!((4..=5).contains(&asked), "{asked}");
    assert_eq!(reasons(&place, 2), [format!("not asked: the limit of {limit} tokens is reached (--max-tokens)")]);
}

#[test]
fn limits_come_from_environment() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(3);
    let url = server.url();
    let words = ["persist", "--path", TREE, "--db-path", DATABASE, "--provider-url", &url, "--format", "json"];
    let with = |variables: &[(&str, &str)], more: &[&str]| {
        Outcome::of(place.command(&[&words[..], more].concat()).envs(variables.iter().copied()))
    };
    let limited = with(&[("CDS_MAX_CALLS", "1"), ("CDS_MAX_TIME", "5m"), ("CDS_MAX_TOKENS", "")], &[]).succeeded();
    assert_eq!(left(&limited), 2);
    assert_eq!(left(&with(&[("CDS_MAX_CALLS", "1")], &["--max-calls", "9"]).succeeded()), 0);
    for wrong in [("CDS_MAX_CALLS", "-1"), ("CDS_MAX_TIME", "soon"), ("CDS_MAX_TOKENS", "1k")] {
        with(&[wrong], &[]).exited_with(2).stderr_has(&[wrong.0]);
    }
    place.persist("builtin:", &["--max-calls", "0", "--min-intents", "100"]).succeeded();
}

#[test]
fn required_provider_may_have_a_limit() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(2);
    let outcome = place.persist(&server.url(), &["--require-provider", "--max-calls", "0"]).succeeded();
    assert_eq!(outcome.stdout.lines().count(), 1);
    assert_eq!(server.generate_count(), 0);
}
