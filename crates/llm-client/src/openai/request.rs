//! The body of `POST /v1/chat/completions`, with those fields only that all common servers take.

use serde::Serialize;

/// One question, not streamed and as repeatable as the server can make it.
#[derive(Serialize)]
pub(super) struct ChatRequest<'a> {
    pub(super) model: &'a str,
    pub(super) messages: [ChatMessage<'a>; 1],
    /// The older name of the limit; the newer one is unknown to many servers.
    pub(super) max_tokens: u32,
    pub(super) temperature: f32,
    pub(super) seed: u32,
    pub(super) stream: bool,
}

/// The prompt, from the user: a system message is refused by the templates of some models.
#[derive(Serialize)]
pub(super) struct ChatMessage<'a> {
    pub(super) role: &'static str,
    pub(super) content: &'a str,
}
