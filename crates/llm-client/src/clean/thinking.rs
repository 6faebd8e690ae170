//! Drops what a model thought aloud before its answer.

use super::Distrust;

const OPENING: [&str; 6] = ["<think>", "<thinking>", "<thought>", "<reasoning>", "[think]", "<|channel|>analysis"];
const CLOSING: [&str; 6] =
    ["</think>", "</thinking>", "</thought>", "</reasoning>", "[/think]", "<|channel|>final<|message|>"];
const DONE: &str = "...done thinking.";

/// What follows the last thought. Many templates open the thought themselves, so that only its end is in the answer.
pub(super) fn without_thinking(answer: &str) -> Result<&str, Distrust> {
    let lower = answer.to_ascii_lowercase();
    let closed = CLOSING.iter().filter_map(|tag| last_tag(&lower, tag)).map(|(_, end)| end).max();
    let done = lower.rfind(DONE).map(|start| start + DONE.len());
    let start = closed.max(done).unwrap_or(0);
    if OPENING.iter().any(|tag| last_tag(&lower, tag).is_some_and(|(opened, _)| opened >= start)) {
        return Err(Distrust::UnfinishedThinking);
    }
    Ok(&answer[start..])
}

/// Start and end of the last `tag` that is not quoted: an answer about such tags puts them into quotes.
fn last_tag(text: &str, tag: &str) -> Option<(usize, usize)> {
    text.rmatch_indices(tag)
        .find(|(start, _)| !text[..*start].ends_with(['`', '"', '\'']))
        .map(|(start, _)| (start, start + tag.len()))
}
