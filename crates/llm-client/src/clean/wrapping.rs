//! Takes off what a model wraps around its sentence: fences, quotes, emphasis, JSON, a label, a preamble.

use serde_json::Value;

use super::Distrust;

/// Wrappings lie around each other (a preamble, a fence, JSON in it, quotes in that), but not without end.
const MAX_LAYERS: usize = 8;
const END_TOKENS: [&str; 5] = ["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end|>", "<end_of_turn>"];
const QUOTES: [(char, char); 6] = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»')];
const KEYS: [&str; 6] = ["intent", "summary", "description", "sentence", "answer", "response"];
const LABELS: [&str; 14] = [
    "intent",
    "summary",
    "purpose",
    "description",
    "answer",
    "response",
    "output",
    "result",
    "sentence",
    "explanation",
    "one sentence",
    "in one sentence",
    "one-sentence summary",
    "final answer",
];
const PREAMBLES: [&str; 9] = [
    "here is",
    "here's",
    "here’s",
    "the intent",
    "the purpose",
    "the sentence",
    "this is the",
    "the description",
    "below is",
];
const INTERJECTIONS: [&str; 6] = ["sure", "certainly", "of course", "okay", "ok", "absolutely"];

/// The text inside of all wrappings.
pub(super) fn unwrap(answer: &str) -> Result<String, Distrust> {
    let mut text = END_TOKENS.iter().fold(answer, |text, token| text.split(token).next().unwrap_or(text)).to_owned();
    for _ in 0..MAX_LAYERS {
        let inner = if text.trim_start().starts_with('{') {
            from_json(text.trim())?
        } else {
            let trimmed = text.trim();
            [without_fence, without_emphasis, without_quotes, without_interjection, without_label]
                .into_iter()
                .find_map(|take_off| take_off(trimmed))
                .unwrap_or(trimmed)
                .to_owned()
        };
        if inner == text {
            break;
        }
        text = inner;
    }
    Ok(text)
}

fn from_json(text: &str) -> Result<String, Distrust> {
    // Whatever follows the object is talk about it.
    let object = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
    let Some(Ok(Value::Object(fields))) = object else {
        return Err(Distrust::Structure);
    };
    let named = KEYS.iter().find_map(|key| fields.get(*key));
    named.and_then(Value::as_str).map(str::to_owned).ok_or(Distrust::Structure)
}

/// The inside of a fence that opens the text, or the text before one that comes later.
fn without_fence(text: &str) -> Option<&str> {
    let (before, inside) = text.split_once("```")?;
    if !before.trim().is_empty() && !before.trim_end().ends_with(':') {
        return Some(before);
    }
    let (info, body) = inside.split_once('\n').unwrap_or(("", inside));
    let body = if info.contains(' ') { inside } else { body };
    Some(body.split("```").next().unwrap_or(body))
}

/// The text without a heading's, a bullet's or a quotation's mark, and without emphasis around all of it.
fn without_emphasis(text: &str) -> Option<&str> {
    let marks = ["# ", "## ", "### ", "- ", "* ", "> ", "• "];
    if let Some(rest) = marks.iter().find_map(|mark| text.strip_prefix(mark)) {
        return Some(rest);
    }
    ["**", "*", "__"].iter().find_map(|mark| {
        let inside = text.strip_prefix(mark)?.strip_suffix(mark)?;
        (!inside.is_empty() && !inside.contains(mark)).then_some(inside)
    })
}

fn without_quotes(text: &str) -> Option<&str> {
    QUOTES.iter().find_map(|&(open, close)| {
        let inside = text.strip_prefix(open)?;
        let inside = inside.strip_suffix(close).or_else(|| inside.strip_suffix('.')?.strip_suffix(close))?;
        (!inside.contains([open, close])).then_some(inside)
    })
}

/// The text without a leading `Sure!` and the like.
fn without_interjection(text: &str) -> Option<&str> {
    INTERJECTIONS.iter().find_map(|word| {
        let rest = strip_prefix_ignoring_case(text, word)?;
        rest.strip_prefix(['!', ',', '.', ':']).filter(|rest| rest.starts_with(char::is_whitespace))
    })
}

/// The text without a leading `Intent:`, a heading of such a word alone, or `Here is …:`.
fn without_label(text: &str) -> Option<&str> {
    let end = text.find([':', '\n']).or_else(|| text.find(" - ")).or_else(|| text.find(" – "))?;
    let (label, rest) = text.split_at(end);
    let is_colon = rest.starts_with(':');
    let is_line = rest.starts_with('\n');
    let has_emphasis = label.starts_with("**") || label.starts_with("__");
    let rest = rest.trim_start_matches([' ', ':', '-', '–', '\n']);
    let rest = if has_emphasis { rest.trim_start_matches(['*', '_']) } else { rest };
    let label = label.trim_matches(['*', '_', '#', ' ', '"']).to_lowercase();
    let is_label = LABELS.contains(&label.as_str());
    let is_preamble = (is_colon || is_line && label.ends_with(':'))
        && label.len() <= 120
        && PREAMBLES.iter().any(|preamble| label.starts_with(preamble));
    (is_label || is_preamble).then_some(rest)
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}
