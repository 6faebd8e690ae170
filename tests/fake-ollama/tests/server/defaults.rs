//! The answers of a server without rules, on both interfaces.

use cds_fake_ollama::{DEFAULT_DIGEST, DEFAULT_MODEL, FakeOllama, Script, sentence_for};
use serde_json::json;

use crate::client::{Client, ask, chat, fetch, question};

#[test]
fn version_tags_and_show_describe_model() {
    let server = FakeOllama::start(Script::new().version("0.33.0").model("tiny"));
    assert_eq!(fetch(&server, "GET", "/api/version", "").json(), json!({ "version": "0.33.0" }));
    let tags = fetch(&server, "GET", "/api/tags", "").json();
    assert_eq!(tags["models"][0]["name"], DEFAULT_MODEL);
    assert_eq!(tags["models"][0]["digest"], DEFAULT_DIGEST);
    assert_eq!(tags["models"][1]["name"], "tiny:latest");
    assert_eq!(tags["models"][1]["digest"].as_str().expect("a digest").len(), 64);
    let show = fetch(&server, "POST", "/api/show", r#"{"model":"qwen3-coder"}"#).json();
    assert_eq!(show["model_info"]["qwen3moe.context_length"], 262_144);
    assert!(show.get("digest").is_none());
    assert_eq!(fetch(&server, "GET", "/", "").text(), "Ollama is running");
}

#[test]
fn each_question_has_own_answer() {
    let server = FakeOllama::start(Script::new());
    let answer = ask(&server, "def add(a, b): ...").expect("an answer").json();
    assert_eq!(answer["response"], sentence_for("def add(a, b): ..."));
    assert_eq!(answer["model"], DEFAULT_MODEL);
    assert_eq!((answer["done"].as_bool(), answer["done_reason"].as_str()), (Some(true), Some("stop")));
    assert_eq!(answer["prompt_eval_count"], 6);
    assert_eq!(answer["eval_count"], 9);
    assert!(answer["total_duration"].as_u64() > Some(0));
}

#[test]
fn empty_prompt_only_loads() {
    let server = FakeOllama::start(Script::new());
    assert_eq!(fetch(&server, "GET", "/api/ps", "").json(), json!({ "models": [] }));
    let answer = fetch(&server, "POST", "/api/generate", r#"{"model":"qwen3-coder","stream":false}"#).json();
    assert_eq!((answer["response"].as_str(), answer["done_reason"].as_str()), (Some(""), Some("load")));
    assert_eq!((server.counts().loads, server.generate_count(), server.count("/api/generate")), (1, 0, 1));
    assert_eq!(fetch(&server, "GET", "/api/ps", "").json()["models"][0]["digest"], DEFAULT_DIGEST);
}

#[test]
fn default_answer_is_a_stream() {
    let server = FakeOllama::start(Script::new());
    let body = json!({ "model": DEFAULT_MODEL, "prompt": "p" }).to_string();
    let response = fetch(&server, "POST", "/api/generate", &body);
    assert_eq!(response.header("content-type"), Some("application/x-ndjson"));
    let text = response.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains(&sentence_for("p")) && lines[1].contains("\"done\":true"));
}

#[test]
fn errors_match_ollama() {
    let server = FakeOllama::start(Script::new());
    let check = |method: &str, path: &str, body: &str, status: u16, text: &str| {
        let response = fetch(&server, method, path, body);
        assert_eq!((response.status, response.text().as_str()), (status, text), "{method} {path}");
    };
    let unknown = r#"{"model":"x","prompt":"p"}"#;
    check("POST", "/api/generate", unknown, 404, r#"{"error":"model 'x' not found"}"#);
    check("POST", "/api/show", unknown, 404, r#"{"error":"model 'x:latest' not found"}"#);
    check("POST", "/api/generate", "{", 400, r#"{"error":"invalid character in request body"}"#);
    check("POST", "//api/generate", unknown, 404, "404 page not found");
    check("GET", "/api/generate", "", 405, "405 method not allowed");
}

#[test]
fn server_may_have_no_models() {
    let server = FakeOllama::start(Script::new().without_models());
    assert_eq!(fetch(&server, "GET", "/api/tags", "").json(), json!({ "models": [] }));
    assert_eq!(fetch(&server, "POST", "/api/generate", &question("p")).status, 404);
}

#[test]
fn openai_answers_have_public_shape() {
    let server = FakeOllama::start(Script::new());
    let answer = fetch(&server, "POST", "/v1/chat/completions", &chat("def f")).json();
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(answer["choices"][0]["message"], json!({ "role": "assistant", "content": sentence_for("def f") }));
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(answer["usage"], json!({ "prompt_tokens": 2, "completion_tokens": 9, "total_tokens": 11 }));
    let models = fetch(&server, "GET", "/v1/models", "").json();
    assert_eq!(models["data"][0]["id"], DEFAULT_MODEL);
    let missing = fetch(&server, "POST", "/v1/chat/completions", &chat("p").replace("coder", "poet"));
    assert_eq!((missing.status, missing.json()["error"]["type"].as_str()), (404, Some("not_found_error")));
    assert_eq!(server.generate_count(), 2);
}

#[test]
fn authorization_can_be_required() {
    let server = FakeOllama::start(Script::new().require_authorization("Bearer t0ken"));
    assert_eq!(fetch(&server, "GET", "/api/version", "").status, 401);
    let mut client = Client::connect(&server);
    client.send("GET /api/version HTTP/1.1\r\nHost: test\r\nauthorization: Bearer t0ken\r\n\r\n");
    assert_eq!(client.receive().expect("a response").status, 200);
    assert_eq!(server.requests()[1].header("Authorization"), Some("Bearer t0ken"));
}

#[test]
fn prefix_moves_every_endpoint() {
    let server = FakeOllama::start(Script::new().prefix("/gateway/"));
    assert_eq!(fetch(&server, "GET", "/gateway/api/version", "").status, 200);
    assert_eq!(fetch(&server, "GET", "/api/version", "").status, 404);
    assert_eq!(fetch(&server, "POST", "/gateway/v1/chat/completions", &chat("p")).status, 200);
    assert_eq!(server.count("/gateway/api/version"), 1);
}
