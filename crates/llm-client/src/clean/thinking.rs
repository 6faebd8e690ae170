//! Removes the thinking before a model's answer.
//!
//! The marks around a thought are an open set, so they are recognized by form. A mark is a bracketed name about
//! thinking, or any tag at the start of the answer that is neither markup nor a wrapping of the answer.

use super::{
    Distrust,
    marks::{begins_with_token, is_in_prose},
    wrapping::ANSWER_TAGS,
};

/// Parts of names in marks of thinking.
const THOUGHT_ROOTS: [&str; 16] = [
    "think",
    "thought",
    "reason",
    "reflect",
    "analysis",
    "scratch",
    "monolog",
    "deliberat",
    "brainstorm",
    "ponder",
    "rationale",
    "chain",
    "draft",
    "planning",
    "consider",
    "cot",
];
/// Labels of a thought without other marks, and of the answer behind it.
const THOUGHT_LABELS: [&str; 7] =
    ["thinking", "thought", "thoughts", "reasoning", "analysis", "thought process", "step-by-step"];
const ANSWER_LABELS: [&str; 6] = ["final answer", "answer", "final", "response", "conclusion", "output"];
/// Markup elements, which begin no thought.
const ELEMENTS: [&str; 26] = [
    "html", "body", "head", "p", "div", "span", "b", "i", "u", "em", "strong", "a", "code", "pre", "h1", "h2", "h3",
    "ul", "ol", "li", "br", "table", "tr", "td", "title", "script",
];
const DONE: &str = "...done thinking.";
const FINAL_CHANNEL: &str = "<|channel|>final<|message|>";
const CHANNEL: &str = "<|channel|>";
const MAX_NAME_BYTES: usize = 40;

/// A mark such as `<think>`, `[/THINK]`, `<|end_of_thought|>` or `◁think▷`.
struct Mark<'a> {
    start: usize,
    end: usize,
    name: &'a str,
    is_closing: bool,
}

/// The text after the last thought. Many templates open the thought themselves, so only its end is in the answer.
pub(super) fn without_thinking(answer: &str) -> Result<&str, Distrust> {
    let lower = answer.to_ascii_lowercase();
    let is_thought = |mark: &Mark<'_>| THOUGHT_ROOTS.iter().any(|root| mark.name.contains(root));
    let mut thoughts: Vec<Mark<'_>> = marks(&lower).filter(is_thought).collect();
    if thoughts
        .first()
        .is_some_and(|mark| !mark.is_closing && is_in_prose(&lower, mark.start, &lower[mark.start..mark.end]))
    {
        thoughts.clear();
    }
    let closed = thoughts.iter().filter(|mark| mark.is_closing).map(|mark| mark.end).max();
    let done = lower.rfind(DONE).map(|start| start + DONE.len());
    let channel = lower.rfind(FINAL_CHANNEL).map(|start| start + FINAL_CHANNEL.len());
    let start = closed.max(done).max(channel).unwrap_or(0);
    let is_open = thoughts.iter().any(|mark| !mark.is_closing && mark.start >= start);
    if is_open || lower[start..].contains(CHANNEL) {
        return Err(Distrust::UnfinishedThinking);
    }
    let rest = without_leading_element(&answer[start..], &lower[start..])?;
    without_labelled_thought(rest)
}

/// The text behind a leading element of any other name, such as `<plan>…</plan>`.
fn without_leading_element<'a>(text: &'a str, lower: &str) -> Result<&'a str, Distrust> {
    let Some(mark) = marks(lower).next().filter(|mark| lower[..mark.start].trim().is_empty()) else { return Ok(text) };
    let is_token = begins_with_token(&text[mark.start..]);
    let is_known = is_token || ELEMENTS.contains(&mark.name) || ANSWER_TAGS.contains(&mark.name);
    if is_known || mark.is_closing || !lower[mark.start..].starts_with('<') || lower[mark.start..].starts_with("<|") {
        return Ok(text);
    }
    let closing = format!("</{}>", mark.name);
    match lower.rfind(&closing) {
        Some(at) => Ok(&text[at + closing.len()..]),
        None => Err(Distrust::UnfinishedThinking),
    }
}

/// The answer behind a thought that has only a label: `Thinking: … Answer: …`.
fn without_labelled_thought(text: &str) -> Result<&str, Distrust> {
    let first = text.trim_start().split(['\n', ':']).next().unwrap_or_default();
    if !text.contains(':') || !THOUGHT_LABELS.contains(&plain(first).as_str()) {
        return Ok(text);
    }
    let mut answer = None;
    for (at, _) in text.match_indices(':') {
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        if ANSWER_LABELS.contains(&plain(&text[line_start..at]).as_str()) {
            answer = Some(text[at + 1..].trim_start_matches(['*', '_', ' ']));
        }
    }
    answer.ok_or(Distrust::UnfinishedThinking)
}

fn plain(label: &str) -> String {
    label.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase()
}

/// All unquoted marks in `lower`: an answer about such marks quotes them.
fn marks(lower: &str) -> impl Iterator<Item = Mark<'_>> {
    lower.match_indices(['<', '[', '◁']).filter_map(move |(start, opening)| {
        if lower[..start].ends_with(['`', '"', '\'']) {
            return None;
        }
        let closer = match opening {
            "<" => '>',
            "[" => ']',
            _ => '▷',
        };
        let inside = &lower[start + opening.len()..];
        let length = inside.find(closer).filter(|&length| length <= MAX_NAME_BYTES)?;
        let written = inside[..length].trim_matches('|');
        let name = written.trim_start_matches('/');
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ':'));
        let is_closing = written.starts_with('/') || name.starts_with("end_") || name.starts_with("end-");
        let end = start + opening.len() + length + closer.len_utf8();
        is_name.then_some(Mark { start, end, name, is_closing })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinking_marks_are_dropped() {
        for answer in [
            "<think>Hmm. Adds?</think>\n\nAdds.",
            "Hmm, adds.\n</think>Adds.",
            "<THINKING>\na\n</THINKING>\n<think></think>Adds.",
            "Thinking...\nIt adds.\n...done thinking.\n\nAdds.",
            "[THINK]a[/THINK]Adds.",
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>Adds.",
            "<seed:think>a</seed:think>Adds.",
            "<|begin_of_thought|>a<|end_of_thought|>Adds.",
            "<|START_THINKING|>a<|END_THINKING|>Adds.",
            "◁think▷a◁/think▷Adds.",
            "<inner_monologue>a</inner_monologue>Adds.",
            "<plan>a</plan>\nAdds.",
            "<step>a</step><step>b</step>Adds.",
            "**Thinking:** it adds.\n\n**Answer:** Adds.",
            "Reasoning: it adds.\nFinal answer: Adds.",
        ] {
            assert_eq!(without_thinking(answer).map(str::trim), Ok("Adds."), "{answer}");
        }
    }

    #[test]
    fn unclosed_thought_is_unfinished() {
        for answer in [
            "<think>It adds two numbers",
            "<think>a</think><think>It adds two numbers.",
            "<plan>It adds two numbers",
            "◁think▷It adds",
            "<|channel|>analysis<|message|>It adds",
            "Thinking: it adds two numbers.",
        ] {
            assert_eq!(without_thinking(answer), Err(Distrust::UnfinishedThinking), "{answer}");
        }
    }

    #[test]
    fn answer_about_marks_is_kept() {
        for answer in [
            "Removes `<think>` and `</think>` from an answer.",
            "Strips <think> and </think> from an answer.",
            "Compares a < b and c > d.",
            "Reads list[int] and dict[str, int].",
            "<answer>Adds.</answer>",
            "Analysis helper: counts words.",
        ] {
            assert_eq!(without_thinking(answer), Ok(answer));
        }
    }
}
