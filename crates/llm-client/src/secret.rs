//! A credential that cannot be shown by accident.

use std::{fmt, str::FromStr};

use reqwest::header::HeaderValue;

/// A bearer token. It is sent to the provider, and neither `Debug` nor `Display` shows any of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for redaction.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The value of the `Authorization` header, marked as sensitive so that the HTTP library never logs it.
    pub(crate) fn bearer(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl FromStr for Secret {
    type Err = SecretError;

    /// Surrounding white space, such as a file's last line break, and a leading `Bearer ` are removed.
    fn from_str(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        let text = text.strip_prefix("Bearer ").unwrap_or(text).trim();
        if text.is_empty() {
            return Err(SecretError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SecretError::Unsendable);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(***)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// Why a text is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Nothing, or white space only.
    #[error("token is empty")]
    Empty,
    /// A line break, a blank, or a non-ASCII character, which a header cannot carry.
    #[error("token has a blank, a line break or another character that cannot be sent in a header")]
    Unsendable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_checked_before_sending() {
        for (text, expected) in [
            ("sk-1\n", Ok("sk-1")),
            (" Bearer sk-1 ", Ok("sk-1")),
            ("", Err(SecretError::Empty)),
            (" \n", Err(SecretError::Empty)),
            ("a\r\nX-Evil: 1", Err(SecretError::Unsendable)),
            ("a b", Err(SecretError::Unsendable)),
            ("ключ", Err(SecretError::Unsendable)),
        ] {
            let secret: Result<Secret, _> = text.parse();
            assert_eq!(secret.as_ref().map(Secret::expose).map_err(|error| *error), expected, "{text:?}");
        }
    }

    #[test]
    fn no_text_shows_secret() {
        let secret: Secret = "s3ntinel".parse().unwrap();
        assert_eq!(format!("{secret} {secret:?}"), "*** Secret(***)");
        assert!(!format!("{:?}", secret.bearer()).contains("s3ntinel"));
    }
}
