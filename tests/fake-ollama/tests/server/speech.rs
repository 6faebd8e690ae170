//! Faults in answers with status 200.

use cds_fake_ollama::{Answer, FakeOllama, Reply, Script, When};
use serde_json::{Value, json};

use crate::client::{ask, chat, fetch};

fn answer_of(reply: Reply) -> Value {
    let server = FakeOllama::start(Script::new().rule(When::question(), reply));
    let response = ask(&server, "def f").expect("a response");
    assert_eq!(response.status, 200);
    response.json()
}

fn check(reply: Reply, expected: &Value) {
    assert_eq!(answer_of(reply)["response"], *expected);
}

#[test]
fn texts_match_their_names() {
    let sentence = "Adds two numbers and returns the sum.";
    check(Reply::blank(), &json!(" \n\t "));
    check(Reply::null(), &Value::Null);
    check(Reply::number(), &json!(42));
    check(Reply::echo(), &json!("def f"));
    check(Reply::quoted(), &json!(format!("\"{sentence}\"")));
    check(Reply::fenced(), &json!(format!("```text\n{sentence}\n```")));
    check(Reply::json_wrapped(), &json!(format!("{{\"intent\":\"{sentence}\"}}")));
    check(Reply::thinking_field(), &json!(sentence));
    for reply in [Reply::thinking(), Reply::thinking_unopened(), Reply::preamble()] {
        let text = answer_of(reply)["response"].as_str().expect("text").to_owned();
        assert!(text.ends_with(sentence) && text != sentence, "{text}");
    }
    assert!(answer_of(Reply::refusal())["response"].as_str().expect("text").contains("sorry"));
}

#[test]
fn broken_text_reaches_client() {
    let text = answer_of(Reply::control_characters())["response"].as_str().expect("text").to_owned();
    assert!(text.contains('\0') && text.contains('\u{1b}') && text.contains('\u{202e}'));
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::invalid_utf8()));
    let body = ask(&server, "p").expect("a response").body;
    assert!(String::from_utf8(body).is_err());
}

#[test]
fn generation_end_can_be_wrong() {
    let aborted = answer_of(Reply::done_false());
    assert_eq!((&aborted["done"], aborted.get("done_reason")), (&json!(false), None));
    assert_eq!(answer_of(Reply::length())["done_reason"], "length");
    assert_eq!(answer_of(Reply::loaded())["done_reason"], "load");
    let unclosed = answer_of(Reply::thinking_unclosed());
    assert!(unclosed["response"].as_str().expect("text").starts_with("<think>"));
    assert_eq!(answer_of(Reply::answer_with(Answer::new("Old.").without_done_reason())).get("done_reason"), None);
    assert_eq!(answer_of(Reply::thinking_field())["thinking"], "The user wants one sentence.");
}

#[test]
fn error_body_may_have_status_200() {
    assert_eq!(answer_of(Reply::error("out of memory")), json!({ "error": "out of memory" }));
    assert_eq!(answer_of(Reply::json(&json!([1, 2]))), json!([1, 2]));
}

#[test]
fn openai_interface_has_same_faults() {
    let choice_of = |reply: Reply| {
        let server = FakeOllama::start(Script::new().rule(When::question(), reply));
        fetch(&server, "POST", "/v1/chat/completions", &chat("def f")).json()["choices"][0].clone()
    };
    assert_eq!(choice_of(Reply::done_false())["finish_reason"], Value::Null);
    assert_eq!(choice_of(Reply::length())["finish_reason"], "length");
    assert_eq!(choice_of(Reply::null())["message"]["content"], Value::Null);
    assert_eq!(choice_of(Reply::echo())["message"]["content"], "def f");
    let thinking = choice_of(Reply::thinking_field());
    assert_eq!(thinking["message"]["reasoning_content"], "The user wants one sentence.");
}
