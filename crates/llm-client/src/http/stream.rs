//! Joins the parts of a stream that a server sends without being asked for one.
//!
//! Two forms are in use: lines of JSON objects (Ollama), and `data:` lines of server-sent events (`/v1`), which some
//! gateways also send after a complete answer.

use serde_json::{Map, Value};

/// More parts than any answer has.
const MAX_PIECES: usize = 100_000;

/// The answer in `body`, as if sent in one piece; `None` if it is not a stream.
pub(super) fn whole_answer(body: &str) -> Option<Value> {
    let mut lines = body.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(':'));
    let pieces: Vec<Map<String, Value>> = lines.by_ref().take(MAX_PIECES).filter_map(piece).collect();
    let (first, rest) = pieces.split_first()?;
    if rest.is_empty() && !body.trim_start().starts_with("data:") {
        return None;
    }
    let is_whole = first.get("choices").and_then(|choices| choices.get(0)?.get("message")).is_some();
    let joined = if is_whole || first.contains_key("error") {
        first.clone()
    } else if pieces.iter().any(|piece| piece.contains_key("choices")) {
        joined_choices(&pieces)
    } else {
        joined_messages(&pieces)?
    };
    Some(Value::Object(joined))
}

/// The object of one line, with or without an event field's name.
fn piece(line: &str) -> Option<Map<String, Value>> {
    let text = line.strip_prefix("data:").map_or(line, str::trim_start);
    serde_json::from_str(text).ok()
}

/// Joins parts of `chat.completion.chunk` into one `chat.completion`.
fn joined_choices(pieces: &[Map<String, Value>]) -> Map<String, Value> {
    let [mut content, mut reasoning] = [String::new(), String::new()];
    let [mut finish_reason, mut usage] = [Value::Null, Value::Null];
    for piece in pieces {
        if let Some(counts) = piece.get("usage").filter(|usage| usage.is_object()) {
            usage = counts.clone();
        }
        let Some(choice) = piece.get("choices").and_then(|choices| choices.get(0)) else { continue };
        if let Some(reason) = choice.get("finish_reason").filter(|reason| reason.is_string()) {
            finish_reason = reason.clone();
        }
        let text = |name: &str| choice.get("delta").and_then(|delta| delta.get(name)?.as_str()).unwrap_or_default();
        content.push_str(text("content"));
        reasoning.push_str(text("reasoning_content"));
    }
    let message = serde_json::json!({ "role": "assistant", "content": content, "reasoning_content": reasoning });
    let choices = serde_json::json!([{ "index": 0, "message": message, "finish_reason": finish_reason }]);
    [("choices".to_owned(), choices), ("usage".to_owned(), usage)].into_iter().collect()
}

/// Joins parts of Ollama's chat: the last one with the text of all.
fn joined_messages(pieces: &[Map<String, Value>]) -> Option<Map<String, Value>> {
    let texts = pieces.iter().filter_map(|piece| piece.get("message")?.get("content")?.as_str());
    let content: String = texts.collect();
    let mut last = pieces.last()?.clone();
    last.insert("message".to_owned(), serde_json::json!({ "role": "assistant", "content": content }));
    Some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(body: &str) -> Option<String> {
        let answer = whole_answer(body)?;
        let message = answer.get("choices").map_or(&answer["message"], |choices| &choices[0]["message"]);
        Some(message["content"].as_str()?.to_owned())
    }

    #[test]
    fn stream_parts_are_joined() {
        let events = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n\
            : ping\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"Adds \"},\"finish_reason\":null}]}\n\n\
            data: {\"choices\":[{\"delta\":{\"content\":\"two.\"},\"finish_reason\":\"stop\"}]}\n\n\
            data: {\"choices\":[],\"usage\":{\"completion_tokens\":3}}\n\ndata: [DONE]\n\n";
        assert_eq!(content(events).as_deref(), Some("Adds two."));
        let answer = whole_answer(events).unwrap();
        assert_eq!(
            (&answer["choices"][0]["finish_reason"], &answer["usage"]["completion_tokens"]),
            (&"stop".into(), &3.into())
        );

        let lines = "{\"message\":{\"content\":\"Adds \"},\"done\":false}\n{\"message\":{\"content\":\"two.\"},\"done\":true}\n";
        assert_eq!(content(lines).as_deref(), Some("Adds two."));
        assert_eq!(whole_answer(lines).unwrap()["done"], true);

        let both = "{\"choices\":[{\"message\":{\"content\":\"Adds two.\"}}]}\ndata: {\"choices\":[]}\ndata: [DONE]";
        assert_eq!(content(both).as_deref(), Some("Adds two."));
    }

    #[test]
    fn single_object_is_no_stream() {
        for body in ["{\"message\":{\"content\":\"x\"}}", "", "no JSON", "{\"message\":"] {
            assert_eq!(whole_answer(body), None, "{body}");
        }
    }
}
