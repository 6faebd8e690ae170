//! What can be wrong with a provider's URL. No message repeats a part that can hold a secret.

use super::ProviderUrl;

/// What is wrong with a provider's URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderUrlError {
    /// A host without `http://` before it.
    #[error("provider URL has no scheme; write {example}")]
    MissingScheme {
        /// The address as it was probably meant.
        example: String,
    },
    /// Neither a web address nor the embedded provider.
    #[error("provider URL has the scheme {scheme:?}; accepted are http://, https:// and builtin:")]
    OtherScheme {
        /// The part before `://`.
        scheme: String,
    },
    /// A scheme with nothing behind it.
    #[error("provider URL names no host; write for example {}", ProviderUrl::DEFAULT)]
    MissingHost,
    /// No URL at all.
    #[error("provider URL cannot be read ({cause}); write for example {}", ProviderUrl::DEFAULT)]
    Unreadable {
        /// What the parser said.
        cause: url::ParseError,
    },
    /// The address of one call in place of the server's.
    #[error("provider URL ends with {tail}, which is added for each call; leave it out")]
    EndpointPath {
        /// The part that is too much.
        tail: &'static str,
    },
    /// The address of the other interface.
    #[error("provider URL ends with {tail}, which is no part of Ollama's interface; leave it out, or say openai")]
    OpenAiPath {
        /// The part that belongs to the other interface.
        tail: &'static str,
    },
    /// A `#`, or an `@` behind the host.
    #[error(
        "provider URL has a \"#\" or an \"@\" behind its host; in a user name or password write special characters \
         percent-encoded (# is %23, / is %2F, ? is %3F, @ is %40)"
    )]
    NotEncoded,
    /// Credentials that are no text.
    #[error("user name or password of the provider URL is not valid percent-encoded UTF-8")]
    Credentials,
    /// Something behind `builtin:`.
    #[error("provider URL of the embedded provider is builtin: and nothing behind it")]
    BuiltinWithRest,
}
