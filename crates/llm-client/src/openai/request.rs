//! The body of `POST /v1/chat/completions`.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::prompt::Message;

/// One question, not streamed and as reproducible as the server allows.
#[derive(Serialize)]
pub(super) struct ChatRequest<'a> {
    pub(super) model: &'a str,
    pub(super) messages: Vec<Message<'a>>,
    pub(super) stream: bool,
    /// Limits and options, if the server accepts them.
    #[serde(flatten)]
    pub(super) fields: Map<String, Value>,
}
