//! Splits a text into its sentences.
//!
//! A mark ends a sentence if the text ends behind it, or if the next word begins a sentence. So the marks in `U.S.
//! dollars`, `Replaces ? with %s` and `Waits ... then retries` end nothing.

/// Abbreviations whose period ends no sentence, in lower case and without the period.
const ABBREVIATIONS: [&str; 18] = [
    "e.g", "i.e", "eg", "ie", "etc", "vs", "cf", "approx", "resp", "incl", "fig", "no", "dr", "mr", "mrs", "st", "min",
    "max",
];
/// Words that begin a sentence even after an abbreviation of single letters, such as `U.S.`.
const STARTERS: [&str; 10] = ["It", "The", "This", "That", "These", "Then", "If", "When", "Returns", "Also"];
/// Characters allowed between a mark and the end of its sentence.
const CLOSERS: [char; 6] = ['"', '”', '\'', '’', ')', '*'];

/// One sentence of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sentence<'a> {
    pub(super) text: &'a str,
    /// Whether it ends like a sentence or a paragraph, rather than because the text stops.
    pub(super) is_complete: bool,
}

/// The sentences of `text`, in order. A blank line and a line that begins a list, a heading or a table also end one.
pub(super) fn sentences(text: &str) -> impl Iterator<Item = Sentence<'_>> {
    let mut rest = text.trim();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (sentence, behind) = first_sentence(rest);
        rest = behind.trim_start();
        Some(sentence)
    })
}

/// The first sentence of `text`, and the rest.
fn first_sentence(text: &str) -> (Sentence<'_>, &str) {
    for (index, character) in text.char_indices() {
        let after = &text[index + character.len_utf8()..];
        match character {
            '.' | '!' | '?' if is_end(&text[..index], after) => {
                let behind = after.trim_start_matches(CLOSERS);
                let end = text.len() - behind.len();
                return (Sentence { text: &text[..end], is_complete: true }, behind);
            }
            '。' | '！' | '？' => {
                let end = text.len() - after.len();
                return (Sentence { text: &text[..end], is_complete: true }, after);
            }
            '\n' if index > 0 && is_paragraph_end(after) => {
                let line = text[..index].trim_end_matches([':', ' ', '\r']);
                return (Sentence { text: line, is_complete: true }, after);
            }
            _ => {}
        }
    }
    (Sentence { text, is_complete: false }, "")
}

/// Whether a mark between `before` and `after` ends a sentence.
fn is_end(before: &str, after: &str) -> bool {
    let after = after.trim_start_matches(CLOSERS);
    if after.starts_with(['.', '!', '?']) {
        return false;
    }
    let next = after.trim_start();
    let word = before.rsplit([' ', '\n', '(', '"', '`']).next().unwrap_or_default();
    if next.is_empty() {
        return !is_abbreviation(word) || word.eq_ignore_ascii_case("etc") || is_initialism(word);
    }
    if !after.starts_with(char::is_whitespace) {
        return false;
    }
    if is_initialism(word) {
        let starter = next.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        return STARTERS.contains(&starter);
    }
    !is_abbreviation(word) && begins_sentence(next)
}

fn is_abbreviation(word: &str) -> bool {
    ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

/// Single letters with periods between them: `U.S`, `J`, `p.m`.
fn is_initialism(word: &str) -> bool {
    !word.is_empty()
        && word.split('.').all(|part| part.chars().count() == 1 && part.chars().all(char::is_alphabetic))
        && !is_abbreviation(word)
}

/// Whether `next` begins like a sentence, a list item or quoted code.
fn begins_sentence(next: &str) -> bool {
    if next.starts_with(['`', '#', '|']) || next.starts_with("- ") || next.starts_with("* ") || is_numbered(next) {
        return true;
    }
    let first = next.trim_start_matches(['"', '“', '\'', '‘', '(', '[', '*', '_']).chars().next();
    first.is_some_and(|first| first.is_alphabetic() && !first.is_lowercase())
}

/// Whether `line` begins like a numbered list item: `2. `, `2) `.
pub(super) fn is_numbered(line: &str) -> bool {
    numbered_entry(line).is_some()
}

/// The text of a numbered list item.
pub(super) fn numbered_entry(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let digit_count = line.len() - rest.len();
    let rest = rest.strip_prefix(['.', ')']).and_then(|rest| rest.strip_prefix(' '))?;
    (1..=3).contains(&digit_count).then_some(rest)
}

fn is_paragraph_end(after: &str) -> bool {
    let next = after.trim_start_matches([' ', '\t', '\r']);
    ["\n", "- ", "* ", "• ", "#", "```", "|"].iter().any(|mark| next.starts_with(mark)) || is_numbered(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentence_end_is_found() {
        for (text, expected, is_complete) in [
            ("Runs foo.py on 3.11. Then stops.", "Runs foo.py on 3.11.", true),
            ("Reads e.g. a file, i.e. Its bytes. More", "Reads e.g. a file, i.e. Its bytes.", true),
            ("Reads files, dirs, etc. and more. X", "Reads files, dirs, etc. and more.", true),
            ("Says \"hello.\" Then more", "Says \"hello.\"", true),
            ("Loads (and checks.) More", "Loads (and checks.)", true),
            ("Wraps J. Smith's filter. X", "Wraps J. Smith's filter.", true),
            ("Ends here.", "Ends here.", true),
            ("Reads files, dirs, etc.", "Reads files, dirs, etc.", true),
            ("Reads e.g.", "Reads e.g.", false),
            ("Goes on...then stops", "Goes on...then stops", false),
            ("Waits ... then retries. More", "Waits ... then retries.", true),
            ("Waits ... Then retries", "Waits ...", true),
            ("Converts U.S. dollars to euros.", "Converts U.S. dollars to euros.", true),
            ("Ships to the U.S. It is slow.", "Ships to the U.S.", true),
            ("Ships to the U.S.", "Ships to the U.S.", true),
            ("Replaces ? with %s in a statement.", "Replaces ? with %s in a statement.", true),
            ("Calculates the min. and max. of a list.", "Calculates the min. and max. of a list.", true),
            ("Adds numbers. 2. Returns the total.", "Adds numbers.", true),
            ("Rounds to 3. digits", "Rounds to 3. digits", false),
            ("Calls it. `run` is next.", "Calls it.", true),
            ("One\ntwo", "One\ntwo", false),
            ("Does this:\n- a", "Does this", true),
            ("Does this:\n1. a", "Does this", true),
            ("加法。再见", "加法。", true),
        ] {
            let sentence = sentences(text).next().unwrap();
            assert_eq!((sentence.text, sentence.is_complete), (expected, is_complete), "{text}");
        }
    }

    #[test]
    fn sentences_come_in_order() {
        let all = |text| sentences(text).map(|sentence| sentence.text).collect::<Vec<_>>();
        assert_eq!(all("It is a class. It adds.\n\nNote: simple"), ["It is a class.", "It adds.", "Note: simple"]);
        assert_eq!(all(" \n"), Vec::<&str>::new());
        assert_eq!(all("No end"), ["No end"]);
    }
}
