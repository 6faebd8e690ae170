//! Finds the words in the body of an error, whatever server wrote it.

use serde_json::{Map, Value};

/// The longest line that is kept of an error's body, in characters.
pub(crate) const MAX_DETAIL_CHARS: usize = 160;

/// The text of an error's body; empty where it has none.
pub(super) fn text_of_body(body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let trimmed = body.trim_start_matches('\u{feff}').trim_start();
    if let Ok(value) = serde_json::from_str::<Value>(trimmed) {
        let error = value.get("error").filter(|error| !error.is_null()).unwrap_or(&value);
        return error_text(error).unwrap_or_default();
    }
    if trimmed.starts_with('<') {
        return "a page of markup".to_owned();
    }
    trimmed.lines().next().unwrap_or_default().to_owned()
}

/// The text of `"…"`, or of an object with `message`, `detail`, `error` or `msg`, with its `code` where it is a word.
///
/// `detail` can be a list of such objects, one for each wrong field.
pub(crate) fn error_text(error: &Value) -> Option<String> {
    match error {
        Value::String(text) => Some(text.clone()),
        Value::Array(errors) => errors.iter().find_map(error_text_of_object),
        _ => error_text_of_object(error),
    }
}

fn error_text_of_object(error: &Value) -> Option<String> {
    let fields = error.as_object()?;
    let text = text_field(fields, &["message", "error", "msg"])
        .or_else(|| match fields.get("detail")? {
            Value::String(text) => Some(text),
            Value::Array(details) => text_field(details.first()?.as_object()?, &["msg"]),
            _ => None,
        })
        .or_else(|| text_field(fields, &["code", "type"]))?;
    match text_field(fields, &["code"]) {
        Some(code) if !text.contains(code) => Some(format!("{text} ({code})")),
        _ => Some(text.to_owned()),
    }
}

fn text_field<'a>(fields: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| fields.get(*name)?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_an_error_are_found() {
        for (body, expected) in [
            (r#"{"error":"model 'x' not found"}"#, "model 'x' not found"),
            (r#"{"error":{"message":"no more","code":1}}"#, "no more"),
            (r#"{"error":{"message":"no more","code":"insufficient_quota"}}"#, "no more (insufficient_quota)"),
            (r#"{"error":{"code":"rate_limited"}}"#, "rate_limited"),
            (r#"{"object":"error","message":"bad","type":"BadRequestError","code":400}"#, "bad"),
            (r#"{"detail":"Not Found"}"#, "Not Found"),
            (
                r#"{"detail":[{"loc":["body","seed"],"msg":"extra fields not permitted"}]}"#,
                "extra fields not permitted",
            ),
            (r#"[{"error":"listed"}]"#, "listed"),
            (r#"{"error":[1]}"#, ""),
            (r#"{"error":null,"message":"beside"}"#, "beside"),
            ("404 page not found\nmore", "404 page not found"),
            ("\n\n busy \n", "busy "),
            ("<html>\n<body>502</body>", "a page of markup"),
            ("", ""),
        ] {
            assert_eq!(text_of_body(body.as_bytes()), expected, "{body}");
        }
    }
}
