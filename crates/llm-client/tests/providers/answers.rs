//! Answers that a model may give: those that are believed, and those that are not.

use std::time::Duration;

use cds_fake_ollama::Reply;
use cds_llm_client::{FailureClass, ProviderKind};
use serde_json::json;

use crate::support::{Ollama, OpenAi, ask};

const SENTENCE: &str = "Adds two numbers and returns the sum.";

async fn check(reply: Reply, expected: &str) {
    for kind in [Ollama, OpenAi] {
        let answer = ask(kind, reply.clone()).await;
        assert_eq!(
            answer.map(|answer| answer.intent).map_err(|error| error.reason()),
            Ok(expected.to_owned()),
            "{kind}"
        );
    }
}

async fn check_refused(kind: ProviderKind, reply: Reply, expected: &str) {
    let error = ask(kind, reply).await.expect_err(expected);
    assert_eq!((error.reason().as_str(), error.class()), (expected, FailureClass::Permanent), "{kind}");
}

#[tokio::test]
async fn what_is_wrapped_around_a_sentence_is_taken_off() {
    for reply in [
        Reply::thinking(),
        Reply::thinking_unopened(),
        Reply::thinking_field(),
        Reply::preamble(),
        Reply::quoted(),
        Reply::fenced(),
        Reply::json_wrapped(),
    ] {
        check(reply, SENTENCE).await;
    }
}

#[tokio::test]
async fn a_body_may_come_in_any_way() {
    check(Reply::answer(SENTENCE).in_chunks(), SENTENCE).await;
    check(Reply::answer(SENTENCE).dripping(50, Duration::from_millis(1)), SENTENCE).await;
}

#[tokio::test]
async fn nothing_unprintable_is_left_of_an_answer() {
    check(Reply::control_characters(), "Adds two numbers and returns the sum.").await;
    check(Reply::invalid_utf8(), "Adds numbers.").await;
}

#[tokio::test]
async fn what_is_no_sentence_about_the_code_is_refused() {
    for (reply, expected) in [
        (Reply::blank(), "untrustworthy answer: it is blank"),
        (Reply::echo(), "untrustworthy answer: it repeats the code or the question"),
        (Reply::answer(crate::support::CODE), "untrustworthy answer: it repeats the code or the question"),
        (Reply::refusal(), "untrustworthy answer: it is a refusal"),
        (Reply::length(), "untrustworthy answer: it was cut off before the end of a sentence"),
        (Reply::thinking_unclosed(), "untrustworthy answer: it ends while the model is still thinking"),
        (Reply::answer("<p>Adds.</p>"), "untrustworthy answer: it is markup"),
    ] {
        for kind in [Ollama, OpenAi] {
            check_refused(kind, reply.clone(), expected).await;
        }
    }
}

#[tokio::test]
async fn a_text_that_is_none_is_refused() {
    for reply in [Reply::null(), Reply::number()] {
        check_refused(Ollama, reply.clone(), "malformed answer: the field message.content is missing or no text").await;
        check_refused(OpenAi, reply, "malformed answer: the field content is missing or no text").await;
    }
}

#[tokio::test]
async fn parts_of_a_text_are_put_together() {
    let parts =
        json!([{"type": "text", "text": "Adds two numbers "}, {"type": "text", "text": "and returns the sum."}]);
    let message = json!({"role": "assistant", "content": parts});
    let reply = Reply::json(&json!({"choices": [{"message": message, "finish_reason": "stop"}]}));
    assert_eq!(ask(OpenAi, reply).await.unwrap().intent, SENTENCE);
}
