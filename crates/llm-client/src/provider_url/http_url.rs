//! A server's address, and how the two interfaces use its path.

use std::{borrow::Cow, fmt};

use url::{Host, Url};

use super::{ProviderUrlError, credentials::Credentials};

/// Paths of Ollama's interface that are added to the address; a copied one is reported before the first call.
const OLLAMA_TAILS: [&str; 3] = ["/api/generate", "/api/chat", "/api"];
/// The path of the call that is made.
const CHAT_TAIL: &str = "/chat/completions";
/// Paths of other calls.
const OTHER_CALLS: [&str; 4] = ["/v1/completions", "/v1/models", "/api/generate", "/api/chat"];
/// Paths that only the other interface has.
const OPENAI_TAILS: [&str; 4] = ["/v1/chat/completions", "/v1/completions", "/v1/models", "/v1"];

/// A server's address, with its credentials kept apart.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl {
    base: Url,
    credentials: Option<Credentials>,
    redacted: String,
}

impl HttpUrl {
    pub(super) fn new(mut url: Url) -> Result<Self, ProviderUrlError> {
        // A special character in a password that was not encoded ends the host early; nothing of such a text is shown.
        let after_host = url.path().contains('@') || url.query().is_some_and(|query| query.contains('@'));
        if after_host || url.fragment().is_some() {
            return Err(ProviderUrlError::NotEncoded);
        }
        let credentials = Credentials::take(&mut url)?;
        Ok(Self { redacted: redact(&url), base: url, credentials })
    }

    /// The URL without credentials, query and trailing slash.
    pub fn redacted(&self) -> &str {
        &self.redacted
    }

    /// Whether the path belongs to the `/v1` interface.
    pub(crate) fn has_openai_path(&self) -> bool {
        self.tail_among(&OPENAI_TAILS).is_some()
    }

    /// The address above `api/…`; an error if the path is that of a call.
    pub(crate) fn for_ollama(self) -> Result<Self, ProviderUrlError> {
        if let Some(tail) = self.tail_among(&OPENAI_TAILS) {
            return Err(ProviderUrlError::OpenAiPath { tail });
        }
        match self.tail_among(&OLLAMA_TAILS) {
            Some(tail) => Err(ProviderUrlError::EndpointPath { tail }),
            None => Ok(self),
        }
    }

    /// The address above `chat/completions`. A path is kept, since gateways have their own versions (`…/v4`). `/v1` is
    /// added to a bare host, and the user's text may include `/chat/completions`.
    pub(crate) fn for_openai(mut self) -> Result<Self, ProviderUrlError> {
        if let Some(tail) = self.tail_among(&OTHER_CALLS) {
            return Err(ProviderUrlError::EndpointPath { tail });
        }
        let path = self.path();
        let path = match path.strip_suffix(CHAT_TAIL).unwrap_or(path) {
            "" if path.is_empty() => "/v1".to_owned(),
            path => path.to_owned(),
        };
        self.base.set_path(&path);
        self.redacted = redact(&self.base);
        Ok(self)
    }

    fn path(&self) -> &str {
        self.base.path().trim_end_matches('/')
    }

    fn tail_among(&self, tails: &[&'static str]) -> Option<&'static str> {
        tails.iter().copied().find(|tail| self.path().ends_with(tail))
    }

    /// Whether the server is on this machine, so that no proxy applies.
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
        url.set_path(&format!("{}/{path}", self.path()));
        url
    }

    /// The address of `path` in place of the last part of this URL's path, its query kept.
    pub(crate) fn beside_version(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let parent = self.path().rsplit_once('/').map_or("", |(parent, _)| parent);
        url.set_path(&format!("{parent}/{path}"));
        url
    }

    /// User name and password, if the URL has them.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The values of the query, any of which may be a gateway's key.
    pub(crate) fn query_values(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.base.query_pairs().map(|(_, value)| value)
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("HttpUrl").field(&self.redacted).finish()
    }
}

fn redact(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProviderUrl;

    fn http(text: &str) -> HttpUrl {
        match text.parse() {
            Ok(ProviderUrl::Http(url)) => url,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn paths_join_with_single_slash() {
        for (text, redacted, endpoint) in [
            (ProviderUrl::DEFAULT, "http://127.0.0.1:11434", "http://127.0.0.1:11434/api/generate"),
            (" http://h:1/ ", "http://h:1", "http://h:1/api/generate"),
            ("https://gw.example/ollama", "https://gw.example/ollama", "https://gw.example/ollama/api/generate"),
            ("https://gw.example/a/b//", "https://gw.example/a/b", "https://gw.example/a/b/api/generate"),
            ("http://[::1]:11434", "http://[::1]:11434", "http://[::1]:11434/api/generate"),
            ("HTTP://H:80/x?key=s", "http://h/x", "http://h/x/api/generate?key=s"),
        ] {
            let url = http(text).for_ollama().unwrap();
            assert_eq!((url.redacted(), url.endpoint("api/generate").as_str()), (redacted, endpoint));
        }
    }

    #[test]
    fn other_interface_path_is_kept() {
        for (text, expected) in [
            ("http://h:8000", "http://h:8000/v1/models"),
            ("http://h:8000/", "http://h:8000/v1/models"),
            ("http://h:8000/v1", "http://h:8000/v1/models"),
            ("http://h:8000/v1/", "http://h:8000/v1/models"),
            ("http://h:8000/v1/chat/completions", "http://h:8000/v1/models"),
            ("http://h:8000/chat/completions", "http://h:8000/models"),
            ("https://gw.example/llm", "https://gw.example/llm/models"),
            ("https://gw.example/paas/v4", "https://gw.example/paas/v4/models"),
            ("https://gw.example/paas/v4/chat/completions/", "https://gw.example/paas/v4/models"),
            ("https://gw.example/api/v1/?key=s", "https://gw.example/api/v1/models?key=s"),
            ("https://gw.example/api", "https://gw.example/api/models"),
        ] {
            let url = http(text).for_openai().unwrap();
            assert_eq!(url.endpoint("models").as_str(), expected, "{text}");
        }
    }

    #[test]
    fn call_address_is_explained() {
        let added = |tail| format!("provider URL ends with {tail}, which each call adds itself; remove it");
        for (text, tail) in [
            ("http://h/api/", "/api"),
            ("http://h/p/api/generate", "/api/generate"),
            ("http://h/api/chat", "/api/chat"),
        ] {
            assert_eq!(http(text).for_ollama().unwrap_err().to_string(), added(tail), "{text}");
        }
        for (text, tail) in [
            ("http://h/v1/completions", "/v1/completions"),
            ("http://h/v1/models/", "/v1/models"),
            ("http://h/api/generate", "/api/generate"),
        ] {
            assert_eq!(http(text).for_openai().unwrap_err().to_string(), added(tail), "{text}");
        }
        assert_eq!(
            http("http://u:sentinel@h/v1").for_ollama().unwrap_err().to_string(),
            "provider URL ends with /v1, which is not part of Ollama's interface; remove it, or use provider openai"
        );
    }

    #[test]
    fn credentials_are_decoded_and_hidden() {
        let url = http("http://us%65r:p%40ss%3Asentinel@h:1/x?token=sentinel");
        let both = |url: &HttpUrl| url.credentials().map(|both| (both.user_name.clone(), both.password.clone()));
        assert_eq!(both(&url), Some(("user".to_owned(), Some("p@ss:sentinel".to_owned()))));
        assert_eq!(url.redacted(), "http://h:1/x");
        let shown = format!("{url:?} {:?} {}", ProviderUrl::Http(url.clone()), ProviderUrl::Http(url.clone()));
        assert!(!shown.contains("sentinel") && !shown.contains("user"), "{shown}");
        assert!(!url.endpoint("api/generate").as_str().contains("p%40ss"));
        assert_eq!(both(&http("http://token@h")), Some(("token".to_owned(), None)));
    }

    #[test]
    fn every_loopback_spelling_is_recognized() {
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
