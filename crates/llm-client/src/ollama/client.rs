//! The client: one question from prompt to judged answer.

use std::time::Duration;

use cds_language::python::PYTHON;
use futures_util::FutureExt;
use serde_json::json;

use super::{
    probe::probe,
    request::{ChatRequest, ModelOptions},
    response::read_completion,
};
use crate::{
    Answer, AskError, BoxFuture, FormerQuestion, HttpUrl, LlmClient, ModelFacts, ModelSettings, ProbeError, Prompt,
    ProviderError, Question, Secret,
    completion::MAX_ANSWER_BYTES,
    http::{Connection, Limits},
    shape::{Shape, SharedShape},
};

/// A model on an Ollama server, asked over one pool of kept connections.
pub struct OllamaClient {
    connection: Connection,
    model: String,
    shape: SharedShape,
    settings: ModelSettings,
}

impl OllamaClient {
    /// The default model.
    pub const DEFAULT_MODEL: &'static str = "qwen3-coder:latest";

    /// Creates a client for `model` at `url`; no connection is made yet.
    pub fn new(
        url: HttpUrl,
        model: impl Into<String>,
        settings: ModelSettings,
        token: Option<&Secret>,
    ) -> Result<Self, ProviderError> {
        let connection = Connection::new(url.for_ollama()?, token, &settings)?;
        let shape = SharedShape::new(Shape::new(vec![vec![("think", json!(false))], vec![("truncate", json!(false))]]));
        Ok(Self { connection, model: model.into(), shape, settings })
    }

    async fn chat(&self, question: &Question, time: Duration) -> Result<Answer, AskError> {
        let shape = self.shape.now();
        let prompt = Prompt::for_model(question, &self.settings, &shape);
        let limits = Limits { time, body_bytes: MAX_ANSWER_BYTES };
        let reply = self.connection.post("api/chat", &self.body(&prompt, &shape), limits).await?;
        let mut completion = read_completion(&reply).map_err(|error| self.shape.adapted(&shape, error))?;
        completion.text = reply.answer_text(&completion.text);
        completion.into_answer(&question.code)
    }

    fn body<'a>(&'a self, prompt: &'a Prompt, shape: &Shape) -> ChatRequest<'a> {
        ChatRequest {
            model: &self.model,
            messages: if shape.has_system_role { prompt.messages() } else { prompt.messages_without_system() },
            stream: false,
            fields: shape.fields(),
            keep_alive: &self.settings.keep_alive,
            options: ModelOptions {
                num_ctx: self.settings.context_tokens,
                num_predict: self.settings.answer_tokens,
                temperature: 0.0,
                seed: self.settings.seed,
            },
        }
    }
}

impl LlmClient for OllamaClient {
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
        let ModelSettings { context_tokens, answer_tokens, seed, .. } = self.settings;
        let fields = self.shape.now().options();
        format!("api=chat num_ctx={context_tokens} num_predict={answer_tokens} seed={seed} temperature=0 {fields}")
    }

    fn prompt(&self, question: &Question) -> Prompt {
        Prompt::for_model(question, &self.settings, &self.shape.now())
    }

    fn former(&self, question: &Question) -> Option<FormerQuestion> {
        // Version 1 asked about Python alone.
        if question.language != &PYTHON {
            return None;
        }
        let ModelSettings { context_tokens, answer_tokens, seed, .. } = self.settings;
        let options = format!(
            "api=generate num_ctx={context_tokens} num_predict={answer_tokens} seed={seed} temperature=0 think=false \
             truncate=false"
        );
        Some(FormerQuestion::new(question, &self.settings, options))
    }

    fn probe(&self) -> BoxFuture<'_, Result<ModelFacts, ProbeError>> {
        probe(&self.connection, &self.model, self.settings.probe_timeout).boxed()
    }

    fn ask<'a>(&'a self, question: &'a Question, limit: Duration) -> BoxFuture<'a, Result<Answer, AskError>> {
        self.chat(question, limit).boxed()
    }
}
