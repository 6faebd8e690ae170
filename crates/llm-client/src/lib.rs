//! Asks for the intent of each record: one plain English sentence that says what a piece of code is for.
//!
//! [`LlmClient`] is the contract of a provider. [`OllamaClient`] and [`OpenAiClient`] call a server over HTTP, and
//! [`EmbeddedClient`] derives the sentence from the code's own syntax; [`ProviderChoice`] creates the one that the user
//! chose. [`IntentEnricher`] asks any of them about many records at once. This crate reads no environment variable of
//! ours, no file and no terminal. Time is tokio's (the wall clock is read only for a `Retry-After` date). Kept answers
//! come in through [`AnswerStore`], and reports go out through [`EnrichmentObserver`].

mod ask_error;
mod asking;
mod clean;
mod client;
mod completion;
mod embedded;
mod enricher;
mod excerpt;
mod failure_class;
mod http;
mod model_list;
mod model_names;
mod obstacle;
mod ollama;
mod openai;
mod plain_text;
mod probe_error;
mod progress;
mod prompt;
mod provider;
mod provider_url;
mod secret;
mod settings;
mod shape;

pub use ask_error::{AskError, BoxError};
pub use asking::{
    AnswerStore, Budget, CallFailure, CallReport, Concurrency, Decision, Ending, EnrichContext, EnrichOptions,
    Enrichment, FailedRecord, FailureGroup, Forecast, Left, NoStore, Place, Preflight, Recalled, SkipCondition,
    StopSignal, StopSwitch,
};
pub use clean::Distrust;
pub use client::{Answer, BoxFuture, LlmClient, ModelFacts, Question};
pub use embedded::EmbeddedClient;
pub use enricher::IntentEnricher;
pub use failure_class::FailureClass;
pub use http::TrustedCertificates;
pub use obstacle::Obstacle;
pub use ollama::OllamaClient;
pub use openai::OpenAiClient;
pub use plain_text::is_kept_form;
pub use probe_error::ProbeError;
pub use progress::{EnrichmentObserver, Progress};
pub use prompt::{Message, PROMPT_VERSION, Prompt, Role, former::FormerQuestion};
pub use provider::{ProviderChoice, ProviderError, ProviderKind, UnknownProvider};
pub use provider_url::{HttpUrl, ProviderUrl, ProviderUrlError};
pub use secret::{Secret, SecretError};
pub use settings::ModelSettings;
