//! The clients behind HTTP against a real server on loopback, one file a topic.

mod answers;
mod choice;
mod connections;
mod failures;
mod ollama_probe;
mod openai_probe;
mod requests;
mod secrets;
mod support;
mod tls;
