//! A provider that fails while it is in use: waited for, retried, or abandoned with one reason.

use std::time::{Duration, Instant};

use cds_fake_ollama::{FakeOllama, Reply, Script, When};

use crate::{
    PATIENCE,
    place::{Place, persist_arguments},
    running::Running,
};

const JSON: [&str; 2] = ["--format", "json"];

/// The distinct reasons of all failed records.
fn reasons(place: &Place) -> Vec<String> {
    place.database().texts("SELECT DISTINCT intent_error FROM records WHERE intent_status = 'failed'")
}

#[test]
fn returning_server_loses_no_record() {
    for concurrency in ["1", "4", "auto"] {
        let server = FakeOllama::start(Script::new().rule(When::question().nth(15), Reply::die()));
        let place = Place::with_functions(40);
        let url = server.url();
        let more = ["--format", "json", "--concurrency", concurrency, "--provider-patience", "2m"];
        let mut running = Running::start(&mut place.command(&persist_arguments(&url, &more)));
        running.wait_for_line("provider does not respond");
        server.restart();
        let outcome = running.wait().succeeded();
        let [selected, asked, _, _, failed, _] = outcome.costs();
        assert_eq!((selected, asked, failed), (40, 40, 0), "{outcome:#?}");
        let outcome = outcome.stderr_has(&["provider does not respond", "the provider is back"]);
        assert!(reasons(&place).is_empty(), "{outcome:?}");
        let answered = server.answered_count();
        assert!((40..=44).contains(&answered), "{answered}: only what was in flight is asked again");
    }
}

#[test]
fn lost_server_costs_patience() {
    let server = FakeOllama::start(Script::new().rule(When::question().nth(10), Reply::die()));
    let place = Place::with_functions(40);
    let start = Instant::now();
    let more = ["--format", "json", "--concurrency", "1", "--provider-patience", "1s"];
    let outcome = place.persist(&server.url(), &more).succeeded().stderr_has(&["no more questions are asked"]);
    assert!(start.elapsed() < PATIENCE / 4, "{:?}", start.elapsed());
    assert_eq!(outcome.costs()[4], 31, "{outcome:#?}");
    let reasons = reasons(&place);
    assert!(reasons.len() == 1 && reasons[0].contains("no answer for 1 s"), "{reasons:?}");
    // A probe may still reach the socket of a server that is shutting down.
    assert!((10..=11).contains(&server.generate_count()), "{}", server.generate_count());
    assert_eq!(place.database().kept_count(), 9);
    outcome.stderr_has(&["31 × "]);
}

#[test]
fn failing_server_gets_few_retries() {
    let server = FakeOllama::start(Script::new().rule(When::question().within(6..), Reply::status(502, "bad gateway")));
    let place = Place::with_functions(60);
    let more = ["--format", "json", "--provider-patience", "1s"];
    let outcome = place.persist(&server.url(), &more).succeeded();
    let calls = server.generate_count();
    assert!(calls <= 5 + 5 + 8 + 3, "five in a row, those in flight, and single probes: {calls}");
    assert_eq!(outcome.costs()[5], u64::try_from(calls).unwrap());
    assert!(reasons(&place).iter().all(|reason| reason.contains("502: bad gateway")), "{:?}", reasons(&place));
}

#[test]
fn transient_failure_is_retried() {
    for (reply, question_count) in [
        (Reply::status(500, "boom"), 6),
        (Reply::status(503, "server busy"), 6),
        (Reply::error("model runner has stopped"), 6),
        (Reply::done_false(), 6),
        (Reply::truncated_json(), 6),
        (Reply::promised_too_much(), 6),
        (Reply::reset(), 6),
        (Reply::close(), 6),
        // A request on a dead connection does not reach the server.
        (Reply::stale(), 5),
    ] {
        let server = FakeOllama::start(Script::new().rule(When::question().nth(3), reply.clone()));
        let place = Place::with_functions(5);
        let outcome = place.persist(&server.url(), &JSON).succeeded();
        assert_eq!((outcome.costs()[4], server.generate_count()), (0, question_count), "{reply:?}: {outcome:#?}");
        assert_eq!(reasons(&place), [""; 0]);
    }
    let server = FakeOllama::start(Script::new().rule(When::question().containing("def f3("), Reply::done_false()));
    let place = Place::with_functions(5);
    place.persist(&server.url(), &["--retries", "1"]).succeeded();
    assert_eq!(server.generate_count(), 6, "--retries 1");
    let reasons = reasons(&place);
    assert!(reasons.len() == 1 && reasons[0].contains("(2 attempts)"), "{reasons:?}");
}

#[test]
fn retry_after_holds_all_questions() {
    let server = FakeOllama::start(Script::new().rule(When::question().nth(4), Reply::retry_after(429, "1")));
    let place = Place::with_functions(20);
    let start = Instant::now();
    let outcome = place.persist(&server.url(), &JSON).succeeded().stderr_has(&["no call for 1 s", "429"]);
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!((outcome.costs()[4], server.generate_count()), (0, 21), "{outcome:#?}");
}

#[test]
fn first_answer_may_take_load_time() {
    // Long enough for every other call, even on a busy machine.
    let server = FakeOllama::start(Script::new().load_time(Duration::from_millis(5_500)));
    let place = Place::with_functions(6);
    let more = ["--format", "json", "--request-timeout", "5s", "--load-timeout", "2m"];
    let outcome = place.persist(&server.url(), &more).succeeded();
    assert_eq!(outcome.costs(), [6, 6, 0, 0, 0, 6], "{outcome:#?}");
}

#[test]
fn loaded_model_has_call_limit() {
    let script = Script::new().rule(When::question().containing("def f4("), Reply::hang_in_body());
    let server = FakeOllama::start(script);
    let place = Place::with_functions(6);
    let more = ["--format", "json", "--request-timeout", "4s", "--load-timeout", "10m"];
    let outcome = place.persist(&server.url(), &more).succeeded();
    assert_eq!(outcome.costs()[4], 1, "{outcome:#?}");
    assert_eq!(server.generate_count(), 7, "a time-out is tried once more, and not as often as others");
    let reasons = reasons(&place);
    assert!(reasons.len() == 1 && reasons[0].contains("timed out after 4 s (2 attempts)"), "{reasons:?}");
}

#[test]
fn model_that_never_loads_fails() {
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::hang_before_headers()));
    let place = Place::with_functions(30);
    let start = Instant::now();
    let more = ["--load-timeout", "300ms", "--provider-patience", "500ms"];
    let outcome = place.persist(&server.url(), &more).succeeded();
    assert!(start.elapsed() < PATIENCE / 4, "{:?}", start.elapsed());
    assert!(outcome.stdout.contains(" intent_failed_count=30 "), "{outcome:?}");
    assert!(server.generate_count() <= 3, "{:?}", server.counts());
    assert!(
        reasons(&place).len() == 1 && reasons(&place)[0].contains("timed out after 0.3 s"),
        "{:?}",
        reasons(&place)
    );
}

#[test]
fn refusal_midway_ends_questions() {
    let server = FakeOllama::start(Script::new().rule(When::question().within(10..), Reply::unauthorized()));
    let place = Place::with_functions(200);
    let outcome = place.persist(&server.url(), &["--concurrency", "3", "--format", "json"]).succeeded();
    let calls = server.generate_count();
    assert!((10..=12).contains(&calls), "{calls}: what was in flight, and no more");
    assert_eq!(outcome.costs()[4], 191, "{outcome:#?}");
    assert_eq!(reasons(&place).len(), 1);
}
