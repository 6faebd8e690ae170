//! The look at a server with the common interface.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use cds_llm_client::{ModelFacts, ProbeError};
use serde_json::{Value, json};

use crate::support::{OpenAi, choice, told};

async fn probe(script: Script, model: &str) -> Result<ModelFacts, String> {
    let server = FakeOllama::start(script);
    let mut choice = choice(OpenAi, &server.url());
    choice.model = Some(model.to_owned());
    let outcome = choice.into_client().expect("a client needs no server").probe().await;
    assert_eq!(server.requests().len(), 1);
    outcome.map_err(|error| {
        let near = if let ProbeError::MissingModel { near, .. } = &error { near.join(" ") } else { String::new() };
        format!("{} {near}", told(&error)).replace(&server.url(), "URL").trim_end().to_owned()
    })
}

fn models(reply: Reply) -> Script {
    Script::new().rule(When::path("/v1/models"), reply)
}

#[tokio::test]
async fn a_model_on_the_list_has_no_digest() {
    let named = |list: Value| models(Reply::json(&list));
    for (script, model) in [
        (Script::new(), "qwen3-coder:latest"),
        (Script::new(), "qwen3-coder"),
        (named(json!({"data": [{"id": "org/Model-7B"}]})), "org/Model-7B"),
        (named(json!([{"id": "org/Model-7B"}])), "org/model-7b"),
        (named(json!({"data": [{"id": "models/gemini"}]})), "gemini"),
    ] {
        assert_eq!(probe(script, model).await, Ok(ModelFacts::default()), "{model}");
    }
}

#[tokio::test]
async fn a_server_without_a_list_is_usable() {
    for reply in [Reply::not_found_text(), Reply::body(405, "text/plain", ""), Reply::status(404, "no such route")] {
        assert_eq!(probe(models(reply), "any").await, Ok(ModelFacts::default()));
    }
}

#[tokio::test]
async fn a_model_that_is_not_on_the_list_is_missing() {
    for (script, model, expected) in [
        (Script::new(), "qwen3-coder:7b", "model qwen3-coder:7b is not at URL/v1 qwen3-coder:latest"),
        (Script::new().without_models(), "m", "model m is not at URL/v1"),
    ] {
        assert_eq!(probe(script, model).await.unwrap_err(), expected);
    }
}

#[tokio::test]
async fn what_is_no_such_server_is_said() {
    let foreign = "provider URL/v1 is no server with OpenAI's interface";
    for (reply, expected) in [
        (Reply::html(), format!("{foreign}; it is a web page")),
        (Reply::json(&json!({"hello": 1})), foreign.to_owned()),
        (
            Reply::unauthorized(),
            "provider URL/v1 cannot be used: provider answered with status 401: unauthorized".to_owned(),
        ),
        (
            Reply::status(500, "boom"),
            "provider URL/v1 cannot be used: provider answered with status 500: boom".to_owned(),
        ),
    ] {
        assert_eq!(probe(models(reply), "m").await.unwrap_err(), expected);
    }
}
