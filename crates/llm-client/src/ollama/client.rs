//! The client: its settings, its connection pool, and one question from prompt to judged answer.

use std::time::Duration;

use futures_util::FutureExt;
use reqwest::{Client, Url, redirect::Policy};

use super::{
    request::{GenerateOptions, GenerateRequest},
    response::{error_detail, read_generated},
    transport::Exchange,
};
use crate::{
    Answer, AskError, BoxError, BoxFuture, HttpUrl, LlmClient, ModelFacts, ProbeError, Prompt, Question, clean::clean,
};

/// Tokens of the context that are not for code: the instruction, the model's own template and the answer.
const RESERVED_TOKENS: u32 = 512;
const BYTES_PER_TOKEN: u32 = 3;

/// How the model is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OllamaSettings {
    /// The model's context (`num_ctx`), one value for a whole run.
    pub context_tokens: u32,
    /// The longest answer (`num_predict`).
    pub answer_tokens: u32,
    /// The seed, so that equal questions get answers as equal as the server can make them.
    pub seed: u32,
    /// How long the model stays loaded after a call: a number with a unit.
    pub keep_alive: String,
    /// How long a connection may take.
    pub connect_timeout: Duration,
}

impl Default for OllamaSettings {
    fn default() -> Self {
        Self {
            context_tokens: 8192,
            answer_tokens: 96,
            seed: 1,
            keep_alive: "15m".to_owned(),
            connect_timeout: Duration::from_secs(5),
        }
    }
}

/// The HTTP client could not be made, most likely because the system's certificates cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("set up the connection to {url}")]
pub struct ClientSetupError {
    /// The provider, without credentials.
    pub url: String,
    /// What went wrong.
    #[source]
    pub cause: BoxError,
}

/// A model on an Ollama server, asked over one pool of kept connections.
pub struct OllamaClient {
    http: Client,
    url: HttpUrl,
    endpoint: Url,
    model: String,
    options: String,
    settings: OllamaSettings,
}

impl OllamaClient {
    /// The model that is asked where nobody names one.
    pub const DEFAULT_MODEL: &'static str = "qwen3-coder:latest";

    /// A client for `model` at `url`; no connection is made yet.
    pub fn new(url: HttpUrl, model: impl Into<String>, settings: OllamaSettings) -> Result<Self, ClientSetupError> {
        let http = build_http(&url, &settings).map_err(|error| ClientSetupError {
            url: url.redacted().to_owned(),
            cause: Box::new(error.without_url()),
        })?;
        let endpoint = url.endpoint("api/generate");
        let OllamaSettings { context_tokens, answer_tokens, seed, .. } = settings;
        let options = format!("num_ctx={context_tokens} num_predict={answer_tokens} seed={seed} temperature=0");
        Ok(Self { http, url, endpoint, model: model.into(), options, settings })
    }

    async fn generate(&self, question: &Question, limit: Duration) -> Result<Answer, AskError> {
        let prompt = self.prompt(question);
        let mut request = self.http.post(self.endpoint.clone()).timeout(limit).json(&self.body(&prompt.text));
        if let Some((user_name, password)) = self.url.credentials() {
            request = request.basic_auth(user_name, password);
        }
        let exchange = Exchange { shown_url: self.url.redacted(), limit };
        let (status, body) = exchange.send(request).await?;
        if !status.is_success() {
            let detail = self.url.without_password(error_detail(&body));
            return Err(AskError::Status { status: status.as_u16(), detail });
        }
        let generated = read_generated(&body)?;
        let intent = clean(&generated.text, &question.code, generated.is_cut_off).map_err(AskError::Untrustworthy)?;
        Ok(Answer { intent, prompt_tokens: generated.prompt_tokens, answer_tokens: generated.answer_tokens })
    }

    fn body<'a>(&'a self, prompt: &'a str) -> GenerateRequest<'a> {
        GenerateRequest {
            model: &self.model,
            prompt,
            stream: false,
            think: false,
            truncate: false,
            keep_alive: &self.settings.keep_alive,
            options: GenerateOptions {
                num_ctx: self.settings.context_tokens,
                num_predict: self.settings.answer_tokens,
                temperature: 0.0,
                seed: self.settings.seed,
            },
        }
    }

    /// Bytes of code that fit the context beside everything else.
    fn code_budget(&self) -> usize {
        let reserved = RESERVED_TOKENS + self.settings.answer_tokens;
        let tokens = self.settings.context_tokens.saturating_sub(reserved);
        usize::try_from(tokens.saturating_mul(BYTES_PER_TOKEN)).unwrap_or(usize::MAX)
    }
}

impl LlmClient for OllamaClient {
    fn model(&self) -> &str {
        &self.model
    }

    fn provider_url(&self) -> &str {
        self.url.redacted()
    }

    fn is_paid(&self) -> bool {
        true
    }

    fn options(&self) -> &str {
        &self.options
    }

    fn prompt(&self, question: &Question) -> Prompt {
        Prompt::new(question, self.code_budget())
    }

    fn probe(&self) -> BoxFuture<'_, Result<ModelFacts, ProbeError>> {
        async { Ok(ModelFacts::default()) }.boxed()
    }

    fn ask<'a>(&'a self, question: &'a Question, limit: Duration) -> BoxFuture<'a, Result<Answer, AskError>> {
        self.generate(question, limit).boxed()
    }
}

fn build_http(url: &HttpUrl, settings: &OllamaSettings) -> reqwest::Result<Client> {
    // reqwest takes the process's default; that another one was installed before is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("cds/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(settings.connect_timeout);
    if url.is_loopback() {
        builder = builder.no_proxy();
        if !url.is_encrypted() {
            // A machine without certificates can still ask its own server; reading them also takes its time.
            builder = builder.tls_certs_only([]);
        }
    }
    builder.build()
}
