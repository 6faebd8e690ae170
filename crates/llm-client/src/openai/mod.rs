//! A language model behind the HTTP interface that `OpenAI` made common: `POST /v1/chat/completions`, as vLLM, the
//! server of llama.cpp, LM Studio and gateways in front of many machines speak it.

mod client;
mod listing;
mod probe;
mod request;
mod response;

pub use client::OpenAiClient;
pub(crate) use listing::listed;
