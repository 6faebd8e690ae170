//! Replies of servers and gateways in place of an answer: reason, class, and one request each.

use std::time::Duration;

use cds_fake_ollama::Reply;
use cds_llm_client::{
    FailureClass::{self, Fatal, Permanent},
    ProviderKind,
};
use serde_json::json;

use crate::support::{HICCUP, LIMIT, OUTAGE, Ollama, OpenAi, client, question, server};

const DATE: &str = "Sun, 06 Nov 1994 08:49:30 GMT";
const SEVEN_SECONDS_LATER: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn wait(seconds: u64, is_outage: bool) -> FailureClass {
    FailureClass::Passing { wait: Some(Duration::from_secs(seconds)), is_outage }
}

async fn check_one(kind: ProviderKind, reply: Reply, class: FailureClass, reason: &str) {
    let server = server(reply);
    let error = client(kind, &server.url()).ask(&question(), LIMIT).await.expect_err(reason);
    assert_eq!((error.reason().as_str(), error.class()), (reason, class), "{kind}: {error:?}");
    assert_eq!(server.requests().len(), 1, "{kind}: {reason}");
}

async fn check(reply: Reply, class: FailureClass, reason: &str) {
    for kind in [Ollama, OpenAi] {
        check_one(kind, reply.clone(), class, reason).await;
    }
}

fn text(status: u16, body: &str) -> Reply {
    Reply::body(status, "text/plain", body)
}

#[tokio::test]
async fn transient_status_is_classified() {
    for (reply, class, reason) in [
        (Reply::status(500, "boom"), OUTAGE, "provider answered with status 500: boom"),
        (text(502, "<html>bad</html>"), OUTAGE, "provider answered with status 502: an HTML page"),
        (text(503, ""), OUTAGE, "provider answered with status 503"),
        (Reply::status(503, "server busy"), HICCUP, "provider answered with status 503: server busy"),
        (text(504, "gateway time-out\n"), OUTAGE, "provider answered with status 504: gateway time-out"),
        (Reply::status(429, "slow down"), HICCUP, "provider answered with status 429: slow down"),
        (Reply::status(408, "late"), HICCUP, "provider answered with status 408: late"),
        (text(425, ""), HICCUP, "provider answered with status 425"),
        (Reply::status(529, "Overloaded"), HICCUP, "provider answered with status 529: Overloaded"),
        (Reply::status(500, "boom").gzipped(), OUTAGE, "provider answered with status 500"),
        (text(500, "half a reason").cut_short(), OUTAGE, "provider answered with status 500"),
    ] {
        check(reply, class, reason).await;
    }
}

#[tokio::test]
async fn requested_pause_is_read() {
    let busy = |status| format!("provider answered with status {status}: server busy, please try again");
    for (status, value, class) in [
        (429, "2", wait(2, false)),
        (503, "7", wait(7, false)),
        (500, "1", wait(1, true)),
        (429, SEVEN_SECONDS_LATER, wait(7, false)),
        (429, "Sun, 06 Nov 1994 08:00:00 GMT", wait(0, false)),
        (429, "soon", HICCUP),
        (429, "7200", wait(7200, false)),
    ] {
        check(Reply::retry_after(status, value).header("Date", DATE), class, &busy(status)).await;
    }
}

#[tokio::test]
async fn general_refusal_is_recognized() {
    let advice = "; check the path of the provider URL";
    for (reply, reason) in [
        (
            Reply::unauthorized(),
            "provider answered with status 401: unauthorized; a token is taken from CDS_PROVIDER_TOKEN",
        ),
        (text(403, ""), "provider answered with status 403; a token is taken from CDS_PROVIDER_TOKEN"),
        (Reply::model_not_found("x"), "provider answered with status 404: model 'x' not found"),
        (Reply::not_found_text(), &format!("provider answered with status 404: 404 page not found{advice}")),
        (
            Reply::body(404, "application/json", r#"{"detail":"Not Found"}"#),
            &format!("provider answered with status 404: Not Found{advice}"),
        ),
        (text(405, ""), &format!("provider answered with status 405{advice}")),
        (
            Reply::status(429, "You exceeded your current quota"),
            "provider answered with status 429: You exceeded your current quota",
        ),
        (Reply::error("Unexpected endpoint or method."), "provider reported an error: Unexpected endpoint or method."),
        (text(302, ""), "provider redirects (status 302) without a target"),
        (text(304, ""), "provider redirects (status 304) without a target"),
    ] {
        check(reply, Fatal, reason).await;
    }
}

#[tokio::test]
async fn question_refusal_is_recognized() {
    for (reply, reason) in [
        (Reply::status(400, "prompt too long"), "provider answered with status 400: prompt too long"),
        (Reply::error("maximum context length is 10"), "provider reported an error: maximum context length is 10"),
        (Reply::gzip(), "malformed answer: the body has a content encoding that was not asked for"),
        (Reply::large(10 << 20), "answer is larger than 1048576 bytes"),
        (text(200, "hello"), "malformed answer: the body is not JSON"),
        (Reply::json(&json!([1])), "malformed answer: the body is not a JSON object"),
    ] {
        check(reply, Permanent, reason).await;
    }
}

#[tokio::test]
async fn partial_answer_is_transient() {
    for (reply, class, reason) in [
        (Reply::error("no memory"), HICCUP, "provider reported an error: no memory"),
        (Reply::truncated_json(), HICCUP, "incomplete answer: the body ends in the middle of its JSON"),
        (text(200, ""), HICCUP, "incomplete answer: the body is empty"),
        (Reply::html(), OUTAGE, "malformed answer: an HTML page instead of JSON"),
    ] {
        check(reply, class, reason).await;
    }
    let aborted = "incomplete answer: the generation was aborted";
    check_one(Ollama, Reply::done_false(), HICCUP, &format!("{aborted} (done is not true)")).await;
    check_one(OpenAi, Reply::done_false(), HICCUP, &format!("{aborted} (no finish_reason of an end)")).await;
    let loaded = "incomplete answer: the model was loaded or unloaded without an answer";
    check_one(Ollama, Reply::loaded(), HICCUP, loaded).await;
}

#[tokio::test]
async fn openai_errors_have_many_shapes() {
    for (status, body, class, reason) in [
        (
            400,
            json!({"error": {"message": "bad field", "type": "invalid_request_error", "param": null, "code": 400}}),
            Permanent,
            "provider answered with status 400: bad field",
        ),
        (
            429,
            json!({"error": {"message": "No more.", "type": "x", "code": "insufficient_quota"}}),
            Fatal,
            "provider answered with status 429: No more. (insufficient_quota)",
        ),
        (
            400,
            json!({"object": "error", "message": "too many tokens", "type": "BadRequestError", "code": 400}),
            Permanent,
            "provider answered with status 400: too many tokens",
        ),
        (
            404,
            json!({"object": "error", "message": "The model `x` does not exist.", "code": 404}),
            Fatal,
            "provider answered with status 404: The model `x` does not exist.",
        ),
        (
            422,
            json!({"detail": [{"loc": ["body", "model"], "msg": "no string"}]}),
            Permanent,
            "provider answered with status 422: model: no string",
        ),
        (500, json!({"detail": "engine died"}), OUTAGE, "provider answered with status 500: engine died"),
        (200, json!({"object": "error", "message": "engine died"}), HICCUP, "provider reported an error: engine died"),
        (200, json!({"detail": "engine died"}), HICCUP, "provider reported an error: engine died"),
        (200, json!({"error": {"message": "engine died"}}), HICCUP, "provider reported an error: engine died"),
    ] {
        let reply = Reply::body(status, "application/json", body.to_string());
        check_one(OpenAi, reply, class, reason).await;
    }
}
