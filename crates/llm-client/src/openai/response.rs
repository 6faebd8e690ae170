//! Reads the answer of `POST /v1/chat/completions`.
//!
//! Thinking is in separate fields (`reasoning_content`, `reasoning`) and is ignored, as all unknown fields are.

use serde_json::{Map, Value};

use crate::{AskError, Distrust, completion::Completion, http::Reply};

/// The model's text, if the reply is an answer.
pub(super) fn read_completion(reply: &Reply<'_>) -> Result<Completion, AskError> {
    let fields = reply.object()?;
    let is_error = fields.get("object").and_then(Value::as_str) == Some("error");
    if is_error || fields.contains_key("detail") && !fields.contains_key("choices") {
        return Err(reply.reported(&Value::Object(fields)));
    }
    read_fields(&fields)
}

fn read_fields(fields: &Map<String, Value>) -> Result<Completion, AskError> {
    let malformed = |problem| AskError::Malformed { problem };
    let choice = fields.get("choices").and_then(|choices| choices.get(0));
    let choice = choice.ok_or(malformed("the list choices is missing or empty"))?;
    let finish_reason = choice.get("finish_reason");
    match finish_reason.map(|reason| reason.as_str().unwrap_or_default()) {
        Some("" | "error" | "abort") => {
            return Err(AskError::Incomplete { problem: "the generation was aborted (no finish_reason of an end)" });
        }
        Some("content_filter") => return Err(AskError::Untrustworthy(Distrust::Refusal)),
        _ => {}
    }
    let message = choice.get("message").ok_or(malformed("the field message is missing"))?;
    let count = |name: &str| fields.get("usage")?.get(name)?.as_u64();
    let [prompt_tokens, answer_tokens] = [count("prompt_tokens"), count("completion_tokens")];
    if has_only_thought(message) && finish_reason.is_some_and(|reason| reason == "length") {
        return Err(AskError::SpentOnThinking { prompt_tokens, answer_tokens });
    }
    let Some(text) = message.get("content").and_then(text_of) else {
        let has_refused = message.get("refusal").is_some_and(Value::is_string);
        let missing = malformed("the field content is missing or not text");
        return Err(if has_refused { AskError::Untrustworthy(Distrust::Refusal) } else { missing });
    };
    Ok(Completion {
        text,
        // Without a finish reason only complete sentences are trusted.
        is_cut_off: finish_reason.is_none_or(|reason| reason == "length"),
        prompt_tokens,
        answer_tokens,
    })
}

/// Whether a message has thinking but no text.
fn has_only_thought(message: &Value) -> bool {
    let text = |name: &str| message.get(name).and_then(text_of).unwrap_or_default();
    let thought = ["reasoning_content", "reasoning", "thinking"].map(text);
    text("content").trim().is_empty() && thought.iter().any(|thought| !thought.trim().is_empty())
}

/// A text, or the texts in a list of parts.
fn text_of(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
            (!texts.is_empty()).then(|| texts.concat())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<Completion, AskError> {
        let Value::Object(fields) = body else { panic!("an object") };
        read_fields(&fields)
    }

    fn answered(content: &Value, finish_reason: &str) -> Value {
        let message = json!({"role": "assistant", "content": content, "reasoning_content": "Hm."});
        json!({"choices": [{"message": message, "finish_reason": finish_reason}]})
    }

    #[test]
    fn complete_answer_is_read() {
        let mut body = answered(&json!("Adds."), "stop");
        body["usage"] = json!({"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15});
        let expected =
            Completion { text: "Adds.".to_owned(), is_cut_off: false, prompt_tokens: Some(12), answer_tokens: Some(3) };
        assert_eq!(read(body).unwrap(), expected);
    }

    #[test]
    fn text_may_come_in_parts() {
        let parts = json!([{"type": "text", "text": "Adds "}, {"type": "image"}, {"type": "text", "text": "two."}]);
        assert_eq!(read(answered(&parts, "stop")).unwrap().text, "Adds two.");
    }

    #[test]
    fn missing_finish_reason_is_unreliable() {
        for (body, expected) in [
            (answered(&json!("x"), "stop"), false),
            (answered(&json!("x"), "eos"), false),
            (answered(&json!("x"), "length"), true),
            (json!({"choices": [{"message": {"content": "x"}}]}), true),
        ] {
            let completion = read(body).unwrap();
            assert_eq!((completion.is_cut_off, completion.answer_tokens), (expected, None));
        }
    }

    #[test]
    fn unusable_answers_are_classified() {
        let aborted = "incomplete answer: the generation was aborted (no finish_reason of an end)";
        let no_text = "malformed answer: the field content is missing or not text";
        for (body, expected) in [
            (json!({}), "malformed answer: the list choices is missing or empty"),
            (json!({"choices": []}), "malformed answer: the list choices is missing or empty"),
            (json!({"choices": [{}]}), "malformed answer: the field message is missing"),
            (json!({"choices": [{"message": {}, "finish_reason": null}]}), aborted),
            (answered(&json!(""), "length"), "the model spent all its tokens on thinking and gave no answer"),
            (answered(&json!("x"), "abort"), aborted),
            (answered(&json!("x"), "content_filter"), "untrustworthy answer: it is a refusal"),
            (answered(&json!(null), "tool_calls"), no_text),
            (answered(&json!(42), "stop"), no_text),
            (answered(&json!([]), "stop"), no_text),
            (
                json!({"choices": [{"message": {"content": null, "refusal": "No."}, "finish_reason": "stop"}]}),
                "untrustworthy answer: it is a refusal",
            ),
        ] {
            assert_eq!(read(body.clone()).unwrap_err().reason(), expected, "{body}");
        }
    }
}
