//! Who is asked for intents, and about what.

use std::num::{NonZeroU32, NonZeroUsize};

use anyhow::{Context as _, anyhow};
use cds_llm_client::{EmbeddedClient, LlmClient, OllamaClient, OllamaSettings, ProviderUrl};
use cds_model::Scope;
use clap::Args;

use super::values::parse_positive;
use crate::{failure::Failure, render::messages};

/// What the user says about intents.
#[derive(Debug, Args)]
pub(crate) struct IntentArguments {
    // Kept as text: a message of the argument parser would show the password of a URL that is wrong.
    /// Ollama's address (http or https), or `builtin:` for the embedded provider that needs no server
    #[arg(long, value_name = "URL", default_value = ProviderUrl::DEFAULT, env = "CDS_PROVIDER_URL", hide_env_values = true)]
    provider_url: String,

    /// The model to ask [default: qwen3-coder:latest; the embedded provider names itself]
    #[arg(long, value_name = "NAME", env = "CDS_MODEL")]
    model: Option<String>,

    /// Kinds that get an intent, separated by commas: class, function, method, all
    #[arg(long, value_name = "KINDS", default_value = "class,function,method", env = "CDS_SCOPE")]
    scope: Scope,

    /// Completed calls between two lines of progress
    #[arg(long, value_name = "N", default_value = "10", value_parser = parse_positive, env = "CDS_PROGRESS_BATCH_SIZE")]
    progress_batch_size: NonZeroU32,

    /// Questions asked at once, 1 to 64
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u8).range(1..=64), env = "CDS_CONCURRENCY")]
    concurrency: u8,
}

/// A provider that can be asked, and what it is asked about.
pub(crate) struct IntentPlan {
    pub(crate) client: Box<dyn LlmClient>,
    pub(crate) scope: Scope,
    pub(crate) progress_batch_size: NonZeroU32,
    pub(crate) concurrency: NonZeroUsize,
}

impl IntentArguments {
    /// Decides on the provider; nothing is asked yet.
    pub(crate) fn plan(&self) -> Result<IntentPlan, Failure> {
        Ok(IntentPlan {
            client: self.client()?,
            scope: self.scope,
            progress_batch_size: self.progress_batch_size,
            concurrency: NonZeroUsize::new(self.concurrency.into()).unwrap_or(NonZeroUsize::MIN),
        })
    }

    fn client(&self) -> Result<Box<dyn LlmClient>, Failure> {
        let provider: ProviderUrl = self.provider_url.parse().context("use --provider-url").map_err(Failure::usage)?;
        let model = self.model.as_deref().map(str::trim);
        if model == Some("") {
            return Err(Failure::usage(anyhow!("use --model: the name is empty")));
        }
        match provider {
            ProviderUrl::Builtin => {
                let client = EmbeddedClient;
                if let Some(model) = model.filter(|model| *model != client.model()) {
                    messages::warning(&format!("model {model} is not asked: the provider is {}", client.model()));
                }
                Ok(Box::new(client))
            }
            ProviderUrl::Http(url) => {
                let model = model.unwrap_or(OllamaClient::DEFAULT_MODEL);
                let client = OllamaClient::new(url, model, OllamaSettings::default());
                Ok(Box::new(client.map_err(Failure::failed)?))
            }
        }
    }
}
