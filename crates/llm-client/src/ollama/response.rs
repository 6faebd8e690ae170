//! Reads the body of an answer: what the model wrote, or one line about what went wrong.
//!
//! Unknown fields are ignored, and numbers that the server leaves out are unknown rather than 0.

use serde_json::{Map, Value};

use crate::{AskError, plain_text::one_line};

/// The longest line that is kept of an error's body, in characters.
const MAX_DETAIL_CHARS: usize = 160;

/// What the model wrote, as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Generated {
    pub(super) text: String,
    /// The model was stopped at the limit of tokens.
    pub(super) is_cut_off: bool,
    pub(super) prompt_tokens: Option<u64>,
    pub(super) answer_tokens: Option<u64>,
}

/// Reads the body of an answer with a status of success.
pub(super) fn read_generated(body: &[u8]) -> Result<Generated, AskError> {
    let malformed = |problem| AskError::Malformed { problem };
    // A character that the server split between two chunks arrives damaged; the rest of the text is still good.
    let body = String::from_utf8_lossy(body);
    let body = body.trim_start_matches('\u{feff}').trim();
    if body.is_empty() {
        return Err(malformed("the body is empty"));
    }
    if body.starts_with('<') {
        return Err(malformed("a page of markup instead of JSON"));
    }
    let value: Value = serde_json::from_str(body).map_err(|_| malformed("the body is no complete JSON"))?;
    let Value::Object(fields) = value else {
        return Err(malformed("the body is no JSON object"));
    };
    if let Some(error) = fields.get("error").filter(|error| !error.is_null()) {
        return Err(AskError::Reported { detail: error_text(error).unwrap_or_default() });
    }
    if fields.get("done") != Some(&Value::Bool(true)) {
        return Err(malformed("the generation was aborted (done is not true)"));
    }
    let Some(Value::String(text)) = fields.get("response") else {
        return Err(malformed("the field response is missing or no text"));
    };
    Ok(Generated {
        text: text.clone(),
        is_cut_off: fields.get("done_reason").and_then(Value::as_str) == Some("length"),
        prompt_tokens: count(&fields, "prompt_eval_count"),
        answer_tokens: count(&fields, "eval_count"),
    })
}

/// One short line of the body of an error; empty where it has no text.
pub(super) fn error_detail(body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    if let Ok(value) = serde_json::from_str::<Value>(&body) {
        let error = value.get("error").unwrap_or(&value);
        return error_text(error).unwrap_or_default();
    }
    if body.trim_start().starts_with('<') {
        return "a page of markup".to_owned();
    }
    body.lines().map(|line| one_line(line, MAX_DETAIL_CHARS)).find(|line| !line.is_empty()).unwrap_or_default()
}

/// The text of `"…"`, `{"message": "…"}` or `{"detail": "…"}`.
fn error_text(error: &Value) -> Option<String> {
    let text = match error {
        Value::String(text) => text,
        Value::Object(fields) => ["message", "detail"].iter().find_map(|name| fields.get(*name)?.as_str())?,
        _ => return None,
    };
    Some(one_line(text, MAX_DETAIL_CHARS))
}

fn count(fields: &Map<String, Value>, name: &str) -> Option<u64> {
    fields.get(name).and_then(Value::as_u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complete_answer_is_read() {
        let body = br#"{"model":"m","response":"Adds\u003c \u00e4.","done":true,"done_reason":"stop",
            "prompt_eval_count":12,"eval_count":3,"context":[1,2],"total_duration":5}"#;
        let expected = Generated {
            text: "Adds< ä.".to_owned(),
            is_cut_off: false,
            prompt_tokens: Some(12),
            answer_tokens: Some(3),
        };
        assert_eq!(read_generated(body).unwrap(), expected);
    }

    #[test]
    fn counts_that_are_absent_are_unknown() {
        let generated =
            read_generated(br#"{"response":"x","done":true,"done_reason":"length","eval_count":-1}"#).unwrap();
        assert_eq!((generated.is_cut_off, generated.prompt_tokens, generated.answer_tokens), (true, None, None));
    }

    #[test]
    fn damaged_utf8_damages_one_character_only() {
        assert_eq!(read_generated(b"{\"response\":\"a\xff b\",\"done\":true}").unwrap().text, "a\u{fffd} b");
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        let deep = "[".repeat(100_000);
        for (body, expected) in [
            ("", "malformed answer: the body is empty"),
            (" \n", "malformed answer: the body is empty"),
            ("<!DOCTYPE html><html>", "malformed answer: a page of markup instead of JSON"),
            (r#"{"response":"half"#, "malformed answer: the body is no complete JSON"),
            (deep.as_str(), "malformed answer: the body is no complete JSON"),
            ("[1]", "malformed answer: the body is no JSON object"),
            ("null", "malformed answer: the body is no JSON object"),
            (r#"{"response":"x","done":false}"#, "malformed answer: the generation was aborted (done is not true)"),
            (r#"{"response":"x"}"#, "malformed answer: the generation was aborted (done is not true)"),
            (r#"{"done":true}"#, "malformed answer: the field response is missing or no text"),
            (r#"{"response":null,"done":true}"#, "malformed answer: the field response is missing or no text"),
            (r#"{"response":7,"done":true}"#, "malformed answer: the field response is missing or no text"),
            (r#"{"error":"out of\nmemory"}"#, "provider reported an error: out of memory"),
            (r#"{"error":{"message":"no"},"response":"x","done":true}"#, "provider reported an error: no"),
        ] {
            assert_eq!(read_generated(body.as_bytes()).unwrap_err().reason(), expected, "{body:.40}");
        }
    }

    #[test]
    fn one_short_line_is_kept_of_an_error() {
        for (body, expected) in [
            (r#"{"error":"model 'x' not found"}"#, "model 'x' not found"),
            (r#"{"error":{"message":"quota","code":1}}"#, "quota"),
            (r#"{"detail":"Not Found"}"#, "Not Found"),
            (r#"{"error":[1]}"#, ""),
            ("404 page not found\nmore", "404 page not found"),
            ("\n\n busy\u{1b}[1m \n", "busy [1m"),
            ("<html>\n<body>502</body>", "a page of markup"),
            ("", ""),
        ] {
            assert_eq!(error_detail(body.as_bytes()), expected, "{body}");
        }
        assert!(error_detail("words ".repeat(99).as_bytes()).chars().count() <= MAX_DETAIL_CHARS);
    }
}
