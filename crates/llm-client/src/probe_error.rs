//! Why a provider cannot be asked at all.

use crate::AskError;

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
    #[error("provider {url} is no {expected}")]
    Foreign {
        /// The provider, without credentials.
        url: String,
        /// What was expected there.
        expected: &'static str,
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
