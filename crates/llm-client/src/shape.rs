//! The request fields besides the messages, adapted to what a server accepts.
//!
//! Servers refuse fields that they do not know, that a model does not support, or that have a newer name. A refusal
//! costs nothing, names the field, and holds for every question: from then on the field gets its other form or is
//! omitted.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use crate::{AskError, failure_class::is_about_length};

/// The forms of one field, current one first; empty if it is not sent.
type Forms = Vec<(&'static str, Value)>;

/// The fields besides model and messages, whether a system message is allowed, and the size of the context.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    fields: Vec<Forms>,
    /// Whether the instruction is a separate message before the user's first one.
    pub(crate) has_system_role: bool,
    /// The server's context in tokens, if it is known to be smaller than requested.
    pub(crate) window: Option<u32>,
}

impl Shape {
    /// A shape with `fields`, each with all of its forms.
    pub(crate) fn new(fields: Vec<Forms>) -> Self {
        Self { fields, has_system_role: true, window: None }
    }

    /// The fields as they are sent.
    pub(crate) fn fields(&self) -> Map<String, Value> {
        self.present().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    /// The fields in one canonical line.
    pub(crate) fn options(&self) -> String {
        let mut line: Vec<String> =
            self.present().map(|(name, value)| format!("{name}={}", canonical(value))).collect();
        if !self.has_system_role {
            line.push("system=user".to_owned());
        }
        line.join(" ")
    }

    fn present(&self) -> impl Iterator<Item = &(&'static str, Value)> {
        self.fields.iter().filter_map(|forms| forms.first())
    }

    /// Applies the change that a refusal's text `detail` names; returns its description.
    fn adapt(&mut self, detail: &str) -> Option<String> {
        let detail = detail.to_lowercase();
        if is_about_length(&detail) {
            return self.shrink(&detail);
        }
        if self.has_system_role && detail.contains("system") && detail.contains("role") {
            self.has_system_role = false;
            return Some("the instruction is sent in the first message of the user".to_owned());
        }
        let is_named = |forms: &&mut Forms| forms.first().is_some_and(|(name, _)| has_word(&detail, name));
        let forms = self.fields.iter_mut().find(is_named)?;
        let (name, _) = forms.remove(0);
        Some(match forms.first() {
            Some((other, value)) => format!("{other}={} is sent instead of {name}", canonical(value)),
            None => format!("{name} is not sent"),
        })
    }

    fn shrink(&mut self, detail: &str) -> Option<String> {
        let window = window_in(detail).filter(|window| self.window.is_none_or(|known| *window < known))?;
        self.window = Some(window);
        Some(format!("code is cut to a context of {window} tokens"))
    }
}

/// A shape that all questions of a client share.
#[derive(Debug)]
pub(crate) struct SharedShape(Mutex<Shape>);

impl SharedShape {
    pub(crate) fn new(shape: Shape) -> Self {
        Self(Mutex::new(shape))
    }

    /// The current shape.
    pub(crate) fn now(&self) -> Shape {
        self.lock().clone()
    }

    /// Records that the server's context has this number of tokens.
    pub(crate) fn learn_window(&self, window: u32) {
        self.lock().window = Some(window);
    }

    /// Interprets `error` for a question sent in the shape `sent`: if the server refused a part, that part is changed
    /// and the question can be sent again.
    pub(crate) fn adapted(&self, sent: &Shape, error: AskError) -> AskError {
        let AskError::Status { status: 400 | 422 | 500, detail, .. } = &error else { return error };
        let mut shape = self.lock();
        if *shape != *sent {
            return AskError::Adapted { change: "the request was changed in the meantime".to_owned() };
        }
        match shape.adapt(detail) {
            Some(change) => AskError::Adapted { change },
            None => error,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shape> {
        // A shape is consistent at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `0` and `0.0` are one value.
fn canonical(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.as_f64() == Some(0.0) => "0".to_owned(),
        other => other.to_string(),
    }
}

/// Whether `name` is a separate word in `text`.
fn has_word(text: &str, name: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part))
}

/// The context size in a refusal's text: its smallest plausible token count, since the request is larger than that.
fn window_in(detail: &str) -> Option<u32> {
    const SMALLEST: u32 = 256;
    let mut parts = detail.split([' ', '(', ')', ',', ';', ':', '"', '=']);
    let numbers = parts.by_ref().filter_map(|part| part.trim_end_matches('.').parse::<u32>().ok());
    numbers.filter(|number| *number >= SMALLEST).min()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shape() -> Shape {
        Shape::new(vec![
            vec![("max_tokens", json!(96)), ("max_completion_tokens", json!(96))],
            vec![("temperature", json!(0.0))],
            vec![("reasoning_effort", json!("none")), ("reasoning_effort", json!("low"))],
        ])
    }

    #[test]
    fn refused_field_is_renamed_or_dropped() {
        let mut shape = shape();
        for (detail, options) in [
            (
                "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.",
                "max_completion_tokens=96 temperature=0 reasoning_effort=none",
            ),
            ("'temperature' does not support 0 with this model.", "max_completion_tokens=96 reasoning_effort=none"),
            ("reasoning_effort: input should be 'low'", "max_completion_tokens=96 reasoning_effort=low"),
            ("unrecognized request argument: reasoning_effort", "max_completion_tokens=96"),
            ("System role not supported", "max_completion_tokens=96 system=user"),
        ] {
            assert!(shape.adapt(detail).is_some(), "{detail}");
            assert_eq!(shape.options(), options);
        }
        assert_eq!(shape.adapt("temperature is wrong"), None);
        assert_eq!(shape.adapt("no such thing"), None);
    }

    #[test]
    fn context_size_is_read_from_refusal() {
        for (detail, expected) in [
            (
                "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4904 in the \
                 messages, 96 in the completion).",
                Some(4096),
            ),
            ("request (12345 tokens) exceeds the available context size (8192 tokens), try increasing it", Some(8192)),
            ("the model is loaded with context length of only 4096 tokens", Some(4096)),
            ("prompt is too long", None),
        ] {
            let mut shape = shape();
            assert_eq!(shape.adapt(detail).is_some(), expected.is_some(), "{detail}");
            assert_eq!(shape.window, expected, "{detail}");
            assert_eq!(shape.adapt(detail), None, "no second time");
        }
    }

    #[test]
    fn refusal_of_older_shape_is_retried() {
        let shared = SharedShape::new(shape());
        let refusal = || AskError::Status { status: 400, detail: "temperature".to_owned(), retry_after: None };
        let sent = shared.now();
        assert!(matches!(shared.adapted(&sent, refusal()), AskError::Adapted { .. }));
        assert!(matches!(shared.adapted(&sent, refusal()), AskError::Adapted { .. }));
        assert!(matches!(shared.adapted(&shared.now(), refusal()), AskError::Status { .. }));
    }
}
