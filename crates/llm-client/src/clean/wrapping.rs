//! Removes what a model wraps around its sentence: fences, quotes, emphasis, JSON, LaTeX, tags, a list, a label, a
//! preamble.

use serde_json::Value;

use super::{Distrust, sentence::numbered_entry};

/// Wrappings nest (a preamble, a fence, JSON in it, quotes in that), but only so deep.
const MAX_LAYERS: usize = 8;
const QUOTES: [(char, char); 6] = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»')];
const KEYS: [&str; 6] = ["intent", "summary", "description", "sentence", "answer", "response"];
/// Elements that hold the answer.
pub(super) const ANSWER_TAGS: [&str; 12] = [
    "answer",
    "final",
    "final_answer",
    "response",
    "output",
    "result",
    "summary",
    "intent",
    "sentence",
    "description",
    "solution",
    "purpose",
];
/// Commands of LaTeX around a text.
const COMMANDS: [&str; 4] = ["\\boxed{", "\\text{", "\\textbf{", "\\mathrm{"];
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
const INTERJECTIONS: [&str; 13] = [
    "sure",
    "certainly",
    "of course",
    "okay",
    "ok",
    "absolutely",
    "great",
    "alright",
    "understood",
    "got it",
    "hello",
    "hi",
    "yes",
];

/// The text inside all wrappings; the answer is about `code`.
pub(super) fn unwrap(answer: &str, code: &str) -> Result<String, Distrust> {
    let mut text = answer.to_owned();
    for _ in 0..MAX_LAYERS {
        let trimmed = text.trim();
        let inner = match from_json(trimmed)? {
            Some(inner) => inner,
            None => without_layer(trimmed, code).to_owned(),
        };
        if inner == text {
            break;
        }
        text = inner;
    }
    Ok(text)
}

/// `text` without its outermost wrapping, if it has one.
fn without_layer<'a>(text: &'a str, code: &str) -> &'a str {
    let layers = [
        without_fence,
        without_tags,
        without_command,
        without_emphasis,
        without_quotes,
        without_interjection,
        without_label,
    ];
    let inner = layers.into_iter().find_map(|take_off| take_off(text)).or_else(|| without_name(text, code));
    inner.unwrap_or(text)
}

/// The sentence in an object or a list; `None` if the text is neither.
fn from_json(text: &str) -> Result<Option<String>, Distrust> {
    let is_list = text.starts_with("[\"") || text.starts_with("[{");
    if !text.starts_with('{') && !is_list {
        return Ok(None);
    }
    // Text behind the value comments on it.
    let value = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
    let Some(Ok(value)) = value else { return Err(Distrust::Structure) };
    sentence_in(&value).map(|sentence| Some(sentence.to_owned())).ok_or(Distrust::Structure)
}

/// The text under a known key, the only text of an object, or the first element of a list.
fn sentence_in(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(items) => match items.first()? {
            Value::Array(_) => None,
            first => sentence_in(first),
        },
        Value::Object(fields) => {
            let named = KEYS.iter().find_map(|key| fields.get(*key));
            let only = || if fields.len() == 1 { fields.values().next() } else { None };
            named.or_else(only).and_then(Value::as_str)
        }
        _ => None,
    }
}

/// The content of a fence that opens the text, or the text before a later fence.
fn without_fence(text: &str) -> Option<&str> {
    let (before, inside) = text.split_once("```")?;
    if !before.trim().is_empty() && !before.trim_end().ends_with(':') {
        return Some(before);
    }
    let (info, body) = inside.split_once('\n').unwrap_or(("", inside));
    let body = if info.contains(' ') { inside } else { body };
    Some(body.split("```").next().unwrap_or(body))
}

/// The content of an answer element, even if it is not closed.
fn without_tags(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('<')?;
    let (name, inside) = rest.split_once('>')?;
    let name = name.to_ascii_lowercase();
    if !ANSWER_TAGS.contains(&name.as_str()) {
        return None;
    }
    let end = inside.to_ascii_lowercase().rfind(&format!("</{name}>")).unwrap_or(inside.len());
    Some(&inside[..end])
}

/// The content of a LaTeX command, and of dollar signs around it.
fn without_command(text: &str) -> Option<&str> {
    if let Some(inside) = text.strip_prefix('$').and_then(|rest| rest.strip_suffix('$')) {
        return inside.starts_with(['$', '\\']).then_some(inside);
    }
    let inside = COMMANDS.iter().find_map(|command| text.strip_prefix(command))?;
    let mut depth = 1_usize;
    for (at, character) in inside.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&inside[..at]);
        }
    }
    Some(inside)
}

/// The text without the mark of a heading, a list or a quotation, and without emphasis around all of it.
fn without_emphasis(text: &str) -> Option<&str> {
    let marks = ["# ", "## ", "### ", "- ", "* ", "> ", "• "];
    if let Some(rest) = marks.iter().find_map(|mark| text.strip_prefix(mark)).or_else(|| numbered_entry(text)) {
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

/// The text without a leading `Sure!` or similar.
fn without_interjection(text: &str) -> Option<&str> {
    INTERJECTIONS.iter().find_map(|word| {
        let rest = strip_prefix_ignoring_case(text, word)?;
        rest.strip_prefix(['!', ',', '.', ':']).filter(|rest| rest.starts_with(char::is_whitespace))
    })
}

/// The text without a leading `Intent:`, a heading of such a word, or `Here is …:`.
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

/// The text without the name of its subject: `**add** – Adds …`, `` `add`: Adds … ``, `add(a, b): Adds …`.
fn without_name<'a>(text: &'a str, code: &str) -> Option<&'a str> {
    let (name, rest) = [" – ", " — ", " - ", ": ", "\n"]
        .iter()
        .filter_map(|mark| text.split_once(mark))
        .min_by_key(|(name, _)| name.len())?;
    let is_marked = name.starts_with("**") || name.starts_with('`');
    let name = name.trim_matches(['*', '`', '_', ':', ' ', '\r']).split('(').next().unwrap_or_default();
    let is_word = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let is_defined = || {
        let defines = |keyword: &str| code.contains(&format!("{keyword} {name}"));
        defines("def") || defines("class")
    };
    (is_word && (is_marked || is_defined())).then(|| rest.trim_start_matches(['*', '`', ' ']))
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}
