//! Who is asked for intents, about what, and how patiently.

use std::{num::NonZeroU32, time::Duration};

use anyhow::Context as _;
use cds_llm_client::{
    Concurrency, EmbeddedClient, EnrichOptions, LlmClient, ModelSettings, ProviderChoice, ProviderError, ProviderKind,
    ProviderUrl, Secret, TrustedCertificates,
};
use cds_model::Scope;
use cds_pipeline::IntentPlan;
use clap::{Args, ValueEnum, builder::FalseyValueParser};

use super::values::{parse_concurrency, parse_duration, parse_positive};
use crate::{failure::Failure, render::messages::Console};

/// Where OpenSSL and many others look for certificates.
const CERTIFICATE_FILE: &str = "SSL_CERT_FILE";

/// What the user says about intents.
#[derive(Debug, Args)]
#[command(next_help_heading = "Intent options")]
pub(crate) struct IntentArguments {
    // Kept as text: a message of the argument parser would show the password of a URL that is wrong.
    /// Address of the provider (http or https), or `builtin:` for the embedded one that needs no server
    /// [default: Ollama on this machine, port 11434]
    #[arg(long, value_name = "URL", env = "CDS_PROVIDER_URL", hide_env_values = true)]
    provider_url: Option<String>,

    /// Interface of the provider [default: guessed from the URL]
    #[arg(long, value_enum, value_name = "KIND", env = "CDS_PROVIDER")]
    provider: Option<Provider>,

    /// Model to ask [default: qwen3-coder:latest for Ollama; the embedded provider has its own name]
    #[arg(long, value_name = "NAME", env = "CDS_MODEL")]
    model: Option<String>,

    /// Kinds of records that get an intent, separated by commas: class, function, method, all
    #[arg(long, value_name = "KINDS", default_value = "class,function,method", env = "CDS_SCOPE")]
    scope: Scope,

    /// Number of records between two lines of progress [default: 10, more in a long run]
    #[arg(long, value_name = "N", value_parser = parse_positive, allow_negative_numbers = true, env = "CDS_PROGRESS_BATCH_SIZE")]
    progress_batch_size: Option<NonZeroU32>,

    /// Number of questions to ask at the same time: 1 to 64, or auto to adapt to the provider
    #[arg(long, value_name = "N", default_value = "auto", value_parser = parse_concurrency, allow_negative_numbers = true, env = "CDS_CONCURRENCY")]
    concurrency: Concurrency,

    /// Maximum number of retries of a question after a temporary failure
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u32).range(0..=10), allow_negative_numbers = true, env = "CDS_RETRIES")]
    retries: u32,

    /// Maximum time of a call
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = parse_duration, env = "CDS_REQUEST_TIMEOUT")]
    request_timeout: Duration,

    /// Maximum time of the first call, which loads the model
    #[arg(long, value_name = "TIME", default_value = "600s", value_parser = parse_duration, env = "CDS_LOAD_TIMEOUT")]
    load_timeout: Duration,

    /// Maximum time to wait for a provider that does not respond
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration, env = "CDS_PROVIDER_PATIENCE")]
    provider_patience: Duration,

    /// Context of the model in tokens; longer code is cut, and marked as cut
    #[arg(long, value_name = "N", default_value = "8192", value_parser = clap::value_parser!(u32).range(1024..=1_048_576), allow_negative_numbers = true, env = "CDS_CONTEXT_TOKENS")]
    context_tokens: u32,

    /// Maximum length of an answer in tokens; raise it for a model that reasons first
    #[arg(long, value_name = "N", default_value = "96", value_parser = clap::value_parser!(u32).range(16..=65_536), allow_negative_numbers = true, env = "CDS_ANSWER_TOKENS")]
    answer_tokens: u32,

    /// Exit with 1 if the provider is not available, instead of recording the failures
    #[arg(long, env = "CDS_REQUIRE_PROVIDER", value_parser = FalseyValueParser::new())]
    require_provider: bool,
}

/// The interfaces by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Provider {
    /// The interface of Ollama
    Ollama,
    /// /v1/chat/completions, which many servers and gateways support
    #[value(name = "openai")]
    OpenAi,
    /// No server: sentences derived from the code itself
    Builtin,
}

impl From<Provider> for ProviderKind {
    fn from(provider: Provider) -> Self {
        match provider {
            Provider::Ollama => Self::Ollama,
            Provider::OpenAi => Self::OpenAi,
            Provider::Builtin => Self::Builtin,
        }
    }
}

impl IntentArguments {
    /// Decides on the provider; nothing is asked yet.
    pub(crate) fn plan(&self, seed: u64, console: Console) -> Result<IntentPlan, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("start the network").map_err(Failure::failed)?;
        let defaults = EnrichOptions::default();
        let (client, kind, address) = self.client(&runtime, console)?;
        Ok(IntentPlan {
            runtime,
            client,
            kind,
            address,
            options: EnrichOptions {
                scope: self.scope,
                concurrency: self.concurrency,
                progress_batch_size: self.progress_batch_size(),
                retries: self.retries,
                load_timeout: self.load_timeout,
                request_timeout: self.request_timeout,
                provider_patience: self.provider_patience,
                seed,
                ..defaults
            },
            requires_provider: self.require_provider,
            has_sparse_progress: self.progress_batch_size.is_none(),
        })
    }

    /// The kinds of records that get an intent.
    pub(super) const fn scope(&self) -> Scope {
        self.scope
    }

    /// Records between two reports of progress.
    pub(super) fn progress_batch_size(&self) -> NonZeroU32 {
        self.progress_batch_size.unwrap_or(EnrichOptions::default().progress_batch_size)
    }

    fn client(
        &self,
        runtime: &tokio::runtime::Runtime,
        console: Console,
    ) -> Result<(Box<dyn LlmClient>, ProviderKind, String), Failure> {
        let kind = self.kind();
        let mut choice = ProviderChoice {
            kind: self.provider.map(Into::into),
            url: self.provider_url.clone().or_else(|| ollama_host(kind)),
            model: self.model.clone(),
            settings: ModelSettings {
                context_tokens: self.context_tokens,
                answer_tokens: self.answer_tokens,
                certificates: certificates(),
                ..ModelSettings::default()
            },
            token: token()?,
        };
        if let Some(model) = runtime.block_on(choice.only_listed_model()) {
            console.note(&format!("no model was named: {model} is asked, the only one that the server lists"));
            choice.model = Some(model);
        }
        if let (ProviderKind::Builtin, Some(model)) = (kind, self.model.as_deref().map(str::trim))
            && model != EmbeddedClient::MODEL
        {
            console.warning(&format!("model {model} is not asked: the provider is {}", EmbeddedClient::MODEL));
        }
        let address = address(choice.url.as_deref());
        Ok((choice.into_client().map_err(provider_failure)?, kind, address))
    }

    /// The kind that the choice will come to, for messages.
    fn kind(&self) -> ProviderKind {
        let guessed = || self.provider_url.as_deref()?.parse::<ProviderUrl>().ok().map(|url| ProviderKind::guess(&url));
        self.provider.map(Into::into).or_else(guessed).unwrap_or(ProviderKind::Ollama)
    }
}

/// The address that Ollama's own client uses by default.
fn ollama_host(kind: ProviderKind) -> Option<String> {
    let value = std::env::var("OLLAMA_HOST").ok().filter(|value| !value.trim().is_empty())?;
    (kind == ProviderKind::Ollama).then(|| ProviderUrl::of_ollama_host(&value))
}

/// `url` without credentials, or the usual address.
fn address(url: Option<&str>) -> String {
    let url = url.unwrap_or(ProviderUrl::DEFAULT).parse::<ProviderUrl>();
    url.map(|url| url.redacted().to_owned()).unwrap_or_default()
}

/// What `SSL_CERT_FILE` names. A file that cannot be read is left to the system's own reading of it, which fails.
fn certificates() -> TrustedCertificates {
    let file = std::env::var_os(CERTIFICATE_FILE).and_then(|path| std::fs::read(path).ok());
    file.map(|pem| TrustedCertificates::from_pem(&pem)).unwrap_or_default()
}

/// The token is never an argument: those can be seen by every user of the machine.
fn token() -> Result<Option<Secret>, Failure> {
    let text = std::env::var("CDS_PROVIDER_TOKEN").ok().filter(|text| !text.trim().is_empty());
    text.map(|text| text.parse()).transpose().context("use CDS_PROVIDER_TOKEN").map_err(Failure::usage)
}

fn provider_failure(error: ProviderError) -> Failure {
    let hint = match &error {
        ProviderError::Url(_) => None,
        ProviderError::Conflict { .. } => Some("leave --provider out to have it guessed, or give the URL that fits it"),
        ProviderError::MissingUrl { .. } => Some("name it with --provider-url, for example http://127.0.0.1:8000/v1"),
        ProviderError::MissingModel { .. } | ProviderError::ModelName => {
            Some("name the model with --model; the server lists none, or more than one")
        }
        ProviderError::TwoCredentials => Some("unset CDS_PROVIDER_TOKEN, or take the credentials out of the URL"),
        ProviderError::Setup { .. } => {
            let place = std::env::var(CERTIFICATE_FILE)
                .map_or_else(|_| "of this system".to_owned(), |file| format!("in {file}"));
            return Failure::failed(error).with_hint(format!("see whether the certificates {place} can be read"));
        }
    };
    let attempt = if matches!(error, ProviderError::Url(_)) { "use --provider-url" } else { "use the provider" };
    let failure = Failure::usage(anyhow::Error::new(error).context(attempt));
    match hint {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}
