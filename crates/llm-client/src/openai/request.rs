//! The body of `POST /v1/chat/completions`.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::prompt::Message;

/// One question, not streamed and as repeatable as the server can make it.
#[derive(Serialize)]
pub(super) struct ChatRequest<'a> {
    pub(super) model: &'a str,
    pub(super) messages: Vec<Message<'a>>,
    pub(super) stream: bool,
    /// Limits and options, as far as the server takes them.
    #[serde(flatten)]
    pub(super) fields: Map<String, Value>,
}
