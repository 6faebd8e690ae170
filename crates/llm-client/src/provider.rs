//! Which provider is asked: decided from what the user said, in one place.

use std::{fmt, str::FromStr};

use crate::{
    BoxError, EmbeddedClient, LlmClient, ModelSettings, OllamaClient, OpenAiClient, ProviderUrl, ProviderUrlError,
    Secret,
};

/// The interface of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProviderKind {
    /// Ollama's own.
    Ollama,
    /// `/v1/chat/completions`.
    OpenAi,
    /// The embedded provider, without a server.
    Builtin,
}

impl ProviderKind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Ollama, Self::OpenAi, Self::Builtin];

    /// The word for it on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ollama => "ollama",
            Self::OpenAi => "openai",
            Self::Builtin => "builtin",
        }
    }

    /// The kind that an address most likely means: a path with `/v1` tells, and whatever else is there, on port 11434 or
    /// not, Ollama is the usual one.
    pub fn guess(url: &ProviderUrl) -> Self {
        match url {
            ProviderUrl::Builtin => Self::Builtin,
            ProviderUrl::Http(url) if url.has_openai_path() => Self::OpenAi,
            ProviderUrl::Http(_) => Self::Ollama,
        }
    }

    /// The address where nobody names one.
    fn default_url(self) -> Result<ProviderUrl, ProviderError> {
        match self {
            Self::Ollama => Ok(ProviderUrl::DEFAULT.parse()?),
            Self::OpenAi => Err(ProviderError::MissingUrl { kind: self }),
            Self::Builtin => Ok(ProviderUrl::Builtin),
        }
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for ProviderKind {
    type Err = UnknownProvider;

    fn from_str(text: &str) -> Result<Self, UnknownProvider> {
        let text = text.trim();
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text)).ok_or(UnknownProvider)
    }
}

/// A word that names no provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("provider is none of ollama, openai and builtin")]
pub struct UnknownProvider;

/// What the user said about the provider. It has no `Debug`, because the address may hold a password.
#[derive(Clone, Default)]
pub struct ProviderChoice {
    /// The interface; guessed from the address where it is absent.
    pub kind: Option<ProviderKind>,
    /// The address as it was written; the kind's own where it is absent.
    pub url: Option<String>,
    /// The model's name; the kind's own where it is absent. The embedded provider has no other than its own.
    pub model: Option<String>,
    /// How the model is asked.
    pub settings: ModelSettings,
    /// A bearer token; the embedded provider has no use for it.
    pub token: Option<Secret>,
}

impl ProviderChoice {
    /// The model to ask where the user named none and the server lists exactly one; asks the server for its list.
    ///
    /// None where a model was named, where the kind has a usual one, and where the list is longer or cannot be read.
    pub async fn only_listed_model(&self) -> Option<String> {
        let Ok(ProviderUrl::Http(url)) = self.url.as_deref()?.parse() else { return None };
        let kind = self.kind.unwrap_or_else(|| ProviderKind::guess(&ProviderUrl::Http(url.clone())));
        if self.model.is_some() || kind != ProviderKind::OpenAi {
            return None;
        }
        OpenAiClient::only_model(url, &self.settings, self.token.as_ref()).await
    }

    /// The client; nothing is asked and no connection is made yet.
    pub fn into_client(self) -> Result<Box<dyn LlmClient>, ProviderError> {
        let url = match &self.url {
            Some(text) => text.parse()?,
            None => self.kind.unwrap_or(ProviderKind::Ollama).default_url()?,
        };
        let kind = self.kind.unwrap_or_else(|| ProviderKind::guess(&url));
        let model = self.model.as_deref().map(checked_name).transpose()?;
        match (kind, url) {
            (ProviderKind::Builtin, ProviderUrl::Builtin) => Ok(Box::new(EmbeddedClient)),
            (ProviderKind::Ollama, ProviderUrl::Http(url)) => {
                let model = model.unwrap_or(OllamaClient::DEFAULT_MODEL);
                Ok(Box::new(OllamaClient::new(url, model, self.settings, self.token.as_ref())?))
            }
            (ProviderKind::OpenAi, ProviderUrl::Http(url)) => {
                let model = model.ok_or(ProviderError::MissingModel { kind })?;
                Ok(Box::new(OpenAiClient::new(url, model, self.settings, self.token.as_ref())?))
            }
            (kind, url) => Err(ProviderError::Conflict { kind, url: url.redacted().to_owned() }),
        }
    }
}

fn checked_name(name: &str) -> Result<&str, ProviderError> {
    let name = name.trim();
    let is_name = !name.is_empty() && !name.chars().any(char::is_control);
    if is_name { Ok(name) } else { Err(ProviderError::ModelName) }
}

/// Why there is no client. All but [`Setup`](Self::Setup) are about what the user said.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The address is none, or not the one of a server.
    #[error(transparent)]
    Url(#[from] ProviderUrlError),
    /// The address is of another kind.
    #[error("provider {kind} is not at {url}")]
    Conflict {
        /// The kind that was named.
        kind: ProviderKind,
        /// The address, without credentials.
        url: String,
    },
    /// The kind has no usual address.
    #[error("provider {kind} has no usual URL; name one")]
    MissingUrl {
        /// The kind that was named.
        kind: ProviderKind,
    },
    /// The kind has no usual model.
    #[error("provider {kind} has no usual model; name one")]
    MissingModel {
        /// The kind that was named or guessed.
        kind: ProviderKind,
    },
    /// The model's name cannot be one.
    #[error("name of the model is empty or has control characters")]
    ModelName,
    /// Only one of them can be sent.
    #[error("provider URL has a user name or password, and there is a token too; leave one of them out")]
    TwoCredentials,
    /// The HTTP client could not be made, most likely because the system's certificates cannot be read.
    #[error("set up the connection to {url}")]
    Setup {
        /// The provider, without credentials.
        url: String,
        /// What went wrong.
        #[source]
        cause: BoxError,
    },
}
