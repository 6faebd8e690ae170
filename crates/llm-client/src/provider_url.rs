//! Where the provider is: the embedded one, or a server's address.
//!
//! Credentials are taken out of the address when it is read. They are kept apart, and no text that this type makes
//! (`Display`, `Debug`, an error) shows them, nor the query, which may hold a gateway's key.

use std::{fmt, str::FromStr};

use url::{Host, Url};

const BUILTIN: &str = "builtin:";
/// Paths that are added to the address here; whoever copied one along finds out before the first call.
const ENDPOINT_TAILS: [&str; 6] =
    ["/api/generate", "/api/chat", "/api", "/v1/chat/completions", "/v1/completions", "/v1"];

/// A provider as the user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderUrl {
    /// The embedded provider, written `builtin:`.
    Builtin,
    /// A server.
    Http(HttpUrl),
}

impl ProviderUrl {
    /// The address of a local Ollama with its own default port.
    pub const DEFAULT: &'static str = "http://127.0.0.1:11434";

    /// The URL without credentials, query and trailing slash, as it may be stored and shown.
    pub fn redacted(&self) -> &str {
        match self {
            Self::Builtin => BUILTIN,
            Self::Http(url) => url.redacted(),
        }
    }
}

impl fmt::Display for ProviderUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.redacted())
    }
}

impl FromStr for ProviderUrl {
    type Err = ProviderUrlError;

    fn from_str(text: &str) -> Result<Self, ProviderUrlError> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix(BUILTIN) {
            return if rest.is_empty() { Ok(Self::Builtin) } else { Err(ProviderUrlError::BuiltinWithRest) };
        }
        let Some((scheme, _)) = text.split_once("://") else {
            return Err(ProviderUrlError::MissingScheme { example: example_with_scheme(text) });
        };
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::EmptyHost => ProviderUrlError::MissingHost,
            cause => ProviderUrlError::Unreadable { cause },
        })?;
        match url.scheme() {
            "http" | "https" => HttpUrl::new(url).map(Self::Http),
            _ => Err(ProviderUrlError::OtherScheme { scheme: scheme.to_owned() }),
        }
    }
}

/// A server's address, with its credentials kept apart.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl {
    base: Url,
    credentials: Option<Credentials>,
    redacted: String,
}

impl HttpUrl {
    fn new(mut url: Url) -> Result<Self, ProviderUrlError> {
        // A special character in a password that was not encoded ends the host early; nothing of such a text is shown.
        let after_host = url.path().contains('@') || url.query().is_some_and(|query| query.contains('@'));
        if after_host || url.fragment().is_some() {
            return Err(ProviderUrlError::NotEncoded);
        }
        let path = url.path().trim_end_matches('/');
        if let Some(tail) = ENDPOINT_TAILS.into_iter().find(|tail| path.ends_with(tail)) {
            return Err(ProviderUrlError::EndpointPath { tail });
        }
        let credentials = Credentials::take(&mut url)?;
        let mut shown = url.clone();
        shown.set_query(None);
        let redacted = shown.as_str().trim_end_matches('/').to_owned();
        Ok(Self { base: url, credentials, redacted })
    }

    /// The URL without credentials, query and trailing slash.
    pub fn redacted(&self) -> &str {
        &self.redacted
    }

    /// Whether the server is on this machine, where no proxy can be meant.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.base.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
            Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
            None => false,
        }
    }

    /// Whether the connection is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// The address of `path` (without a leading slash) below this URL, its query kept.
    pub(crate) fn endpoint(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        url
    }

    /// `text` with the password blackened, for what a server sends back.
    pub(crate) fn without_password(&self, text: String) -> String {
        match self.credentials().and_then(|(_, password)| password).filter(|password| !password.is_empty()) {
            Some(password) => text.replace(password, "***"),
            None => text,
        }
    }

    /// User name and password, where the URL has them.
    pub(crate) fn credentials(&self) -> Option<(&str, Option<&str>)> {
        self.credentials.as_ref().map(|both| (both.user_name.as_str(), both.password.as_deref()))
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("HttpUrl").field(&self.redacted).finish()
    }
}

#[derive(Clone, PartialEq, Eq)]
struct Credentials {
    user_name: String,
    password: Option<String>,
}

impl Credentials {
    fn take(url: &mut Url) -> Result<Option<Self>, ProviderUrlError> {
        if url.username().is_empty() && url.password().is_none() {
            return Ok(None);
        }
        let user_name = percent_decode(url.username())?;
        let password = url.password().map(percent_decode).transpose()?;
        url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| ProviderUrlError::MissingHost)?;
        Ok(Some(Self { user_name, password }))
    }
}

/// What is wrong with a provider's URL. No message repeats a part that can hold a secret.
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

/// The address that was probably meant; only a plain host and port is repeated, all else may hold a secret.
fn example_with_scheme(text: &str) -> String {
    if text.eq_ignore_ascii_case("builtin") {
        return BUILTIN.to_owned();
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let host = text.trim_start_matches("https:").trim_start_matches("http:").trim_matches('/');
    if host.is_empty() || !host.bytes().all(is_plain) {
        return ProviderUrl::DEFAULT.to_owned();
    }
    format!("http://{host}")
}

fn percent_decode(text: &str) -> Result<String, ProviderUrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |at: usize| tail.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        let escaped = match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).map_err(|_| ProviderUrlError::Credentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(text: &str) -> HttpUrl {
        match text.parse() {
            Ok(ProviderUrl::Http(url)) => url,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn paths_are_joined_without_doubled_slashes() {
        for (text, redacted, endpoint) in [
            (ProviderUrl::DEFAULT, "http://127.0.0.1:11434", "http://127.0.0.1:11434/api/generate"),
            (" http://h:1/ ", "http://h:1", "http://h:1/api/generate"),
            ("https://gw.example/ollama", "https://gw.example/ollama", "https://gw.example/ollama/api/generate"),
            ("https://gw.example/a/b//", "https://gw.example/a/b", "https://gw.example/a/b/api/generate"),
            ("http://[::1]:11434", "http://[::1]:11434", "http://[::1]:11434/api/generate"),
            ("HTTP://H:80/x?key=s", "http://h/x", "http://h/x/api/generate?key=s"),
        ] {
            let url = http(text);
            assert_eq!((url.redacted(), url.endpoint("api/generate").as_str()), (redacted, endpoint));
        }
    }

    #[test]
    fn the_embedded_provider_has_no_address() {
        assert_eq!("builtin:".parse(), Ok(ProviderUrl::Builtin));
        assert_eq!(ProviderUrl::Builtin.to_string(), "builtin:");
        assert_eq!("builtin:outline".parse::<ProviderUrl>(), Err(ProviderUrlError::BuiltinWithRest));
    }

    #[test]
    fn a_wrong_address_is_explained() {
        for (text, expected) in [
            ("localhost:11434", "provider URL has no scheme; write http://localhost:11434"),
            ("127.0.0.1:11434/", "provider URL has no scheme; write http://127.0.0.1:11434"),
            ("http:localhost", "provider URL has no scheme; write http://localhost"),
            ("", "provider URL has no scheme; write http://127.0.0.1:11434"),
            ("builtin", "provider URL has no scheme; write builtin:"),
            ("ftp://h", "provider URL has the scheme \"ftp\"; accepted are http://, https:// and builtin:"),
            ("http://", "provider URL names no host; write for example http://127.0.0.1:11434"),
            (
                "http://h:99999",
                "provider URL cannot be read (invalid port number); write for example http://127.0.0.1:11434",
            ),
            ("http://h/api/", "provider URL ends with /api, which is added for each call; leave it out"),
            ("http://h/v1", "provider URL ends with /v1, which is added for each call; leave it out"),
            (
                "http://h/p/api/generate",
                "provider URL ends with /api/generate, which is added for each call; leave it out",
            ),
        ] {
            assert_eq!(text.parse::<ProviderUrl>().unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let url = http("http://us%65r:p%40ss%3Asentinel@h:1/x?token=sentinel");
        assert_eq!(url.credentials(), Some(("user", Some("p@ss:sentinel"))));
        assert_eq!(url.redacted(), "http://h:1/x");
        let shown = format!("{url:?} {:?} {}", ProviderUrl::Http(url.clone()), ProviderUrl::Http(url.clone()));
        assert!(!shown.contains("sentinel") && !shown.contains("user"), "{shown}");
        assert!(!url.endpoint("api/generate").as_str().contains("p%40ss"));
        assert_eq!(http("http://token@h").credentials(), Some(("token", None)));
    }

    #[test]
    fn no_error_repeats_a_secret() {
        for text in [
            "sentinel@h:11434",
            "sentinel:sentinel@h:11434",
            "http://u:sentinel@h/api",
            "http://u:12#sentinel@h",
            "http://sentinel:12?x@h",
            "http://sentinel:12/x@h",
            "http://u:%ffsentinel@h",
            "http://u:sentinel@",
            "http://u:sentinel@h:port",
            "builtin:sentinel",
        ] {
            let error = text.parse::<ProviderUrl>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("sentinel"), "{text}: {error}");
        }
    }

    #[test]
    fn loopback_is_recognized_in_every_spelling() {
        for (text, expected) in [
            ("http://localhost:1", true),
            ("http://a.localhost", true),
            ("http://127.9.9.9", true),
            ("http://[::1]", true),
            ("http://0.0.0.0", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(http(text).is_loopback(), expected, "{text}");
        }
    }
}
