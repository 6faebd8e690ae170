//! Asks for the intent of each record: one plain English sentence that says what a piece of code is for.
//!
//! [`LlmClient`] is the contract with whoever answers. [`OllamaClient`] speaks to a server over HTTP, and
//! [`EmbeddedClient`] derives the sentence from the code's own syntax. [`IntentEnricher`] asks either of them about
//! many records at once. This crate reads no environment variable of ours, no file, no clock and no terminal: the time
//! comes in through [`Clock`], and what is to be shown goes out through [`ProgressReporter`].

mod ask_error;
mod clean;
mod client;
mod embedded;
mod enricher;
mod excerpt;
mod ollama;
mod plain_text;
mod probe_error;
mod progress;
mod prompt;
mod provider_url;

pub use ask_error::{AskError, BoxError, FailureClass};
pub use clean::Distrust;
pub use client::{Answer, BoxFuture, LlmClient, ModelFacts, Question};
pub use embedded::EmbeddedClient;
pub use enricher::{EnrichOptions, EnrichSummary, IntentEnricher};
pub use ollama::{ClientSetupError, OllamaClient, OllamaSettings};
pub use probe_error::ProbeError;
pub use progress::{Clock, Progress, ProgressReporter};
pub use prompt::{PROMPT_VERSION, Prompt};
pub use provider_url::{HttpUrl, ProviderUrl, ProviderUrlError};
