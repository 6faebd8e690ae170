//! The body of `POST /api/chat`, as the server's API documentation and source describe it.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::prompt::Message;

/// One question, not streamed and as reproducible as the server allows.
#[derive(Serialize)]
pub(super) struct ChatRequest<'a> {
    pub(super) model: &'a str,
    pub(super) messages: Vec<Message<'a>>,
    /// The server streams by default.
    pub(super) stream: bool,
    /// `think` (a model that can think does so by default, at many times the cost) and `truncate` (a prompt that is too
    /// long must be an error; by default its head is cut silently), if the server accepts them.
    #[serde(flatten)]
    pub(super) fields: Map<String, Value>,
    pub(super) keep_alive: &'a str,
    pub(super) options: ModelOptions,
}

/// The model's own options. `num_ctx` must be the same in all calls of a run: another value reloads the model.
#[derive(Serialize)]
pub(super) struct ModelOptions {
    pub(super) num_ctx: u32,
    pub(super) num_predict: u32,
    pub(super) temperature: f32,
    pub(super) seed: u32,
}
