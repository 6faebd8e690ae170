//! The body of `POST /v1/chat/completions`, with those fields only that all common servers take.

use serde::Serialize;

use crate::prompt::Message;

/// One question, not streamed and as repeatable as the server can make it.
#[derive(Serialize)]
pub(super) struct ChatRequest<'a> {
    pub(super) model: &'a str,
    pub(super) messages: Vec<Message<'a>>,
    /// The older name of the limit; the newer one is unknown to many servers.
    pub(super) max_tokens: u32,
    pub(super) temperature: f32,
    pub(super) seed: u32,
    pub(super) stream: bool,
}
