//! A language model behind Ollama's own HTTP interface, `POST /api/generate`.

mod client;
mod request;
mod response;
mod transport;

pub use client::{ClientSetupError, OllamaClient, OllamaSettings};
