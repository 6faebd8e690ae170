//! The client: one question from prompt to judged answer.

use std::time::Duration;

use futures_util::FutureExt;
use serde_json::json;

use super::{
    probe::{only_model, probe},
    request::ChatRequest,
    response::read_completion,
};
use crate::{
    Answer, AskError, BoxFuture, FormerQuestion, HttpUrl, LlmClient, ModelFacts, ModelSettings, ProbeError, Prompt,
    ProviderError, Question, Secret,
    completion::MAX_ANSWER_BYTES,
    http::{Connection, Limits},
    shape::{Shape, SharedShape},
};

/// A model behind `/v1/chat/completions`, asked over one pool of kept connections.
///
/// No model exists on every such server, so there is no default.
pub struct OpenAiClient {
    connection: Connection,
    model: String,
    shape: SharedShape,
    settings: ModelSettings,
}

impl OpenAiClient {
    /// Creates a client for `model` at `url`, with or without its `/v1`; no connection is made yet.
    pub fn new(
        url: HttpUrl,
        model: impl Into<String>,
        settings: ModelSettings,
        token: Option<&Secret>,
    ) -> Result<Self, ProviderError> {
        let connection = Connection::new(url.for_openai()?, token, &settings)?;
        let shape = SharedShape::new(first_shape(&settings));
        Ok(Self { connection, model: model.into(), shape, settings })
    }

    /// The model's name at `url`, if the server lists exactly one.
    pub(crate) async fn only_model(url: HttpUrl, settings: &ModelSettings, token: Option<&Secret>) -> Option<String> {
        let connection = Connection::new(url.for_openai().ok()?, token, settings).ok()?;
        only_model(&connection, settings.probe_timeout).await
    }

    async fn complete(&self, question: &Question, time: Duration) -> Result<Answer, AskError> {
        let shape = self.shape.now();
        let prompt = Prompt::for_model(question, &self.settings, &shape);
        let limits = Limits { time, body_bytes: MAX_ANSWER_BYTES };
        let reply = self.connection.post("chat/completions", &self.body(&prompt, &shape), limits).await?;
        let mut completion = read_completion(&reply).map_err(|error| self.shape.adapted(&shape, error))?;
        completion.text = reply.answer_text(&completion.text);
        completion.into_answer(&question.code)
    }

    fn body<'a>(&'a self, prompt: &'a Prompt, shape: &Shape) -> ChatRequest<'a> {
        let messages = if shape.has_system_role { prompt.messages() } else { prompt.messages_without_system() };
        ChatRequest { model: &self.model, messages, stream: false, fields: shape.fields() }
    }
}

/// The request shape until a server refuses a part of it. Thinking is switched off in each way that servers know.
fn first_shape(settings: &ModelSettings) -> Shape {
    let ModelSettings { answer_tokens, seed, .. } = settings;
    Shape::new(vec![
        vec![("max_tokens", json!(answer_tokens)), ("max_completion_tokens", json!(answer_tokens))],
        vec![("seed", json!(seed))],
        vec![("temperature", json!(0.0))],
        vec![("chat_template_kwargs", json!({ "enable_thinking": false }))],
        vec![("reasoning_effort", json!("none")), ("reasoning_effort", json!("low"))],
    ])
}

impl LlmClient for OpenAiClient {
    fn model(&self) -> &str {
        &self.model
    }

    fn provider_url(&self) -> &str {
        self.connection.shown_url()
    }

    fn is_paid(&self) -> bool {
        true
    }

    fn options(&self) -> String {
        // The server sets its own context; here the setting only limits the code in the prompt.
        format!("api=chat/completions {}", self.shape.now().options())
    }

    fn prompt(&self, question: &Question) -> Prompt {
        Prompt::for_model(question, &self.settings, &self.shape.now())
    }

    fn former(&self, question: &Question) -> Option<FormerQuestion> {
        let ModelSettings { answer_tokens, seed, .. } = self.settings;
        let options = format!("api=chat/completions max_tokens={answer_tokens} seed={seed} temperature=0");
        // At that time no server reported a digest.
        Some(FormerQuestion { digest: Some(String::new()), ..FormerQuestion::new(question, &self.settings, options) })
    }

    fn probe(&self) -> BoxFuture<'_, Result<ModelFacts, ProbeError>> {
        async {
            let found = probe(&self.connection, &self.model, self.settings.probe_timeout).await?;
            if let Some(window) = found.window.filter(|window| *window < self.settings.context_tokens) {
                self.shape.learn_window(window);
            }
            Ok(found.facts)
        }
        .boxed()
    }

    fn ask<'a>(&'a self, question: &'a Question, limit: Duration) -> BoxFuture<'a, Result<Answer, AskError>> {
        self.complete(question, limit).boxed()
    }
}
