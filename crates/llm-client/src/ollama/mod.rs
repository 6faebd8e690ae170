//! A language model behind Ollama's own HTTP interface: `POST /api/chat`, and a probe of the installed models.

mod client;
mod probe;
mod request;
mod response;

pub use client::OllamaClient;
