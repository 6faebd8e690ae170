//! Ollama's interface: the answers of a healthy server of version 0.32 on `/api/…`.

use serde_json::{Map, Value, json};

use crate::answer::{Answer, prompt_token_count};
use crate::http::HttpRequest;
use crate::inquiry::Inquiry;
use crate::message::Message;
use crate::script::{Model, Script, with_tag};

const ARCHITECTURE: &str = "qwen3moe";
const CONTEXT_LENGTH: u64 = 262_144;
const MODEL_SIZE: u64 = 18_556_701_140;
const TIMESTAMP: &str = "2026-01-01T00:00:00Z";
const NANOSECONDS_PER_TOKEN: usize = 1_000_000;

/// The answer to a request without a question. `path` is without the script's prefix.
pub(crate) fn respond(script: &Script, request: &HttpRequest, path: &str, is_warm: bool) -> Message {
    match (request.method.as_str(), path) {
        ("GET", "/") => Message::text(200, "Ollama is running"),
        ("HEAD", "/") => Message::text(200, ""),
        ("GET", "/api/version") => Message::json(200, &json!({ "version": script.version })),
        ("GET", "/api/tags") => Message::json(200, &listing(&script.models, tag)),
        ("GET", "/api/ps") if is_warm => Message::json(200, &listing(&script.models, loaded)),
        ("GET", "/api/ps") => Message::json(200, &listing(&[], loaded)),
        ("POST", "/api/show") => show(script, &request.body),
        ("POST", "/api/generate" | "/api/chat") => failure(400, "invalid character in request body"),
        (_, "/" | "/api/version" | "/api/tags" | "/api/ps" | "/api/show" | "/api/generate" | "/api/chat") => {
            Message::text(405, "405 method not allowed")
        }
        _ => Message::text(404, "404 page not found"),
    }
}

/// An answer in the shape of `/api/generate` or `/api/chat`.
pub(crate) fn generated(inquiry: &Inquiry, answer: &Answer) -> Message {
    if !inquiry.stream {
        return Message::json(200, &last_line(inquiry, answer, answer.text.clone()));
    }
    let mut first = json!({ "model": inquiry.model, "created_at": TIMESTAMP, "done": false });
    let (field, content) = spoken(inquiry, answer.text.clone(), None);
    first[field] = content;
    let last = last_line(inquiry, answer, Value::String(String::new()));
    let body = if answer.done { format!("{first}\n{last}\n") } else { format!("{first}\n") };
    let mut message = Message::new(200, "application/x-ndjson", body);
    message.streamed = true;
    message
}

/// The answer to an empty prompt: the model is loaded, without text.
pub(crate) fn load_answer() -> Answer {
    Answer::new("").done_reason("load")
}

/// The error for a model that is not listed.
pub(crate) fn model_missing(name: &str) -> Message {
    failure(404, &format!("model '{name}' not found"))
}

/// An error in Ollama's shape.
pub(crate) fn failure(status: u16, message: &str) -> Message {
    Message::json(status, &json!({ "error": message }))
}

/// Metrics without a value are omitted, as Ollama does.
fn last_line(inquiry: &Inquiry, answer: &Answer, text: Value) -> Value {
    let mut fields = Map::new();
    fields.insert("model".into(), json!(inquiry.model));
    fields.insert("created_at".into(), json!(TIMESTAMP));
    let (field, content) = spoken(inquiry, text, answer.thinking.as_deref());
    fields.insert(field.into(), content);
    if let Some(thought) = answer.thinking.as_deref().filter(|_| !inquiry.is_chat) {
        fields.insert("thinking".into(), json!(thought));
    }
    fields.insert("done".into(), json!(answer.done));
    if let Some(reason) = &answer.done_reason {
        fields.insert("done_reason".into(), json!(reason));
    }
    if answer.done && !inquiry.is_load() {
        add_metrics(&mut fields, prompt_token_count(&inquiry.prompt), answer.token_count());
    }
    Value::Object(fields)
}

/// The field with the model's text, and its content.
fn spoken(inquiry: &Inquiry, text: Value, thinking: Option<&str>) -> (&'static str, Value) {
    if !inquiry.is_chat {
        return ("response", text);
    }
    let mut message = json!({ "role": "assistant", "content": text });
    if let Some(thought) = thinking {
        message["thinking"] = json!(thought);
    }
    ("message", message)
}

fn add_metrics(fields: &mut Map<String, Value>, prompt_count: usize, answer_count: usize) {
    let prompt_duration = prompt_count * NANOSECONDS_PER_TOKEN / 10;
    let answer_duration = answer_count * NANOSECONDS_PER_TOKEN;
    fields.insert("total_duration".into(), json!(prompt_duration + answer_duration));
    fields.insert("prompt_eval_count".into(), json!(prompt_count));
    fields.insert("prompt_eval_duration".into(), json!(prompt_duration));
    fields.insert("eval_count".into(), json!(answer_count));
    fields.insert("eval_duration".into(), json!(answer_duration));
}

fn listing(models: &[Model], entry: fn(&Model) -> Value) -> Value {
    json!({ "models": models.iter().map(entry).collect::<Vec<_>>() })
}

fn tag(model: &Model) -> Value {
    json!({
        "name": model.name,
        "model": model.name,
        "modified_at": TIMESTAMP,
        "size": MODEL_SIZE,
        "digest": model.digest,
        "details": details(),
        "capabilities": ["completion", "tools"],
    })
}

fn loaded(model: &Model) -> Value {
    json!({
        "name": model.name,
        "model": model.name,
        "size": MODEL_SIZE,
        "size_vram": MODEL_SIZE,
        "digest": model.digest,
        "details": details(),
        "expires_at": TIMESTAMP,
        "context_length": 8192,
    })
}

fn details() -> Value {
    json!({
        "parent_model": "",
        "format": "gguf",
        "family": ARCHITECTURE,
        "families": [ARCHITECTURE],
        "parameter_size": "30.5B",
        "quantization_level": "Q4_K_M",
    })
}

fn show(script: &Script, body: &[u8]) -> Message {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(name) = body["model"].as_str().or(body["name"].as_str()) else {
        return failure(400, "model is required");
    };
    if script.find_model(name).is_none() {
        return failure(404, &format!("model '{}' not found", with_tag(name)));
    }
    let answer = json!({
        "details": details(),
        "model_info": {
            "general.architecture": ARCHITECTURE,
            (format!("{ARCHITECTURE}.context_length")): CONTEXT_LENGTH,
        },
        "capabilities": ["completion", "tools"],
        "modified_at": TIMESTAMP,
    });
    Message::json(200, &answer)
}
