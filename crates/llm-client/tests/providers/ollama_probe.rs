//! The probe of an Ollama server, and of servers mistaken for one.

use std::time::Duration;

use cds_fake_ollama::{DEFAULT_DIGEST, FakeOllama, Reply, Script, When};
use cds_llm_client::{ModelFacts, ProbeError};
use serde_json::{Value, json};

use crate::support::{Ollama, choice, client, shown};

const DIGEST: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

async fn probe(script: Script, model: &str) -> (Result<ModelFacts, ProbeError>, String) {
    let server = FakeOllama::start(script);
    let mut choice = choice(Ollama, &server.url());
    choice.model = Some(model.to_owned());
    (choice.into_client().expect("a client needs no server").probe().await, server.url())
}

/// The error of a failing probe, with `URL` in place of the address.
async fn failure(script: Script) -> String {
    let (outcome, url) = probe(script, "qwen3-coder:latest").await;
    shown(&outcome.expect_err("the look fails")).replace(&url, "URL")
}

fn tags(list: &Value) -> Script {
    Script::new().rule(When::path("/api/tags"), Reply::json(list))
}

#[tokio::test]
async fn model_digest_is_found() {
    let two = || Script::new().model_with_digest("other:7b", DIGEST);
    for (model, digest) in
        [("qwen3-coder", DEFAULT_DIGEST), ("Qwen3-Coder:latest", DEFAULT_DIGEST), ("other:7b", DIGEST)]
    {
        let (outcome, _) = probe(two(), model).await;
        assert_eq!(outcome.unwrap(), ModelFacts { digest: digest.to_owned(), ..ModelFacts::default() }, "{model}");
    }
}

#[tokio::test]
async fn probe_sends_two_requests() {
    let server = FakeOllama::start(Script::new().prefix("/gate"));
    client(Ollama, &format!("{}/gate", server.url())).probe().await.unwrap();
    assert_eq!((server.requests().len(), server.generate_count()), (2, 0));
}

#[tokio::test]
async fn missing_model_suggests_similar_names() {
    let script = Script::new().model("qwen3:8b").model("llama3.2").model("qwen3-coder:30b");
    let (outcome, url) = probe(script, "qwen3-coder:7b").await;
    let Err(ProbeError::MissingModel { near, .. }) = &outcome else { panic!("{outcome:?}") };
    assert_eq!(near, &["qwen3-coder:30b", "qwen3-coder:latest", "qwen3:8b"]);
    assert_eq!(shown(&outcome.unwrap_err()), format!("model qwen3-coder:7b not found at {url}"));

    let (outcome, _) = probe(Script::new().without_models(), "m").await;
    assert!(matches!(outcome, Err(ProbeError::MissingModel { near, .. }) if near.is_empty()));
}

#[tokio::test]
async fn model_list_has_several_shapes() {
    for (list, expected) in [
        (json!({"models": [{"name": "m:latest", "digest": DIGEST}]}), Some(DIGEST)),
        (json!({"models": [{"model": "m:latest", "digest": format!("sha256:{DIGEST}")}], "more": 1}), Some(DIGEST)),
        (json!({"models": [7, {}, {"name": "m"}]}), Some("")),
        (json!({"models": null}), None),
        (json!({"models": []}), None),
    ] {
        let (outcome, _) = probe(tags(&list), "m").await;
        match (outcome, expected) {
            (Ok(facts), Some(digest)) => assert_eq!(facts.digest, digest, "{list}"),
            (Err(ProbeError::MissingModel { .. }), None) => {}
            (outcome, _) => panic!("{list}: {outcome:?}"),
        }
    }
    let wrong = failure(tags(&json!({"data": []}))).await;
    assert_eq!(wrong, "provider URL cannot be used: malformed answer: the list of models has no field models");
}

#[tokio::test]
async fn model_list_length_is_bounded() {
    let list = |count: usize| {
        let models: Vec<Value> = (0..count)
            .map(|number| json!({"name": format!("m{number}:latest"), "details": "x".repeat(1000)}))
            .collect();
        json!({"models": models})
    };
    let (outcome, _) = probe(tags(&list(3000)), "m2999").await;
    outcome.unwrap();
    let endless = failure(tags(&list(5000))).await;
    assert_eq!(endless, "provider URL cannot be used: answer is larger than 4194304 bytes");
}

#[tokio::test]
async fn other_server_is_named() {
    let elsewhere = |reply: Reply| Script::new().rule(When::under("/api/"), reply);
    let mute = |reply: Reply| Script::new().rule(When::under("/"), reply);
    let lm_studio = || Reply::error("Unexpected endpoint or method. (GET /api/version)");
    for (script, expected) in [
        (mute(Reply::not_found_text()), "provider URL is not an Ollama server"),
        (mute(Reply::html()), "provider URL is not an Ollama server; it is a web page"),
        (mute(Reply::json(&json!({"hello": 1}))), "provider URL is not an Ollama server"),
        (elsewhere(Reply::not_found_text()), "provider URL is not an Ollama server; its interface is openai"),
        (
            elsewhere(Reply::status(404, "File Not Found").header("Server", "llama.cpp")),
            "provider URL is not an Ollama server; it is the server of llama.cpp; its interface is openai",
        ),
        (elsewhere(lm_studio()), "provider URL is not an Ollama server; it is LM Studio; its interface is openai"),
    ] {
        assert_eq!(failure(script).await, expected);
    }
}

#[tokio::test]
async fn gateway_error_is_not_other_server() {
    for (path, reply, expected) in [
        (
            "/api/version",
            Reply::unauthorized(),
            "provider answered with status 401: unauthorized; a token is taken from CDS_PROVIDER_TOKEN",
        ),
        (
            "/api/tags",
            Reply::body(403, "text/plain", ""),
            "provider answered with status 403; a token is taken from CDS_PROVIDER_TOKEN",
        ),
        ("/api/version", Reply::status(503, "loading"), "provider answered with status 503: loading"),
        ("/api/version", Reply::truncated_json(), "incomplete answer: the body ends in the middle of its JSON"),
        ("/api/tags", Reply::gzip(), "malformed answer: the body has a content encoding that was not asked for"),
        (
            "/api/version",
            Reply::redirect("http://elsewhere.example/"),
            "provider redirects to http://elsewhere.example/ (status 302); give that address if it is right",
        ),
    ] {
        let script = Script::new().rule(When::path(path), reply);
        assert_eq!(failure(script).await, format!("provider URL cannot be used: {expected}"));
    }
}

#[tokio::test]
async fn probe_times_out_quickly() {
    for path in ["/api/version", "/api/tags"] {
        let server = FakeOllama::start(Script::new().rule(When::path(path), Reply::hang_before_headers()));
        let mut choice = choice(Ollama, &server.url());
        choice.settings.probe_timeout = Duration::from_millis(400);
        let error = choice.into_client().unwrap().probe().await.unwrap_err();
        assert_eq!(shown(&error), format!("provider {} cannot be used: timed out after 0.2 s", server.url()));
    }
}
