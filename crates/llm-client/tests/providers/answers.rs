//! Answers that a model may give: trusted ones and rejected ones.

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
async fn wrapping_is_removed_from_sentence() {
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
async fn any_body_encoding_is_read() {
    check(Reply::answer(SENTENCE).in_chunks(), SENTENCE).await;
    check(Reply::answer(SENTENCE).dripping(50, Duration::from_millis(1)), SENTENCE).await;
}

#[tokio::test]
async fn unprintable_characters_are_removed() {
    check(Reply::control_characters(), "Adds two numbers and returns the sum.").await;
    check(Reply::invalid_utf8(), "Adds numbers.").await;
}

#[tokio::test]
async fn unrelated_text_is_refused() {
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
async fn non_text_answer_is_refused() {
    for reply in [Reply::null(), Reply::number()] {
        check_refused(Ollama, reply.clone(), "malformed answer: the field message.content is missing or not text")
            .await;
        check_refused(OpenAi, reply, "malformed answer: the field content is missing or not text").await;
    }
}

#[tokio::test]
async fn text_parts_are_joined() {
    let parts =
        json!([{"type": "text", "text": "Adds two numbers "}, {"type": "text", "text": "and returns the sum."}]);
    let message = json!({"role": "assistant", "content": parts});
    let reply = Reply::json(&json!({"choices": [{"message": message, "finish_reason": "stop"}]}));
    assert_eq!(ask(OpenAi, reply).await.unwrap().intent, SENTENCE);
}
