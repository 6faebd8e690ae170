//! The probe of a server with the common interface.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use cds_llm_client::{ModelFacts, ProbeError, Question};
use serde_json::{Value, json};

use crate::support::{OpenAi, choice, question, shown};

async fn probe(script: Script, model: &str) -> Result<ModelFacts, String> {
    let server = FakeOllama::start(script);
    let mut choice = choice(OpenAi, &server.url());
    choice.model = Some(model.to_owned());
    let outcome = choice.into_client().expect("a client needs no server").probe().await;
    assert_eq!(server.requests().len(), 1);
    outcome.map_err(|error| {
        let near = if let ProbeError::MissingModel { near, .. } = &error { near.join(" ") } else { String::new() };
        format!("{} {near}", shown(&error)).replace(&server.url(), "URL").trim_end().to_owned()
    })
}

fn models(reply: Reply) -> Script {
    Script::new().rule(When::path("/v1/models"), reply)
}

#[tokio::test]
async fn listed_model_has_no_digest() {
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
async fn server_without_list_is_usable() {
    for reply in [Reply::not_found_text(), Reply::body(405, "text/plain", ""), Reply::status(404, "no such route")] {
        assert_eq!(probe(models(reply), "any").await, Ok(ModelFacts::default()));
    }
}

#[tokio::test]
async fn unlisted_model_is_usable() {
    let listing = "the list of models cannot be read: provider answered with status";
    for (script, model, expected) in [
        (
            Script::new(),
            "qwen3-coder:7b",
            "URL/v1 does not list the model qwen3-coder:7b; it lists qwen3-coder:latest; the first question shows whether it \
             has it"
                .to_owned(),
        ),
        (
            Script::new().without_models(),
            "m",
            "URL/v1 does not list the model m; the first question shows whether it has it".to_owned(),
        ),
        (models(Reply::unauthorized()), "m", format!("{listing} 401: unauthorized; a token is taken from CDS_PROVIDER_TOKEN")),
        (models(Reply::status(500, "boom")), "m", format!("{listing} 500: boom")),
    ] {
        let server = FakeOllama::start(script);
        let mut choice = choice(OpenAi, &server.url());
        choice.model = Some(model.to_owned());
        let facts = choice.into_client().expect("a client needs no server").probe().await.unwrap();
        let notes: Vec<String> = facts.notes.iter().map(|note| note.replace(&server.url(), "URL")).collect();
        assert_eq!(notes, [expected]);
    }
}

#[tokio::test]
async fn server_reports_context_and_model_size() {
    let meta = json!({"n_ctx": 1500, "size": 4, "n_params": 9});
    let list = models(Reply::json(&json!({"data": [{"id": "m.gguf", "meta": meta}]})));
    let server = FakeOllama::start(list.rule(When::path("/props"), Reply::json(&json!({"total_slots": 2}))));
    let mut choice = choice(OpenAi, &server.url());
    choice.model = Some("/models/m".to_owned());
    let client = choice.into_client().expect("a client needs no server");
    let long = Question { code: "x = 1\n".repeat(500).into(), ..question() };
    assert!(!client.prompt(&long).is_cut);
    let facts = client.probe().await.unwrap();
    assert_eq!((facts.digest.len(), facts.slots, facts.notes), (64, Some(2), Vec::<String>::new()));
    assert!(client.prompt(&long).is_cut, "code is cut to the context that the server has");
}

#[tokio::test]
async fn other_server_is_reported() {
    let foreign = "provider URL/v1 is not a server with OpenAI's interface";
    for (reply, expected) in [
        (Reply::html(), format!("{foreign}; it is a web page")),
        (Reply::json(&json!({"hello": 1})), foreign.to_owned()),
    ] {
        assert_eq!(probe(models(reply), "m").await.unwrap_err(), expected);
    }
}
