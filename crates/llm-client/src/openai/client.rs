//! The client: one question from prompt to judged answer.

use std::time::Duration;

use futures_util::FutureExt;

use super::{probe::probe, request::ChatRequest, response::read_completion};
use crate::{
    Answer, AskError, BoxFuture, FormerQuestion, HttpUrl, LlmClient, ModelFacts, ModelSettings, ProbeError, Prompt,
    ProviderError, Question, Secret,
    completion::MAX_ANSWER_BYTES,
    http::{Connection, Limits},
};

/// A model behind `/v1/chat/completions`, asked over one pool of kept connections.
///
/// There is no model that every such server has, so that none is the default.
pub struct OpenAiClient {
    connection: Connection,
    model: String,
    options: String,
    settings: ModelSettings,
}

impl OpenAiClient {
    /// A client for `model` at `url`, with or without its `/v1`; no connection is made yet.
    pub fn new(
        url: HttpUrl,
        model: impl Into<String>,
        settings: ModelSettings,
        token: Option<&Secret>,
    ) -> Result<Self, ProviderError> {
        let connection = Connection::new(url.for_openai()?, token, settings.connect_timeout)?;
        let ModelSettings { answer_tokens, seed, .. } = settings;
        // The context is the server's own; what it means here, how much code is sent, is in the prompt.
        let options = format!("api=chat/completions max_tokens={answer_tokens} seed={seed} temperature=0");
        Ok(Self { connection, model: model.into(), options, settings })
    }

    async fn complete(&self, question: &Question, time: Duration) -> Result<Answer, AskError> {
        let prompt = self.prompt(question);
        let limits = Limits { time, body_bytes: MAX_ANSWER_BYTES };
        let reply = self.connection.post("chat/completions", &self.body(&prompt), limits).await?;
        let mut completion = read_completion(&reply)?;
        completion.text = reply.answer_text(&completion.text);
        completion.into_answer(&question.code)
    }

    fn body<'a>(&'a self, prompt: &'a Prompt) -> ChatRequest<'a> {
        ChatRequest {
            model: &self.model,
            messages: prompt.messages(),
            max_tokens: self.settings.answer_tokens,
            temperature: 0.0,
            seed: self.settings.seed,
            stream: false,
        }
    }
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

    fn options(&self) -> &str {
        &self.options
    }

    fn prompt(&self, question: &Question) -> Prompt {
        Prompt::for_model(question, &self.settings)
    }

    fn former(&self, question: &Question) -> Option<FormerQuestion> {
        // The interface has not changed its options since.
        Some(FormerQuestion::new(question, &self.settings, self.options.clone()))
    }

    fn probe(&self) -> BoxFuture<'_, Result<ModelFacts, ProbeError>> {
        probe(&self.connection, &self.model, self.settings.probe_timeout).boxed()
    }

    fn ask<'a>(&'a self, question: &'a Question, limit: Duration) -> BoxFuture<'a, Result<Answer, AskError>> {
        self.complete(question, limit).boxed()
    }
}
