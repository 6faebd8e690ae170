//! Removes marks that are not words: terminal escape sequences, and the special tokens of chat templates.

use super::Distrust;

/// Tokens that templates write without bars around the name.
const PLAIN_TOKENS: [&str; 14] = [
    "</s>",
    "<s>",
    "<bos>",
    "<eos>",
    "<pad>",
    "<unk>",
    "<eot>",
    "<end_of_turn>",
    "<start_of_turn>",
    "<end_of_utterance>",
    "[/INST]",
    "[INST]",
    "<<SYS>>",
    "<</SYS>>",
];
/// Tokens that precede the name of the next speaker.
const SPEAKER_TOKENS: [&str; 5] = ["<start_of_turn>", "<|im_start|>", "<|start|>", "<|start_header_id|>", "<|role|>"];
/// Other speakers than the model: their text is no answer.
const OTHER_SPEAKERS: [&str; 4] = ["user", "human", "system", "developer"];
const MODEL_SPEAKERS: [&str; 4] = ["assistant", "model", "bot", "ai"];
/// The maximum length of a special token.
const MAX_TOKEN_BYTES: usize = 48;

/// `answer` without terminal escape sequences, each removed as a whole.
pub(super) fn without_escapes(answer: &str) -> String {
    let mut text = String::with_capacity(answer.len());
    let mut rest = answer;
    while let Some(at) = rest.find(['\u{1b}', '\u{9b}', '\u{9d}']) {
        text.push_str(&rest[..at]);
        rest = behind_escape(&rest[at..]);
    }
    text.push_str(rest);
    text
}

/// The text behind the escape sequence at the start of `text`, by ECMA-48. Control sequences end with a byte from `@`
/// to `~`, strings with BEL or ST, designations with their final byte, and all others after one character.
fn behind_escape(text: &str) -> &str {
    let mut characters = text.chars();
    let introducer = match characters.next() {
        Some('\u{9b}') => Some('['),
        Some('\u{9d}') => Some(']'),
        _ => characters.next(),
    };
    let rest = characters.as_str();
    match introducer {
        Some('[') => {
            let parameters = rest.trim_start_matches(|c: char| ('\u{20}'..='\u{3f}').contains(&c));
            parameters.strip_prefix(|c: char| ('@'..='~').contains(&c)).unwrap_or(parameters)
        }
        Some(']' | 'P' | 'X' | '^' | '_') => match rest.find(['\u{7}', '\u{1b}', '\u{9c}']) {
            Some(at) => rest[at..].strip_prefix("\u{1b}\\").unwrap_or_else(|| &rest[at + 1..]),
            None => rest,
        },
        Some(intermediate) if (' '..='/').contains(&intermediate) => {
            let rest = rest.trim_start_matches(|c: char| (' '..='/').contains(&c));
            rest.strip_prefix(|c: char| ('0'..='~').contains(&c)).unwrap_or(rest)
        }
        _ => rest,
    }
}

/// `answer` without special tokens. A token after words ends the answer; text of other speakers is dropped.
pub(super) fn without_special_tokens(answer: &str) -> Result<String, Distrust> {
    let mut rest = answer;
    let mut is_of_other = false;
    let mut has_question = false;
    while let Some((at, token)) = first_token(rest) {
        let before = rest[..at].trim();
        if !before.is_empty() && !is_of_other {
            return Ok(before.to_owned());
        }
        has_question |= is_of_other;
        rest = &rest[at + token.len()..];
        is_of_other = token == "[INST]" || token == "<<SYS>>";
        if SPEAKER_TOKENS.contains(&token) {
            let speaker = rest.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
            let lower = speaker.to_ascii_lowercase();
            is_of_other = OTHER_SPEAKERS.contains(&lower.as_str());
            if is_of_other || MODEL_SPEAKERS.contains(&lower.as_str()) {
                rest = &rest.trim_start()[speaker.len()..];
            }
        }
    }
    if is_of_other || has_question && rest.trim().is_empty() {
        return Err(Distrust::Echo);
    }
    Ok(rest.to_owned())
}

/// The first unquoted special token, and its position.
fn first_token(text: &str) -> Option<(usize, &str)> {
    text.match_indices(['<', '[']).find_map(|(at, _)| {
        let is_quoted = text[..at].ends_with(['`', '"', '\'']);
        let token = token_at(&text[at..]).filter(|_| !is_quoted)?;
        (token.contains(['|', '｜']) || !is_in_prose(text, at, token)).then_some((at, token))
    })
}

/// Whether a mark is inside a sentence about it.
pub(super) fn is_in_prose(text: &str, at: usize, mark: &str) -> bool {
    let before = text[..at].rsplit('\n').next().unwrap_or_default().trim_end();
    let after = &text[at + mark.len()..];
    let goes_on = after.starts_with([' ', ',', '.', ')']) && !after.trim().is_empty();
    let has_begun = !before.is_empty() && !before.ends_with(['.', '!', '?', '"', ':', '>', ']', '。']);
    has_begun && goes_on
}

/// Whether `text` begins with a special token.
pub(super) fn begins_with_token(text: &str) -> bool {
    token_at(text).is_some()
}

/// The special token at the start of `text`: one of the list, or a name between bars, `<|name|>`, also with the wide
/// bars of some models.
fn token_at(text: &str) -> Option<&str> {
    let head = |token: &&&str| text.get(..token.len()).is_some_and(|head| head.eq_ignore_ascii_case(token));
    if let Some(token) = PLAIN_TOKENS.iter().find(head) {
        return Some(&text[..token.len()]);
    }
    let inside = text.strip_prefix("<|").or_else(|| text.strip_prefix("<｜"))?;
    let end = inside.find('>').filter(|&end| end <= MAX_TOKEN_BYTES)?;
    let name = inside[..end].strip_suffix(['|', '｜'])?;
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    is_name.then(|| &text[..=text.len() - inside.len() + end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_removed() {
        for (answer, expected) in [
            ("\u{1b}[31mBuilds x.\u{1b}[0m", "Builds x."),
            ("\u{1b}[1;38;5;12mBuilds\u{1b}[K x.", "Builds x."),
            ("\u{9b}31mBuilds x.", "Builds x."),
            ("\u{1b}]8;;http://h\u{7}Builds\u{1b}]8;;\u{1b}\\ x.", "Builds x."),
            ("\u{1b}(BBuilds x.", "Builds x."),
            ("\u{1b}cBuilds x.", "Builds x."),
            ("Builds x.\u{1b}", "Builds x."),
            ("Builds x.\u{1b}[", "Builds x."),
        ] {
            assert_eq!(without_escapes(answer), expected, "{answer:?}");
        }
    }

    #[test]
    fn special_tokens_are_removed() {
        for answer in [
            "Sums.<|end_of_text|>",
            "Sums.</s>",
            "<s> Sums.</s>",
            "<start_of_turn>model Sums.",
            "<|im_start|>assistant\nSums.<|im_end|>\n<|im_start|>user\nMore",
            "<|start_header_id|>assistant<|end_header_id|>\n\nSums.<|eot_id|>",
            "Sums.<｜end▁of▁sentence｜>",
            "[INST] Describe. [/INST] Sums.",
            "[/INST] Sums.",
            "Sums. [/INST]",
            "<|im_start|>user\nDescribe.<|im_end|><|im_start|>assistant\nSums.",
        ] {
            assert_eq!(without_special_tokens(answer).as_deref().map(str::trim), Ok("Sums."), "{answer}");
        }
        let prose = "Strips <s> and </s> from a text.";
        assert_eq!(without_special_tokens(prose).as_deref(), Ok(prose));
        let quoted = "Removes `</s>` and '<|im_end|>' from a < b | c > d.";
        assert_eq!(without_special_tokens(quoted).as_deref(), Ok(quoted));
        for answer in ["[INST] Describe.", "<|im_start|>user\nDescribe.", "<start_of_turn>user Describe.<end_of_turn>"]
        {
            assert_eq!(without_special_tokens(answer), Err(Distrust::Echo), "{answer}");
        }
    }
}
