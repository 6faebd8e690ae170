//! Selects the provider from the user's options.

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
    /// All kinds, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Ollama, Self::OpenAi, Self::Builtin];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ollama => "ollama",
            Self::OpenAi => "openai",
            Self::Builtin => "builtin",
        }
    }

    /// The most likely kind for an address: a path with `/v1` means the common interface. Everything else, on port
    /// 11434 or not, means Ollama.
    pub fn guess(url: &ProviderUrl) -> Self {
        match url {
            ProviderUrl::Builtin => Self::Builtin,
            ProviderUrl::Http(url) if url.has_openai_path() => Self::OpenAi,
            ProviderUrl::Http(_) => Self::Ollama,
        }
    }

    /// The default address.
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

/// A word that is not a provider kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown provider; use ollama, openai or builtin")]
pub struct UnknownProvider;

/// The user's options for the provider. There is no `Debug`, because the address may hold a password.
#[derive(Clone, Default)]
pub struct ProviderChoice {
    /// The interface; guessed from the address if absent.
    pub kind: Option<ProviderKind>,
    /// The address as written; the kind's default if absent.
    pub url: Option<String>,
    /// The model's name; the kind's default if absent. The embedded provider has only its own.
    pub model: Option<String>,
    /// How the model is asked.
    pub settings: ModelSettings,
    /// A bearer token; unused by the embedded provider.
    pub token: Option<Secret>,
}

impl ProviderChoice {
    /// The model to use if the user named none and the server lists exactly one; requests the server's list.
    ///
    /// `None` if a model was named, if the kind has a default, or if the list is longer or unreadable.
    pub async fn only_listed_model(&self) -> Option<String> {
        let Ok(ProviderUrl::Http(url)) = self.url.as_deref()?.parse() else { return None };
        let kind = self.kind.unwrap_or_else(|| ProviderKind::guess(&ProviderUrl::Http(url.clone())));
        if self.model.is_some() || kind != ProviderKind::OpenAi {
            return None;
        }
        OpenAiClient::only_model(url, &self.settings, self.token.as_ref()).await
    }

    /// Creates the client, without any request or connection.
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

/// Why there is no client. All variants except [`Setup`](Self::Setup) concern the user's options.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The address is invalid, or not a server's.
    #[error(transparent)]
    Url(#[from] ProviderUrlError),
    /// The address is of another kind.
    #[error("provider {kind} cannot use the URL {url}")]
    Conflict {
        /// The kind that was named.
        kind: ProviderKind,
        /// The address, without credentials.
        url: String,
    },
    /// The kind has no default address.
    #[error("provider {kind} has no default URL; specify one")]
    MissingUrl {
        /// The kind that was named.
        kind: ProviderKind,
    },
    /// The kind has no default model.
    #[error("provider {kind} has no default model; specify one")]
    MissingModel {
        /// The kind that was named or guessed.
        kind: ProviderKind,
    },
    /// The model's name is invalid.
    #[error("model name is empty or has control characters")]
    ModelName,
    /// Only one of them can be sent.
    #[error("provider URL has a user name or password, and a token is set as well; use only one of them")]
    TwoCredentials,
    /// The HTTP client could not be created, most likely because the system's certificates are unreadable.
    #[error("set up the connection to {url}")]
    Setup {
        /// The provider's URL, without credentials.
        url: String,
        /// The cause.
        #[source]
        cause: BoxError,
    },
}
