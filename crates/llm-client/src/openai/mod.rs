//! A language model behind the HTTP interface that `OpenAI` made common: `POST /v1/chat/completions`, as offered by
//! vLLM, llama.cpp's server, LM Studio and gateways in front of many machines.

mod client;
mod listing;
mod probe;
mod request;
mod response;

pub use client::OpenAiClient;
pub(crate) use listing::listed;
