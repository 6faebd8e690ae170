//! A language model behind Ollama's own HTTP interface: `POST /api/chat`, and a look at what is installed.

mod client;
mod probe;
mod request;
mod response;

pub use client::OllamaClient;
