//! Why a provider cannot be asked at all.

use crate::{
    AskError, ProviderKind,
    plain_text::{MAX_CHARS, one_line},
};

/// What a look at the provider found wrong; each variant calls for another remedy.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Nobody was reached, or what was reached did not answer like a server of this kind.
    #[error("provider {url} cannot be used")]
    Unusable {
        /// The provider, without credentials.
        url: String,
        /// What happened.
        #[source]
        cause: AskError,
    },
    /// Something answered, and it is another kind of server.
    #[error("provider {url} is no {expected}{}{}", but_is(found.as_deref()), but_speaks(*speaks))]
    Foreign {
        /// The provider, without credentials.
        url: String,
        /// What was expected there, without an article.
        expected: &'static str,
        /// What is there, with its article, where it can be recognized.
        found: Option<String>,
        /// The interface that it has instead, where it shows one.
        speaks: Option<ProviderKind>,
    },
    /// The server is there and does not have the model.
    #[error("model {model} is not at {url}")]
    MissingModel {
        /// The provider, without credentials.
        url: String,
        /// The name that was asked for.
        model: String,
        /// Names that it has and that look alike, best first, at most five.
        near: Vec<String>,
    },
}

impl ProbeError {
    /// The failure as every record keeps it that was to be asked about: one printable line of at most 300 characters.
    pub fn reason(&self) -> String {
        match self {
            Self::Unusable { cause, .. } => one_line(&format!("{self}: {}", cause.reason()), MAX_CHARS),
            Self::Foreign { .. } | Self::MissingModel { .. } => one_line(&self.to_string(), MAX_CHARS),
        }
    }
}

fn but_is(found: Option<&str>) -> String {
    found.map(|found| format!("; it is {found}")).unwrap_or_default()
}

fn but_speaks(kind: Option<ProviderKind>) -> String {
    kind.map(|kind| format!("; it speaks {kind}")).unwrap_or_default()
}
