//! The `OpenAI` interface: `/v1/chat/completions` and `/v1/models` in the public API's shape.
//!
//! Streaming is not supported: `"stream": true` is a 400.

use serde_json::{Value, json};

use crate::answer::{Answer, prompt_token_count};
use crate::http::HttpRequest;
use crate::inquiry::Inquiry;
use crate::message::Message;
use crate::script::{Model, Script};

const CREATED: u64 = 1_767_225_600;

/// The answer to a request without a question. `path` is without the script's prefix.
pub(crate) fn respond(script: &Script, request: &HttpRequest, path: &str) -> Message {
    match (request.method.as_str(), path) {
        ("GET", "/v1/models") => {
            let data: Vec<Value> = script.models.iter().map(listed).collect();
            Message::json(200, &json!({ "object": "list", "data": data }))
        }
        ("POST", "/v1/chat/completions") => failure(400, "we could not parse the JSON body of your request"),
        (_, "/v1/models" | "/v1/chat/completions") => failure(405, "method not allowed"),
        _ => Message::text(404, "404 page not found"),
    }
}

/// An answer in the shape of `/v1/chat/completions`.
pub(crate) fn completed(inquiry: &Inquiry, answer: &Answer) -> Message {
    if inquiry.stream {
        return failure(400, "this server does not stream");
    }
    let mut message = json!({ "role": "assistant", "content": answer.text });
    if let Some(thought) = &answer.thinking {
        message["reasoning_content"] = json!(thought);
    }
    let prompt_count = prompt_token_count(&inquiry.prompt);
    let answer_count = answer.token_count();
    let body = json!({
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": CREATED,
        "model": inquiry.model,
        "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": answer.done_reason }],
        "usage": {
            "prompt_tokens": prompt_count,
            "completion_tokens": answer_count,
            "total_tokens": prompt_count + answer_count,
        },
    });
    Message::json(200, &body)
}

/// The error for a model that is not listed.
pub(crate) fn model_missing(name: &str) -> Message {
    failure(404, &format!("The model `{name}` does not exist."))
}

/// An error in this API's shape.
pub(crate) fn failure(status: u16, message: &str) -> Message {
    let kind = match status {
        401 => "authentication_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    Message::json(status, &json!({ "error": { "message": message, "type": kind, "param": null, "code": null } }))
}

fn listed(model: &Model) -> Value {
    json!({ "id": model.name, "object": "model", "created": CREATED, "owned_by": "library" })
}
