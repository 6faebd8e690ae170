//! Shared by all topics: a client of each kind, one question, and a way to ask it.

use std::time::Duration;

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use cds_llm_client::{
    Answer, AskError, FailureClass, LlmClient, ModelSettings, ProbeError, ProviderChoice, ProviderKind, Question,
};
use cds_model::SymbolKind;

pub(crate) use ProviderKind::{Ollama, OpenAi};

pub(crate) const CODE: &str = "def add(left, right):\n    return left + right";
pub(crate) const MODEL: &str = "qwen3-coder:latest";
/// Long enough for any machine; tests of a time limit set a short one.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) const OUTAGE: FailureClass = FailureClass::Passing { wait: None, is_outage: true };
pub(crate) const HICCUP: FailureClass = FailureClass::Passing { wait: None, is_outage: false };

pub(crate) fn choice(kind: ProviderKind, url: &str) -> ProviderChoice {
    ProviderChoice {
        kind: Some(kind),
        url: Some(url.to_owned()),
        model: Some(MODEL.to_owned()),
        settings: ModelSettings { probe_timeout: LIMIT, ..ModelSettings::default() },
        token: None,
    }
}

pub(crate) fn client(kind: ProviderKind, url: &str) -> Box<dyn LlmClient> {
    choice(kind, url).into_client().expect("a client needs no server")
}

pub(crate) fn question() -> Question {
    Question { language: cds_language::Language::of_record("a.py"), kind: SymbolKind::Function, code: CODE.into() }
}

/// A server that answers every question with `reply`.
pub(crate) fn server(reply: Reply) -> FakeOllama {
    FakeOllama::start(Script::new().rule(When::question(), reply))
}

/// Asks a server that replies with `reply`, once.
pub(crate) async fn ask(kind: ProviderKind, reply: Reply) -> Result<Answer, AskError> {
    let server = server(reply);
    client(kind, &server.url()).ask(&question(), LIMIT).await
}

/// The displayed line of a failed probe: the error and its causes.
pub(crate) fn shown(error: &ProbeError) -> String {
    match error {
        ProbeError::Unusable { cause, .. } => format!("{error}: {}", cause.reason()),
        _ => error.to_string(),
    }
}
