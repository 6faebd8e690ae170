//! A complete direct reply of the provider: its status, and the JSON object or the error in its body.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Map, Value};

use super::{Blackout, MAX_DETAIL_CHARS, error_text, error_text::text_of_body, stream::whole_answer};
use crate::AskError;

/// A reply with any status except a redirect.
pub(crate) struct Reply<'a> {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<Duration>,
    /// The `Server` header; empty if there is none.
    pub(super) server: String,
    pub(super) is_encoded: bool,
    pub(super) body: Vec<u8>,
    pub(super) blackout: &'a Blackout,
}

impl Reply<'_> {
    /// The status as a number.
    pub(crate) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The server's name for itself; empty if it gives none.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// The JSON object of a successful reply, with its fields unchecked.
    pub(crate) fn json(&self) -> Result<Value, AskError> {
        let malformed = |problem| AskError::Malformed { problem };
        if !self.status.is_success() {
            return Err(self.refusal());
        }
        if self.is_encoded {
            return Err(malformed("the body has a content encoding that was not asked for"));
        }
        // A character that the server split between two chunks is damaged; the rest of the text is still good.
        let body = String::from_utf8_lossy(&self.body);
        let body = body.trim_start_matches('\u{feff}').trim();
        if body.is_empty() {
            return Err(AskError::Incomplete { problem: "the body is empty" });
        }
        if body.starts_with('<') {
            return Err(AskError::Page);
        }
        serde_json::from_str(body).or_else(|error| whole_answer(body).ok_or(error)).map_err(|error| {
            let truncated = AskError::Incomplete { problem: "the body ends in the middle of its JSON" };
            if error.is_eof() { truncated } else { malformed("the body is not JSON") }
        })
    }

    /// The fields of a successful reply without an error.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, AskError> {
        let Value::Object(fields) = self.json()? else {
            return Err(AskError::Malformed { problem: "the body is not a JSON object" });
        };
        match fields.get("error").filter(|error| !error.is_null()) {
            Some(error) => Err(self.reported(error)),
            None => Ok(fields),
        }
    }

    /// The error of a reply with a success status.
    pub(crate) fn reported(&self, error: &Value) -> AskError {
        let text = error_text(error).unwrap_or_default();
        AskError::Reported { detail: self.blackout.line(&text, MAX_DETAIL_CHARS) }
    }

    /// A printable form of the server's text.
    pub(crate) fn shown(&self, text: &str) -> String {
        self.blackout.line(text, MAX_DETAIL_CHARS)
    }

    /// The model's text, with redacted credentials, since a gateway may have inserted them.
    pub(crate) fn answer_text(&self, text: &str) -> String {
        self.blackout.answer(text)
    }

    /// The error for a failure status.
    fn refusal(&self) -> AskError {
        let detail = if self.is_encoded { String::new() } else { self.shown(&text_of_body(&self.body)) };
        AskError::Status { status: self.status(), detail, retry_after: self.retry_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, is_encoded: bool, body: &str, expected: &str) {
        let reply = Reply {
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: None,
            server: String::new(),
            is_encoded,
            body: body.into(),
            blackout: &Blackout::default(),
        };
        assert_eq!(reply.object().unwrap_err().reason(), expected, "{body:.40}");
    }

    #[test]
    fn non_object_bodies_are_classified() {
        for (body, expected) in [
            ("", "incomplete answer: the body is empty"),
            (" \n", "incomplete answer: the body is empty"),
            ("<!DOCTYPE html><html>", "malformed answer: an HTML page instead of JSON"),
            (r#"{"response":"half"#, "incomplete answer: the body ends in the middle of its JSON"),
            (&"[".repeat(100_000), "malformed answer: the body is not JSON"),
            ("busy", "malformed answer: the body is not JSON"),
            ("[1]", "malformed answer: the body is not a JSON object"),
            ("null", "malformed answer: the body is not a JSON object"),
            (r#"{"error":"out of\nmemory"}"#, "provider reported an error: out of memory"),
            (r#"{"error":{"message":"no"},"response":"x","done":true}"#, "provider reported an error: no"),
            (r#"{"error":{}}"#, "provider reported an error"),
        ] {
            check(200, false, body, expected);
        }
        check(200, true, "{}", "malformed answer: the body has a content encoding that was not asked for");
    }

    #[test]
    fn error_keeps_one_short_line() {
        check(500, false, "\n busy\u{1b}[1m \n", "provider answered with status 500: busy [1m");
        check(500, true, "\u{1f}\u{8b}", "provider answered with status 500");
        let long = format!("provider answered with status 500: {}words…", "words ".repeat(25));
        check(500, false, &"words ".repeat(99), &long);
    }
}
