//! Errors of a provider's URL. No message repeats a part that can hold a secret.

use super::ProviderUrl;

/// What is wrong with a provider's URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderUrlError {
    /// A host without `http://` before it.
    #[error("provider URL has no scheme; write {example}")]
    MissingScheme {
        /// The address that was probably intended.
        example: String,
    },
    /// Neither a web address nor the embedded provider.
    #[error("provider URL has the scheme {scheme:?}; accepted are http://, https:// and builtin:")]
    OtherScheme {
        /// The part before `://`.
        scheme: String,
    },
    /// A scheme without a host.
    #[error("provider URL has no host; an example is {}", ProviderUrl::DEFAULT)]
    MissingHost,
    /// The text is not a URL.
    #[error("provider URL is invalid ({cause}); an example is {}", ProviderUrl::DEFAULT)]
    Unreadable {
        /// The parser's error.
        cause: url::ParseError,
    },
    /// The address of one call instead of the server's.
    #[error("provider URL ends with {tail}, which each call adds itself; remove it")]
    EndpointPath {
        /// The surplus part.
        tail: &'static str,
    },
    /// The address of the other interface.
    #[error(
        "provider URL ends with {tail}, which is not part of Ollama's interface; remove it, or use provider openai"
    )]
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
    /// Credentials that are not valid text.
    #[error("user name or password of the provider URL is not valid percent-encoded UTF-8")]
    Credentials,
    /// Something after `builtin:`.
    #[error("the URL of the embedded provider is builtin: without anything after it")]
    BuiltinWithRest,
}
