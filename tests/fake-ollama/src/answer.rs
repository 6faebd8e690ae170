//! A model's answer: the text and its fields, before an interface (Ollama or `OpenAI`) gives it a shape.

use serde_json::Value;

/// The outcome of one generation. It starts complete and healthy; the methods change that.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub(crate) text: Value,
    pub(crate) thinking: Option<String>,
    pub(crate) done: bool,
    pub(crate) done_reason: Option<String>,
}

impl Answer {
    /// A finished answer with `done_reason` `stop`.
    pub fn new(text: impl Into<String>) -> Self {
        Self::of_value(Value::String(text.into()))
    }

    /// A finished answer whose text is any JSON value: `null`, a number, an object.
    pub fn of_value(text: Value) -> Self {
        Self { text, thinking: None, done: true, done_reason: Some("stop".to_owned()) }
    }

    /// Sets `done_reason` (`finish_reason`): `length`, `load`, `unload`.
    #[must_use]
    pub fn done_reason(mut self, reason: &str) -> Self {
        self.done_reason = Some(reason.to_owned());
        self
    }

    /// Omits `done_reason`, as old servers do.
    #[must_use]
    pub fn without_done_reason(mut self) -> Self {
        self.done_reason = None;
        self
    }

    /// An aborted generation: `done: false` without a reason (`OpenAI`: `finish_reason: null`).
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.done = false;
        self.done_reason = None;
        self
    }

    /// Adds a separate thinking field (`thinking`, or `reasoning_content`).
    #[must_use]
    pub fn thinking(mut self, thought: &str) -> Self {
        self.thinking = Some(thought.to_owned());
        self
    }

    /// The answer's tokens by a fixed approximation: its words, at least one.
    pub(crate) fn token_count(&self) -> usize {
        self.text.as_str().map_or(1, |text| text.split_whitespace().count().max(1))
    }
}

/// A prompt's tokens by a fixed approximation: characters / 3, at least one.
pub(crate) fn prompt_token_count(prompt: &str) -> usize {
    prompt.chars().count().div_ceil(3).max(1)
}

/// The sentence that a healthy server answers to `prompt`: plain English, different for each prompt, and always the
/// same.
///
/// The prompt of a conversation is its last message.
pub fn sentence_for(prompt: &str) -> String {
    const VERBS: [&str; 8] = ["Computes", "Builds", "Checks", "Collects", "Returns", "Converts", "Updates", "Finds"];
    const OBJECTS: [&str; 8] = ["value", "result", "state", "record", "list", "mapping", "message", "total"];
    let hash = fnv1a(prompt.as_bytes());
    let verb = pick(&VERBS, hash >> 8);
    let object = pick(&OBJECTS, hash >> 16);
    format!("{verb} the {object} known as {hash:016x} for its caller.")
}

fn pick(words: &[&'static str; 8], bits: u64) -> &'static str {
    words[usize::try_from(bits % 8).expect("below eight")]
}

/// FNV-1a, 64 bits.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_matches_published_value() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn sentence_depends_on_prompt() {
        let sentence = sentence_for("def f(): pass");
        assert_eq!(sentence, sentence_for("def f(): pass"));
        assert_ne!(sentence, sentence_for("def g(): pass"));
        assert!(sentence.len() <= 120 && sentence.ends_with('.') && sentence.starts_with(char::is_uppercase));
    }
}
