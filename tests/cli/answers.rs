//! Text and formats that a model may put around its sentence: only the sentence becomes the intent.

use std::time::Duration;

use cds_fake_ollama::{FakeOllama, Reply, Script, When};

use crate::place::Place;

const SENTENCE: &str = "Adds two numbers and returns the sum.";

/// Asserts that the one record has this intent after one call.
#[track_caller]
fn check(face: &[&str], path: &str, reply: &Reply, expected: &str) {
    let server = FakeOllama::start(Script::new().rule(When::question(), reply.clone()));
    let place = Place::with_functions(1);
    let outcome = place.persist(&format!("{}{path}", server.url()), face).succeeded();
    let rows = place.database().texts("SELECT coalesce(intent, intent_error) FROM records WHERE kind = 'function'");
    assert_eq!((rows, server.generate_count()), (vec![expected.to_owned()], 1), "{reply:?}: {outcome:?}");
    assert!(outcome.stdout.contains(" intent_failed_count=0 "), "{outcome:?}");
}

#[test]
fn only_the_sentence_is_kept() {
    let endless = "word ".repeat(400);
    for (reply, expected) in [
        (Reply::thinking(), SENTENCE),
        (Reply::thinking_unopened(), SENTENCE),
        (Reply::thinking_field(), SENTENCE),
        (Reply::preamble(), SENTENCE),
        (Reply::quoted(), SENTENCE),
        (Reply::fenced(), SENTENCE),
        (Reply::json_wrapped(), SENTENCE),
        (Reply::answer(SENTENCE).in_chunks(), SENTENCE),
        (Reply::answer(SENTENCE).dripping(40, Duration::from_millis(1)), SENTENCE),
        (Reply::answer(format!("{SENTENCE} And more.\n\n- a list\n")), SENTENCE),
        (Reply::answer(format!("\u{feff}  {SENTENCE}\u{0}\r\n")), SENTENCE),
        (Reply::control_characters(), "Adds two numbers and returns the sum."),
        (Reply::invalid_utf8(), "Adds numbers."),
    ] {
        check(&[], "", &reply, expected);
        check(&["--model", "qwen3-coder:latest"], "/v1", &reply, expected);
    }
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::answer(endless)));
    let place = Place::with_functions(1);
    place.persist(&server.url(), &[]).succeeded();
    assert!(place.database().number("SELECT max(length(intent)) FROM records") <= 300);
}
