//! What is sent to the server.

use std::collections::BTreeSet;

use cds_fake_ollama::{FakeOllama, Script};
use serde_json::{Value, json};

use crate::place::Place;

/// The code in a prompt: the text between its last two markers.
#[track_caller]
pub(crate) fn code_in(prompt: &str) -> &str {
    let (before, _) = prompt.rsplit_once("\n</code").expect("a closing marker");
    let opening = before.find("\n<code").expect("an opening marker");
    before[opening + 1..].split_once('\n').expect("code after the marker").1
}

/// Asks about everything in the fixture.
fn asked_about_everything() -> (FakeOllama, Place) {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_shop();
    place.persist(&server.url(), &["--scope", "all"]).succeeded();
    (server, place)
}

#[test]
fn prompts_omit_comments_and_docstrings() {
    let (server, place) = asked_about_everything();
    let codes: BTreeSet<String> = place.database().texts("SELECT normalized_code FROM records").into_iter().collect();
    let questions = server.questions();
    // Four definitions have no body.
    assert_eq!(questions.len(), 53);
    for question in &questions {
        let code = code_in(question.prompt.as_deref().unwrap());
        assert!(codes.contains(code), "{code}");
        for words in [
            "A small shop",
            "The catalog of the shop",
            "where they are kept",
            "can be bought",
            "in cents",
            "printed on the shelf",
            "nothing but words",
            "# exact",
            "on purpose",
            "nothing follows",
            "but for layout",
            "every one",
            "# a comment",
            "coding: latin-1",
            "vim: set",
            "look like other things",
            "# what",
            "# where",
            "\"doc\"",
            "void",
            "Nothing to do.",
            "more words",
        ] {
            assert!(!question.body.contains(words), "{words:?} is in {}", question.body);
        }
    }
    // Text that only looks like a comment is code.
    for literal in ["# not a comment", "# {name}"] {
        assert!(questions.iter().any(|question| question.body.contains(literal)), "{literal}");
    }
}

#[test]
fn all_questions_share_request_shape() {
    let (server, _place) = asked_about_everything();
    let bodies: Vec<Value> = server.questions().iter().map(|question| question.json().unwrap()).collect();
    let options = &bodies[0]["options"];
    assert_eq!((&options["temperature"], options["num_ctx"].is_u64()), (&json!(0.0), true), "{options}");
    assert!(options["num_predict"].is_u64() && options["seed"].is_u64(), "{options}");
    for body in &bodies {
        assert_eq!(body["model"], "qwen3-coder:latest");
        assert_eq!((&body["stream"], &body["think"]), (&json!(false), &json!(false)), "{body}");
        assert_eq!(&body["options"], options);
    }
    for question in server.questions() {
        assert_eq!((question.method.as_str(), question.path.as_str()), ("POST", "/api/chat"));
        assert_eq!(question.header("Authorization"), None);
        assert!(question.header("Content-Type").unwrap().starts_with("application/json"));
    }
}

#[test]
fn concurrency_and_url_path_are_respected() {
    let server = FakeOllama::start(Script::new().slots(1));
    let place = Place::with_shop();
    place.persist(&server.url(), &["--concurrency", "3"]).succeeded();
    assert!(server.max_in_flight() <= 3, "{:?}", server.counts());
    let connections = server.counts().connections;
    // The probe before the analysis sends two requests at once.
    assert!(connections <= 3 + 2, "connections are kept: {connections}");

    let server = FakeOllama::start(Script::new().prefix("/gateway/ollama"));
    let place = Place::with_functions(2);
    place.persist(&format!("{}/gateway/ollama/", server.url()), &[]).succeeded();
    assert_eq!(server.count("/gateway/ollama/api/chat"), 2);
    assert_eq!(place.database().number("SELECT count(*) FROM records WHERE intent_status = 'success'"), 2);
}
