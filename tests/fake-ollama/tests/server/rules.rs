//! Which request gets which rule.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};

use crate::client::{ask, ask_status, fetch};

#[test]
fn rule_matches_by_ordinal() {
    let script = Script::new()
        .rule(When::question().nth(2), Reply::status(503, "busy"))
        .rule(When::question().within(4..=5), Reply::status(500, "crashed"))
        .rule(When::question().every(3), Reply::status(429, "slow down"));
    let server = FakeOllama::start(script);
    // Other requests do not advance the ordinals.
    fetch(&server, "GET", "/api/tags", "");
    let statuses: Vec<u16> = (1..=7).map(|n| ask_status(&server, &format!("prompt {n}"))).collect();
    assert_eq!(statuses, [200, 503, 429, 500, 500, 429, 200]);
}

#[test]
fn first_matching_rule_wins() {
    let script = Script::new()
        .rule(When::question().containing("def broken"), Reply::status(400, "first"))
        .rule(When::question().containing("broken"), Reply::status(500, "second"));
    let server = FakeOllama::start(script);
    assert_eq!(ask_status(&server, "def broken(): ..."), 400);
    assert_eq!(ask_status(&server, "class broken: ..."), 500);
    assert_eq!(ask_status(&server, "def whole(): ..."), 200);
}

#[test]
fn first_attempts_can_fail() {
    let server = FakeOllama::start(Script::new().rule(When::question().attempts(..=2), Reply::status(503, "busy")));
    for prompt in ["a", "b"] {
        let statuses: Vec<u16> = (0..4).map(|_| ask_status(&server, prompt)).collect();
        assert_eq!(statuses, [503, 503, 200, 200], "{prompt}");
    }
    let attempts: Vec<Option<usize>> = server.questions().iter().map(|seen| seen.attempt).collect();
    assert_eq!(attempts[..5], [Some(1), Some(2), Some(3), Some(4), Some(1)]);
    assert_eq!(server.counts().distinct_questions, 2);
}

#[test]
fn rule_can_be_used_up() {
    let script = Script::new().rule(When::question().containing("x").times(2), Reply::answer("Used."));
    let server = FakeOllama::start(script);
    let used = |_| ask(&server, "x").expect("an answer").json()["response"] == "Used.";
    assert_eq!((0..4).map(used).collect::<Vec<_>>(), [true, true, false, false]);
}

#[test]
fn other_requests_match_by_path() {
    let script = Script::new()
        .rule(When::path("/api/tags").nth(2), Reply::status(500, "no list"))
        .rule(When::load(), Reply::status(500, "no memory"))
        .rule(When::under("/v1/"), Reply::not_found_text());
    let server = FakeOllama::start(script);
    assert_eq!(fetch(&server, "GET", "/api/tags", "").status, 200);
    assert_eq!(fetch(&server, "GET", "/api/tags", "").status, 500);
    assert_eq!(fetch(&server, "GET", "/api/tags", "").status, 200);
    assert_eq!(fetch(&server, "GET", "/v1/models", "").text(), "404 page not found");
    assert_eq!(fetch(&server, "POST", "/api/generate", r#"{"model":"qwen3-coder"}"#).status, 500);
    assert_eq!(ask_status(&server, "p"), 200);
}
