//! Reads the answer of `POST /api/chat`.
//!
//! Unknown fields are ignored, and omitted numbers are unknown rather than 0.

use serde_json::{Map, Value};

use crate::{AskError, completion::Completion, http::Reply};

/// The model's text, if the reply is an answer.
pub(super) fn read_completion(reply: &Reply<'_>) -> Result<Completion, AskError> {
    read_fields(&reply.object()?)
}

fn read_fields(fields: &Map<String, Value>) -> Result<Completion, AskError> {
    if fields.get("done") != Some(&Value::Bool(true)) {
        return Err(AskError::Incomplete { problem: "the generation was aborted (done is not true)" });
    }
    let done_reason = fields.get("done_reason").and_then(Value::as_str);
    if matches!(done_reason, Some("load" | "unload")) {
        return Err(AskError::Incomplete { problem: "the model was loaded or unloaded without an answer" });
    }
    let Some(Value::String(text)) = fields.get("message").and_then(|message| message.get("content")) else {
        return Err(AskError::Malformed { problem: "the field message.content is missing or not text" });
    };
    let count = |name: &str| fields.get(name).and_then(Value::as_u64);
    let [prompt_tokens, answer_tokens] = [count("prompt_eval_count"), count("eval_count")];
    let thought = fields.get("message").and_then(|message| message.get("thinking")?.as_str()).unwrap_or_default();
    if done_reason == Some("length") && text.trim().is_empty() && !thought.trim().is_empty() {
        return Err(AskError::SpentOnThinking { prompt_tokens, answer_tokens });
    }
    Ok(Completion { text: text.clone(), is_cut_off: done_reason == Some("length"), prompt_tokens, answer_tokens })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Completion, AskError> {
        read_fields(&serde_json::from_str(body).unwrap())
    }

    #[test]
    fn complete_answer_is_read() {
        let body = r#"{"model":"m","message":{"role":"assistant","content":"Adds\u003c \u00e4.","thinking":"Hm."},"done":true,"done_reason":"stop",
            "prompt_eval_count":12,"eval_count":3,"context":[1,2],"total_duration":5}"#;
        let expected = Completion {
            text: "Adds< ä.".to_owned(),
            is_cut_off: false,
            prompt_tokens: Some(12),
            answer_tokens: Some(3),
        };
        assert_eq!(read(body).unwrap(), expected);
    }

    #[test]
    fn absent_counts_are_unknown() {
        let completion =
            read(r#"{"message":{"content":"x"},"done":true,"done_reason":"length","eval_count":-1}"#).unwrap();
        assert_eq!((completion.is_cut_off, completion.prompt_tokens, completion.answer_tokens), (true, None, None));
    }

    #[test]
    fn unusable_answers_are_classified() {
        for (body, expected) in [
            (
                r#"{"message":{"content":"x"},"done":false}"#,
                "incomplete answer: the generation was aborted (done is not true)",
            ),
            (r#"{"message":{"content":"x"}}"#, "incomplete answer: the generation was aborted (done is not true)"),
            (
                r#"{"message":{"content":""},"done":true,"done_reason":"load"}"#,
                "incomplete answer: the model was loaded or unloaded without an answer",
            ),
            (
                r#"{"message":{"content":"","thinking":"Hm"},"done":true,"done_reason":"length","eval_count":96}"#,
                "the model spent its 96 tokens on thinking and gave no answer",
            ),
            (r#"{"done":true}"#, "malformed answer: the field message.content is missing or not text"),
            (
                r#"{"message":{"content":null},"done":true}"#,
                "malformed answer: the field message.content is missing or not text",
            ),
            (r#"{"message":7,"done":true}"#, "malformed answer: the field message.content is missing or not text"),
        ] {
            assert_eq!(read(body).unwrap_err().reason(), expected, "{body}");
        }
    }
}
