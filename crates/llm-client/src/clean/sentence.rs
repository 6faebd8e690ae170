//! Finds the first sentence of a text.

/// Abbreviations whose period ends no sentence, in lower case and without it.
const ABBREVIATIONS: [&str; 16] =
    ["e.g", "i.e", "eg", "ie", "etc", "vs", "cf", "approx", "resp", "incl", "fig", "no", "dr", "mr", "mrs", "st"];

/// The beginning of a text.
pub(super) struct Sentence<'a> {
    pub(super) text: &'a str,
    /// Whether it ends as a sentence or a paragraph does, rather than where the text stops.
    pub(super) is_complete: bool,
}

/// The text up to its first sentence end, blank line, or line that begins a list, a heading or a table.
pub(super) fn first_sentence(text: &str) -> Sentence<'_> {
    let text = text.trim();
    for (index, character) in text.char_indices() {
        let after = &text[index + character.len_utf8()..];
        match character {
            '.' | '!' | '?' if is_sentence_end(&text[..index], after) => {
                let end = text.len() - after.trim_start_matches(['"', '”', '\'', ')', '*']).len();
                return Sentence { text: &text[..end], is_complete: true };
            }
            '。' | '！' | '？' => {
                return Sentence { text: &text[..text.len() - after.len()], is_complete: true };
            }
            '\n' if is_paragraph_end(after) => {
                return Sentence { text: text[..index].trim_end_matches(':'), is_complete: true };
            }
            _ => {}
        }
    }
    Sentence { text, is_complete: false }
}

fn is_sentence_end(before: &str, after: &str) -> bool {
    let after = after.trim_start_matches(['"', '”', '\'', ')', '*']);
    if !after.is_empty() && !after.starts_with(char::is_whitespace) {
        return false;
    }
    let word = before.rsplit([' ', '\n', '(', '"', '`']).next().unwrap_or_default();
    let word = word.to_lowercase();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic) && !after.is_empty();
    let is_final_etc = word == "etc" && after.is_empty();
    !is_initial && (is_final_etc || !ABBREVIATIONS.contains(&word.as_str()))
}

fn is_paragraph_end(after: &str) -> bool {
    let next = after.trim_start_matches([' ', '\t', '\r']);
    ["\n", "- ", "* ", "• ", "#", "```", "1. ", "|"].iter().any(|mark| next.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_where_a_reader_would_end_it() {
        for (text, expected, is_complete) in [
            ("Runs foo.py on 3.11. Then stops.", "Runs foo.py on 3.11.", true),
            ("Reads e.g. a file, i.e. Its bytes. More", "Reads e.g. a file, i.e. Its bytes.", true),
            ("Reads files, dirs, etc. and more. X", "Reads files, dirs, etc. and more.", true),
            ("Says \"hello.\" Then more", "Says \"hello.\"", true),
            ("Loads (and checks.) More", "Loads (and checks.)", true),
            ("Wraps J. Smith's filter. X", "Wraps J. Smith's filter.", true),
            ("Ends here.", "Ends here.", true),
            ("Reads files, dirs, etc.", "Reads files, dirs, etc.", true),
            ("Goes on...then stops", "Goes on...then stops", false),
            ("One\ntwo", "One\ntwo", false),
            ("Does this:\n- a", "Does this", true),
            ("加法。再见", "加法。", true),
        ] {
            let sentence = first_sentence(text);
            assert_eq!((sentence.text, sentence.is_complete), (expected, is_complete), "{text}");
        }
    }
}
