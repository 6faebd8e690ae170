//! Where the provider is: the embedded one, or a server's address.
//!
//! Reading an address removes its credentials. They are kept apart, and no text of these types (`Display`, `Debug`, an
//! error) shows them, nor the query, which may hold a gateway's key.

mod credentials;
mod error;
mod http_url;

use std::{fmt, str::FromStr};

pub use error::ProviderUrlError;
pub use http_url::HttpUrl;
use url::Url;

const BUILTIN: &str = "builtin:";

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

    /// The address that Ollama's own client reads from `OLLAMA_HOST` (`envconfig.Host` in its source): a scheme, a host
    /// and a port, each optional.
    pub fn of_ollama_host(value: &str) -> String {
        let value = value.trim().trim_matches(['"', '\'']);
        let (scheme, rest) = value.split_once("://").unwrap_or(("", value));
        let (host_and_port, path) = rest.split_once('/').unwrap_or((rest, ""));
        let is_address = host_and_port.starts_with('[') || host_and_port.matches(':').count() == 1;
        let (host, port) = match host_and_port.rsplit_once(':').filter(|(host, _)| is_address && !host.ends_with(':')) {
            Some((host, port)) if port.parse::<u16>().is_ok() => (host, port),
            _ => (host_and_port, ""),
        };
        let port = match (port, scheme) {
            ("", "http") => "80",
            ("", "https") => "443",
            ("", _) => "11434",
            (port, _) => port,
        };
        let host = match host {
            "" | "0.0.0.0" => "127.0.0.1",
            "[::]" => "[::1]",
            host => host,
        };
        let bracketed =
            if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
        let scheme = if scheme.is_empty() { "http" } else { scheme };
        format!("{scheme}://{bracketed}:{port}/{path}").trim_end_matches('/').to_owned()
    }

    /// The URL without credentials, query and trailing slash, for storage and display.
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

/// The address that was probably intended. Only a plain host and port is repeated; everything else may hold a secret.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ollama_host_is_read_like_ollama() {
        for (value, expected) in [
            ("", "http://127.0.0.1:11434"),
            ("1.2.3.4", "http://1.2.3.4:11434"),
            (":1234", "http://127.0.0.1:1234"),
            ("0.0.0.0:1234", "http://127.0.0.1:1234"),
            ("example.com:1234", "http://example.com:1234"),
            ("http://example.com", "http://example.com:80"),
            ("https://example.com/ollama/", "https://example.com:443/ollama"),
            ("[::1]", "http://[::1]:11434"),
            ("[::1]:1337", "http://[::1]:1337"),
            ("::1", "http://[::1]:11434"),
            ("\"1.2.3.4\"", "http://1.2.3.4:11434"),
        ] {
            assert_eq!(ProviderUrl::of_ollama_host(value), expected, "{value}");
        }
    }

    #[test]
    fn embedded_provider_has_no_address() {
        assert_eq!("builtin:".parse(), Ok(ProviderUrl::Builtin));
        assert_eq!(ProviderUrl::Builtin.to_string(), "builtin:");
        assert_eq!("builtin:outline".parse::<ProviderUrl>(), Err(ProviderUrlError::BuiltinWithRest));
    }

    #[test]
    fn wrong_address_is_explained() {
        for (text, expected) in [
            ("localhost:11434", "provider URL has no scheme; write http://localhost:11434"),
            ("127.0.0.1:11434/", "provider URL has no scheme; write http://127.0.0.1:11434"),
            ("http:localhost", "provider URL has no scheme; write http://localhost"),
            ("", "provider URL has no scheme; write http://127.0.0.1:11434"),
            ("builtin", "provider URL has no scheme; write builtin:"),
            ("ftp://h", "provider URL has the scheme \"ftp\"; accepted are http://, https:// and builtin:"),
            ("http://", "provider URL has no host; an example is http://127.0.0.1:11434"),
            ("http://h:99999", "provider URL is invalid (invalid port number); an example is http://127.0.0.1:11434"),
        ] {
            assert_eq!(text.parse::<ProviderUrl>().unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn errors_hide_secrets() {
        for text in [
            "sentinel@h:11434",
            "sentinel:sentinel@h:11434",
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
}
