//! Extracts the text of an error body of any server.

use serde_json::{Map, Value};

use crate::obstacle::wants_encryption;

/// The maximum length of a stored error line, in characters.
pub(crate) const MAX_DETAIL_CHARS: usize = 160;

/// Names of fields with the text of an error, most common first.
const MESSAGES: [&str; 8] =
    ["message", "error", "msg", "detail", "error_description", "reason", "title", "description"];

/// The text of an error body; empty if it has none.
pub(super) fn text_of_body(body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let trimmed = body.trim_start_matches('\u{feff}').trim_start();
    if let Ok(value) = serde_json::from_str::<Value>(trimmed) {
        let error = value.get("error").filter(|error| !error.is_null()).unwrap_or(&value);
        return error_text(error).unwrap_or_default();
    }
    if trimmed.starts_with('<') {
        // The one HTML page with useful text: it says that the address needs another scheme.
        let about = if wants_encryption(trimmed) { ": a plain HTTP request was sent to HTTPS port" } else { "" };
        return format!("an HTML page{about}");
    }
    trimmed.lines().next().unwrap_or_default().to_owned()
}

/// The first text in `error`, at any depth. Message fields come first, then code fields. The affected request field, a
/// code that is a word, and a context size are appended.
pub(crate) fn error_text(error: &Value) -> Option<String> {
    match error {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Array(errors) => errors.iter().filter(|error| !error.is_string()).find_map(error_text),
        Value::Object(fields) => error_text_of_object(fields),
        _ => None,
    }
}

fn error_text_of_object(fields: &Map<String, Value>) -> Option<String> {
    let named = |names: &[&str]| names.iter().find_map(|name| error_text(fields.get(*name)?));
    let nested = || fields.values().filter(|value| value.is_object() || value.is_array()).find_map(error_text);
    let mut text = named(&MESSAGES).or_else(nested).or_else(|| named(&["code", "type"]))?;
    if let Some(field) = field_of(fields).filter(|field| !text.contains(field)) {
        text = format!("{field}: {text}");
    }
    if let Some(code) = fields.get("code").and_then(Value::as_str).filter(|code| !text.contains(code)) {
        text = format!("{text} ({code})");
    }
    match fields.get("n_ctx").and_then(Value::as_u64) {
        Some(size) => Some(format!("{text} (n_ctx {size})")),
        None => Some(text),
    }
}

/// The request field that an error concerns: `param`, or the last part of a path of names.
fn field_of(fields: &Map<String, Value>) -> Option<&str> {
    let path = || fields.get("loc")?.as_array()?.iter().filter_map(Value::as_str).next_back();
    fields.get("param").and_then(Value::as_str).or_else(path).filter(|field| !field.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_text_is_extracted() {
        for (body, expected) in [
            (r#"{"error":"model 'x' not found"}"#, "model 'x' not found"),
            (r#"{"error":{"message":"no more","code":1}}"#, "no more"),
            (r#"{"error":{"message":"no more","code":"insufficient_quota"}}"#, "no more (insufficient_quota)"),
            (r#"{"error":{"code":"rate_limited"}}"#, "rate_limited"),
            (r#"{"object":"error","message":"bad","type":"BadRequestError","code":400}"#, "bad"),
            (r#"{"detail":"Not Found"}"#, "Not Found"),
            (
                r#"{"detail":[{"loc":["body","seed"],"msg":"extra fields not permitted"}]}"#,
                "seed: extra fields not permitted",
            ),
            (r#"{"error":{"inner":{"errors":[{"reason":"deep"}]}}}"#, "deep"),
            (
                r#"{"error":{"message":"Unsupported value","param":"temperature","code":null}}"#,
                "temperature: Unsupported value",
            ),
            (r#"{"error":{"message":"too large","n_prompt_tokens":900,"n_ctx":512}}"#, "too large (n_ctx 512)"),
            (r#"{"errors":[{"title":"Bad","detail":"No such field"}]}"#, "No such field"),
            (r#"[{"error":"listed"}]"#, "listed"),
            (r#"{"error":[1]}"#, ""),
            (r#"{"error":null,"message":"beside"}"#, "beside"),
            ("404 page not found\nmore", "404 page not found"),
            ("\n\n busy \n", "busy "),
            ("<html>\n<body>502</body>", "an HTML page"),
            ("", ""),
        ] {
            assert_eq!(text_of_body(body.as_bytes()), expected, "{body}");
        }
    }
}
