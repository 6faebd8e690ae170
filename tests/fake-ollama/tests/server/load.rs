//! Latency, slots, loading the model, gates, and many connections at once.

use std::thread;
use std::time::{Duration, Instant};

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};
use serde_json::json;

use crate::client::{Client, PATIENCE, ask, ask_status, fetch, question, request_text};

fn ask_at_once(server: &FakeOllama, count: usize) {
    thread::scope(|scope| {
        for number in 0..count {
            scope.spawn(move || assert_eq!(ask_status(server, &format!("prompt {number}")), 200));
        }
    });
}

#[test]
fn gate_holds_questions_until_open() {
    let gate = Gate::new();
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::usual().until(&gate)));
    thread::scope(|scope| {
        scope.spawn(|| ask_at_once(&server, 5));
        server.wait_for_questions(5, PATIENCE);
        let counts = server.counts();
        assert_eq!((counts.in_flight, counts.max_in_flight, counts.answered), (5, 5, 0));
        gate.open();
    });
    assert_eq!((server.answered_count(), server.counts().in_flight), (5, 0));
}

#[test]
fn slots_serve_in_arrival_order() {
    let gate = Gate::new();
    let script = Script::new().slots(1).rule(When::question().nth(1), Reply::usual().until(&gate));
    let server = FakeOllama::start(script);
    thread::scope(|scope| {
        scope.spawn(|| ask(&server, "first").expect("an answer"));
        server.wait_for_questions(1, PATIENCE);
        scope.spawn(|| ask(&server, "second").expect("an answer"));
        server.wait_for_questions(2, PATIENCE);
        assert_eq!((server.answered_count(), server.max_in_flight()), (0, 2));
        gate.open();
    });
    assert_eq!(server.answered_count(), 2);
}

#[test]
fn leaving_client_frees_its_place() {
    let script = Script::new().slots(1).rule(When::question().nth(1), Reply::hang_before_headers());
    let server = FakeOllama::start(script);
    let mut stuck = Client::connect(&server);
    stuck.send(&request_text("POST", "/api/generate", &question("stuck")));
    server.wait_for_questions(1, PATIENCE);
    let mut waiting = Client::connect(&server);
    waiting.send(&request_text("POST", "/api/generate", &question("waiting")));
    server.wait_for_questions(2, PATIENCE);
    drop(stuck);
    assert_eq!(waiting.receive().expect("an answer").status, 200);
}

#[test]
fn refusals_need_no_slot() {
    let gate = Gate::new();
    let script = Script::new()
        .slots(1)
        .rule(When::question().nth(1), Reply::usual().until(&gate))
        .rule(When::question().nth(2), Reply::status(503, "server busy"));
    let server = FakeOllama::start(script);
    thread::scope(|scope| {
        scope.spawn(|| ask(&server, "first").expect("an answer"));
        server.wait_for_questions(1, PATIENCE);
        assert_eq!(ask_status(&server, "second"), 503);
        gate.open();
    });
}

#[test]
fn latency_and_slots_add_up() {
    let server = FakeOllama::start(Script::new().latency(Duration::from_millis(20)).slots(2));
    let start = Instant::now();
    ask_at_once(&server, 6);
    assert!(start.elapsed() >= Duration::from_millis(60));
    fetch(&server, "GET", "/api/version", "");
}

#[test]
fn only_first_question_waits_for_load() {
    let server = FakeOllama::start(Script::new().load_time(Duration::from_millis(40)));
    let start = Instant::now();
    ask_at_once(&server, 2);
    assert!(start.elapsed() >= Duration::from_millis(40));
    assert_eq!(fetch(&server, "GET", "/api/ps", "").json()["models"][0]["name"], "qwen3-coder:latest");
}

#[test]
fn load_restarts_after_client_leaves() {
    const LOAD: Duration = Duration::from_millis(200);
    let server = loop {
        let server = FakeOllama::start(Script::new().load_time(LOAD));
        let mut impatient = Client::connect(&server);
        let start = Instant::now();
        impatient.send(&request_text("POST", "/api/generate", &question("p")));
        server.wait_for_questions(1, PATIENCE);
        drop(impatient);
        // On a busy machine it may have left too late.
        let has_left_in_time = start.elapsed() < LOAD;
        server.wait_until(PATIENCE, |counts| counts.in_flight == 0);
        if has_left_in_time {
            break server;
        }
    };
    assert_eq!(fetch(&server, "GET", "/api/ps", "").json()["models"], json!([]));
    let start = Instant::now();
    assert_eq!(ask_status(&server, "p"), 200);
    assert!(start.elapsed() >= LOAD);
}

#[test]
fn many_connections_are_counted_exactly() {
    const CONNECTIONS: usize = 64;
    const EACH: usize = 50;
    let server = FakeOllama::start(Script::new());
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut client = Client::connect(&server);
                for number in 0..EACH {
                    assert_eq!(client.ask(&format!("prompt {number}")).expect("an answer").status, 200);
                }
            });
        }
    });
    let counts = server.counts();
    assert_eq!((counts.questions, counts.answered, counts.distinct_questions), (3200, 3200, EACH));
    assert!(counts.connections == CONNECTIONS && counts.max_in_flight <= CONNECTIONS);
}
