//! Recognizes questions to the model, and their interface.

use serde_json::Value;

use crate::http::HttpRequest;

/// The API of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Ollama,
    OpenAi,
}

impl Face {
    /// The interface of a path; everything that is not `OpenAI`'s is Ollama's.
    pub(crate) fn of_path(path: &str) -> Self {
        if path.starts_with("/v1/") { Self::OpenAi } else { Self::Ollama }
    }
}

/// A well-formed `POST` to a generating endpoint.
#[derive(Debug)]
pub(crate) struct Inquiry {
    pub(crate) face: Face,
    /// Whether this is a conversation, whose answer is a message.
    pub(crate) is_chat: bool,
    pub(crate) model: String,
    /// `prompt`, or the text of the last message.
    pub(crate) prompt: String,
    pub(crate) stream: bool,
}

impl Inquiry {
    /// Reads a question from `request`; `None` for every other request and for a body that is not a JSON object.
    pub(crate) fn of(request: &HttpRequest, path: &str) -> Option<Self> {
        let (face, is_chat) = match (request.method.as_str(), path) {
            ("POST", "/api/generate") => (Face::Ollama, false),
            ("POST", "/api/chat") => (Face::Ollama, true),
            ("POST", "/v1/chat/completions") => (Face::OpenAi, true),
            _ => return None,
        };
        let body: Value = serde_json::from_slice(&request.body).ok()?;
        let fields = body.as_object()?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let prompt = if is_chat { last_message(fields.get("messages")) } else { text("prompt") };
        let stream = fields.get("stream").and_then(Value::as_bool).unwrap_or(face == Face::Ollama);
        Some(Self { face, is_chat, model: text("model"), prompt, stream })
    }

    /// An empty prompt only loads the model.
    pub(crate) fn is_load(&self) -> bool {
        self.prompt.is_empty()
    }
}

fn last_message(messages: Option<&Value>) -> String {
    let last = messages.and_then(Value::as_array).and_then(|messages| messages.last());
    last.map(|message| content_text(&message["content"])).unwrap_or_default()
}

/// A message's content is a string or a list of parts.
fn content_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}
