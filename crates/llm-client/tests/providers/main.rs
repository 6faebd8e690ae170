//! The HTTP clients against a real server on loopback, one file per topic.

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
