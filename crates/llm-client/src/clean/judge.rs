//! Judges by content and form whether a sentence can be the intent of some code.
//!
//! An intent is about the code. A sentence about the conversation (the model, the user, missing code) is a refusal or a
//! thought, whatever its words. The tables below list the words of each kind.

use crate::{
    plain_text::collapse,
    prompt::{names_example, repeats_prompt},
};

/// Why an answer is not an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Empty, or without a letter.
    #[error("it is blank")]
    Blank,
    /// A placeholder, a single word, or a sentence that is true of any code.
    #[error("it says nothing about the code")]
    Nothing,
    /// It ends inside a thought, or is one.
    #[error("it ends while the model is still thinking")]
    UnfinishedThinking,
    /// It reached the token limit before a sentence was complete.
    #[error("it was cut off before the end of a sentence")]
    CutOff,
    /// It is HTML or XML.
    #[error("it is markup")]
    Markup,
    /// It is JSON without an intent.
    #[error("it is structured data without an intent")]
    Structure,
    /// It is code, or repeats the given code or the question.
    #[error("it repeats the code or the question")]
    Echo,
    /// It declines to answer, or asks back.
    #[error("it is a refusal")]
    Refusal,
    /// It is the error message of a server or a gateway.
    #[error("it is an error message")]
    ErrorMessage,
}

/// Empty words before the subject.
const OPENERS: [&str; 13] =
    ["okay", "ok", "alright", "so", "well", "hmm", "hm", "wait", "first", "now", "right", "sure", "yes"];
/// Sentence openings about the model or the user.
const SPEAKERS: [&str; 19] = [
    "i ",
    "i'",
    "let me",
    "let's",
    "let us",
    "we need",
    "we have to",
    "we are given",
    "we're given",
    "we should",
    "we must",
    "we are asked",
    "we're asked",
    "the user",
    "my task",
    "my answer",
    "the task",
    "you want",
    "you asked",
];
/// Words that decline; other such openings are thoughts.
const DECLINING: [&str; 17] = [
    "cannot",
    "can't",
    "can not",
    "unable",
    "sorry",
    "apolog",
    "happy to",
    "glad to",
    "able to help",
    "not able",
    "don't",
    "do not",
    "won't",
    "will not",
    "need more",
    "would need",
    "please",
];
const REFUSALS: [&str; 17] = [
    "sorry,",
    "sorry.",
    "sorry but",
    "apologies",
    "unfortunately",
    "please ",
    "could you",
    "can you",
    "would you",
    "as an ai",
    "as a language model",
    "as a large language model",
    "as an assistant",
    "how can i",
    "how may i",
    "what would you like",
    "there is no code",
];
/// Phrases about code that was not received.
const HEDGES: [&str; 14] = [
    "it looks like",
    "it seems",
    "it appears",
    "looks like",
    "seems like",
    "the code",
    "the provided code",
    "your code",
    "the snippet",
    "the provided snippet",
    "code ",
    "no code",
    "the input",
    "the message",
];
const MISSING: [&str; 13] = [
    "missing",
    "incomplete",
    "is empty",
    "cut off",
    "truncated",
    "not provided",
    "wasn't provided",
    "isn't provided",
    "was not provided",
    "no code",
    "not included",
    "didn't include",
    "did not include",
];
/// Whole answers that are placeholders.
const PLACEHOLDERS: [&str; 20] = [
    "n/a",
    "na",
    "none",
    "null",
    "nil",
    "todo",
    "tbd",
    "fixme",
    "unknown",
    "undefined",
    "nothing",
    "empty",
    "no description",
    "no intent",
    "no answer",
    "no summary",
    "not applicable",
    "not available",
    "to be done",
    "to do",
];
/// Words of sentences that are true of any code.
const GENERIC: [&str; 38] = [
    "the",
    "this",
    "that",
    "it",
    "is",
    "a",
    "an",
    "of",
    "in",
    "some",
    "and",
    "code",
    "python",
    "method",
    "methods",
    "function",
    "functions",
    "class",
    "classes",
    "file",
    "module",
    "definition",
    "snippet",
    "script",
    "source",
    "program",
    "defines",
    "contains",
    "defined",
    "implements",
    "provided",
    "given",
    "above",
    "following",
    "here",
    "whole",
    "simple",
    "describes",
];
/// Beginnings of error messages.
const ERRORS: [&str; 22] = [
    "error:",
    "error -",
    "internal server error",
    "bad gateway",
    "gateway time",
    "service unavailable",
    "service temporarily unavailable",
    "the service is",
    "the server is",
    "the server had an error",
    "too many requests",
    "rate limit",
    "an error occurred",
    "an unexpected error",
    "something went wrong",
    "upstream ",
    "request timed out",
    "request failed",
    "quota exceeded",
    "the model is overloaded",
    "the model is currently",
    "connection error",
];
/// Speakers in a transcript.
const ROLES: [&str; 4] = ["assistant", "user", "human", "ai"];
/// A shorter echo may be a coincidence.
const MIN_ECHO_BYTES: usize = 12;

/// Judges `line`, a cleaned sentence about `code`.
pub(super) fn judge(line: &str, code: &str) -> Result<(), Distrust> {
    let plain = line.to_lowercase().replace('’', "'");
    let checks = [
        (!line.chars().any(char::is_alphabetic), Distrust::Blank),
        (is_markup(line), Distrust::Markup),
        (is_echo(line, code) || is_transcript(&plain), Distrust::Echo),
        (line.len() >= MIN_ECHO_BYTES && (repeats_prompt(line) || names_example(line, code)), Distrust::Echo),
        (is_refusal(&plain), Distrust::Refusal),
        (speaks_of_itself(&plain), Distrust::UnfinishedThinking),
        (is_error_message(&plain), Distrust::ErrorMessage),
        (says_nothing(&plain), Distrust::Nothing),
    ];
    checks.into_iter().find(|(holds, _)| *holds).map_or(Ok(()), |(_, distrust)| Err(distrust))
}

/// Whether a sentence only leads to the next one: an interjection, or words that are true of any code.
pub(super) fn is_preliminary(line: &str) -> bool {
    let plain = line.to_lowercase();
    let words = || plain.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
    words().all(|word| GENERIC.contains(&word) || OPENERS.contains(&word)) && words().next().is_some()
}

/// A tag at the start, or a closing tag at the end of a word. Prose may compare with `<`, quote a tag, or have a blank
/// before it.
fn is_markup(line: &str) -> bool {
    let is_tag = |rest: &str| rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '!');
    let opens = line.strip_prefix('<').is_some_and(is_tag);
    let closes =
        line.match_indices("</").any(|(at, _)| !line[..at].ends_with(['`', '"', '\'', ' ']) && is_tag(&line[at + 2..]));
    opens || closes
}

fn is_echo(line: &str, code: &str) -> bool {
    let starts_definition = |keyword: &str| {
        let header = line.strip_prefix(keyword).and_then(|rest| rest.split_once(['(', ':']));
        header.is_some_and(|(name, _)| !name.is_empty() && !name.contains(' '))
    };
    if ["def ", "async def ", "class "].iter().any(|keyword| starts_definition(keyword)) {
        return true;
    }
    // A sentence can occur in the code as a string; with marks of code it is code.
    line.len() >= MIN_ECHO_BYTES && line.contains(['(', '=', ':', '[', '_']) && collapse(code).contains(line)
}

/// `Assistant: …` and the like: the conversation continues, and the speaker is unknown.
fn is_transcript(plain: &str) -> bool {
    plain.split_once(':').is_some_and(|(speaker, _)| ROLES.contains(&speaker.trim_matches(['*', '#', ' '])))
}

fn is_refusal(plain: &str) -> bool {
    let subject = without_openers(plain);
    let declines = SPEAKERS.iter().any(|speaker| subject.starts_with(speaker)) && has_any(subject, &DECLINING);
    let misses = HEDGES.iter().any(|hedge| subject.starts_with(hedge)) && has_any(subject, &MISSING);
    let asks_back = subject.ends_with('?') && has_any(subject, &[" you ", " your ", " i ", " me "]);
    declines || misses || asks_back || REFUSALS.iter().any(|refusal| subject.starts_with(refusal))
}

fn speaks_of_itself(plain: &str) -> bool {
    let subject = without_openers(plain);
    SPEAKERS.iter().any(|speaker| subject.starts_with(speaker))
}

/// `503 Service Unavailable`, and the usual words of servers and gateways.
fn is_error_message(plain: &str) -> bool {
    let without_status = plain.trim_start_matches("http ").trim_start_matches("error ");
    let digits = without_status.bytes().take_while(u8::is_ascii_digit).count();
    let has_status =
        digits == 3 && without_status.starts_with(['4', '5']) && !without_status[3..].starts_with(['.', ',']);
    has_status || ERRORS.iter().any(|error| plain.starts_with(error))
}

fn says_nothing(plain: &str) -> bool {
    let bare = plain.trim_matches(|c: char| !c.is_alphanumeric());
    // In scripts without blanks one word can say a lot.
    let is_one_word = plain.is_ascii() && !bare.contains(char::is_whitespace);
    is_one_word || PLACEHOLDERS.contains(&bare) || is_preliminary(plain)
}

/// `plain` without the words before its subject.
fn without_openers(plain: &str) -> &str {
    let mut rest = plain;
    while let Some(behind) = OPENERS.iter().find_map(|opener| {
        let behind = rest.strip_prefix(opener)?;
        behind
            .starts_with([' ', ',', '.', '!', ':', ';'])
            .then(|| behind.trim_start_matches([' ', ',', '.', '!', ':', ';']))
    }) {
        rest = behind;
    }
    rest
}

fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}
