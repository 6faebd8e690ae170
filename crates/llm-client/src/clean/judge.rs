//! Judges whether a cleaned line can be the intent of some code.

use crate::{plain_text::collapse, prompt::repeats_instruction};

/// Why an answer is no intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Nothing, or nothing with a letter in it.
    #[error("it is blank")]
    Blank,
    /// It ends inside of a thought.
    #[error("it ends while the model is still thinking")]
    UnfinishedThinking,
    /// It was stopped at its limit of tokens before a sentence was complete.
    #[error("it was cut off before the end of a sentence")]
    CutOff,
    /// It is HTML or XML.
    #[error("it is markup")]
    Markup,
    /// It is JSON without an intent in it.
    #[error("it is structured data without an intent")]
    Structure,
    /// It is code, or repeats the code that was asked about, or the question itself.
    #[error("it repeats the code or the question")]
    Echo,
    /// It declines to answer.
    #[error("it is a refusal")]
    Refusal,
}

const REFUSALS: [&str; 22] = [
    "i cannot",
    "i can't",
    "i can not",
    "i'm sorry",
    "i am sorry",
    "sorry",
    "i'm unable",
    "i am unable",
    "i'm not able",
    "i am not able",
    "i apologize",
    "i won't",
    "i will not",
    "i don't",
    "i do not",
    "as an ai",
    "as a language model",
    "unfortunately",
    "please provide",
    "could you",
    "there is no code",
    "no code ",
];
/// An echo shorter than this may be a coincidence.
const MIN_ECHO_BYTES: usize = 12;

/// Judges `line`, a cleaned sentence about `code`.
pub(super) fn judge(line: &str, code: &str) -> Result<(), Distrust> {
    if !line.chars().any(char::is_alphabetic) {
        return Err(Distrust::Blank);
    }
    if is_markup(line) {
        return Err(Distrust::Markup);
    }
    if is_echo(line, code) || line.len() >= MIN_ECHO_BYTES && repeats_instruction(line) {
        return Err(Distrust::Echo);
    }
    let plain = line.to_lowercase().replace('’', "'");
    if REFUSALS.iter().any(|refusal| plain.starts_with(refusal)) {
        return Err(Distrust::Refusal);
    }
    Ok(())
}

/// A tag at the start, or a closing tag anywhere that is not quoted: prose compares with `<`, but closes nothing.
fn is_markup(line: &str) -> bool {
    let is_tag = |rest: &str| rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '!');
    let opens = line.strip_prefix('<').is_some_and(is_tag);
    let closes =
        line.match_indices("</").any(|(at, _)| !line[..at].ends_with(['`', '"', '\'']) && is_tag(&line[at + 2..]));
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
    // A sentence can stand in the code as a string; what also has the marks of code is code.
    line.len() >= MIN_ECHO_BYTES && line.contains(['(', '=', ':', '[', '_']) && collapse(code).contains(line)
}
