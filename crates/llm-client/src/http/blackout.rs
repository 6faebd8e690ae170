//! Redacts the credentials in a server's replies.

use std::{borrow::Cow, iter};

use url::form_urlencoded::byte_serialize;

use crate::{
    HttpUrl, Secret,
    plain_text::{cap, collapse},
};

const BLACK: &str = "***";
/// A shorter query value is more likely a switch than a key.
const MIN_KEY_BYTES: usize = 6;

/// The secret texts in lower case, longest first.
#[derive(Clone, Default)]
pub(crate) struct Blackout {
    hidden: Vec<String>,
}

impl Blackout {
    /// Hides password and query of `url` and `token`, each also percent-encoded, and `authorization` as it is sent.
    pub(super) fn new(url: &HttpUrl, token: Option<&Secret>, authorization: Option<&str>) -> Self {
        let password = url.credentials().map(|both| both.secret().to_owned());
        let keys = url.query_values().map(Cow::into_owned).filter(|value| value.len() >= MIN_KEY_BYTES);
        // The part behind the scheme is the Base64 of user name and password.
        let sent = authorization.and_then(|value| value.split_once(' ')).map(|(_, sent)| sent.to_owned());
        let plain = password.into_iter().chain(keys).chain(sent).chain(token.map(|token| token.expose().to_owned()));
        let mut hidden: Vec<String> = plain
            .flat_map(|text| iter::once(byte_serialize(text.as_bytes()).collect::<String>()).chain([text]))
            .map(|text| text.to_ascii_lowercase())
            .filter(|text| !text.is_empty())
            .collect();
        hidden.sort_unstable_by_key(|text| std::cmp::Reverse(text.len()));
        hidden.dedup();
        Self { hidden }
    }

    /// `text` on one line of at most `max_chars` characters, with the credentials redacted in any case.
    pub(crate) fn line(&self, text: &str, max_chars: usize) -> String {
        // Redact twice: the line loses white space inside a secret, and the raw text may have invisible characters
        // inside.
        cap(&self.blacken(&collapse(&self.blacken(text))), max_chars)
    }

    /// `text` with the longer credentials redacted; a short password may be an ordinary word of the sentence.
    pub(crate) fn answer(&self, text: &str) -> String {
        let long = self.hidden.iter().filter(|secret| secret.len() >= MIN_KEY_BYTES);
        long.fold(text.to_owned(), |text, secret| replace_ignoring_case(&text, secret))
    }

    fn blacken(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, secret| replace_ignoring_case(&text, secret))
    }
}

/// `secret` is in lower case. ASCII lower case keeps byte positions, so positions in one text are valid in the other.
fn replace_ignoring_case(text: &str, secret: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut black = String::with_capacity(text.len());
    let mut end = 0;
    for (start, found) in lower.match_indices(secret) {
        black.push_str(&text[end..start]);
        black.push_str(BLACK);
        end = start + found.len();
    }
    black.push_str(&text[end..]);
    black
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProviderUrl;

    fn blackout(url: &str, token: Option<&str>, authorization: Option<&str>) -> Blackout {
        let Ok(ProviderUrl::Http(url)) = url.parse() else { panic!("{url}") };
        Blackout::new(&url, token.map(|token| token.parse().unwrap()).as_ref(), authorization)
    }

    #[test]
    fn credential_is_hidden_in_every_form() {
        let blackout = blackout("http://u:p%40ss@h/?key=gateway&v=1", None, Some("Basic dTpwQHNz"));
        for (text, expected) in [
            ("no p@ss for u", "no *** for u"),
            ("p%40ss, P@SS", "***, ***"),
            ("header Basic dTpwQHNz", "header Basic ***"),
            ("key Gateway v 1", "key *** v 1"),
            ("p\u{200b}@ss", "***"),
            ("ä p@ss ö", "ä *** ö"),
        ] {
            assert_eq!(blackout.line(text, 100), expected);
        }
    }

    #[test]
    fn token_is_hidden_before_cutting() {
        let blackout = blackout("http://h", Some("s3ntinel-s3ntinel"), None);
        assert_eq!(blackout.line("bad token s3ntinel-s3ntinel", 20), "bad token ***");
    }

    #[test]
    fn text_without_credentials_is_unchanged() {
        assert_eq!(blackout("http://h", None, None).line("all of it", 100), "all of it");
    }
}
