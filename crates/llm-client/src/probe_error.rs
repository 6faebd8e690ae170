//! Why a provider cannot be asked at all.

use crate::{
    AskError, ProviderKind,
    plain_text::{MAX_CHARS, one_line},
};

/// What a probe of the provider found wrong; each variant needs a different remedy.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The provider was not reached, or did not answer like a server of this kind.
    #[error("provider {url} cannot be used")]
    Unusable {
        /// The provider's URL, without credentials.
        url: String,
        /// The cause.
        #[source]
        cause: AskError,
    },
    /// Another kind of server answered.
    #[error("provider {url} is not {expected}{}{}", but_is(found.as_deref()), but_speaks(*speaks))]
    Foreign {
        /// The provider's URL, without credentials.
        url: String,
        /// The expected kind, with its article.
        expected: &'static str,
        /// The recognized kind, with its article.
        found: Option<String>,
        /// The interface that it offers instead, if recognized.
        speaks: Option<ProviderKind>,
    },
    /// The server does not have the model.
    #[error("model {model} not found at {url}")]
    MissingModel {
        /// The provider's URL, without credentials.
        url: String,
        /// The requested name.
        model: String,
        /// Similar names that it has, best first, at most five.
        near: Vec<String>,
    },
}

impl ProbeError {
    /// The failure as stored in every affected record: one printable line of at most 300 characters.
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
    kind.map(|kind| format!("; its interface is {kind}")).unwrap_or_default()
}
