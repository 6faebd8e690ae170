//! Makes external text safe for a database column and a terminal: one line, printable, bounded.

/// The maximum length of an intent or of a failure's reason, in characters.
pub(crate) const MAX_CHARS: usize = 300;

/// `text` on one line of at most `max_chars` characters, without control and invisible characters.
pub(crate) fn one_line(text: &str, max_chars: usize) -> String {
    cap(&collapse(text), max_chars)
}

/// `text` with every run of white space and control characters as one blank, and without invisible characters.
pub(crate) fn collapse(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if is_separator(character) {
            if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
        } else if !is_invisible(character) {
            line.push(character);
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// Whether `text` can be an intent that this crate made: one printable line of at most 300 characters.
///
/// A store may have been in other hands since it got its answers.
pub fn is_kept_form(text: &str) -> bool {
    let is_printable = |character: char| {
        !character.is_control() && !is_invisible(character) && !matches!(character, '\u{2028}' | '\u{2029}')
    };
    !text.trim().is_empty() && text.chars().count() <= MAX_CHARS && text.chars().all(is_printable)
}

/// `text`, cut at a word boundary with an ellipsis if it has more than `max_chars` characters.
pub(crate) fn cap(text: &str, max_chars: usize) -> String {
    if text.len() <= max_chars || text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let room: usize = text.chars().take(max_chars - 1).map(char::len_utf8).sum();
    let (head, rest) = text.split_at(room);
    let boundary = if rest.starts_with(' ') { room } else { head.rfind(' ').unwrap_or(room) };
    // A first word that fills more than half of the space is cut inside.
    let boundary = if boundary < room / 2 { room } else { boundary };
    format!("{}…", head[..boundary].trim_end_matches([' ', ',', ';', ':', '-']))
}

/// The last position at or before `at` where `text` can be cut.
pub(crate) fn cut_before(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&index| text.is_char_boundary(index)).unwrap_or(0)
}

/// The first position at or after `at` where `text` can be cut.
pub(crate) fn cut_behind(text: &str, at: usize) -> usize {
    (at..text.len()).find(|&index| text.is_char_boundary(index)).unwrap_or(text.len())
}

/// Characters that separate words; a damaged one (U+FFFD) does too.
fn is_separator(character: char) -> bool {
    character.is_whitespace() || (character.is_control() && character != '\0') || character == '\u{fffd}'
}

/// Characters without a visible glyph, which can hide or reorder their neighbours.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\0' | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_one_printable_line() {
        for (text, expected) in [
            ("  a \t\r\n b\u{2028}c  ", "a b c"),
            ("a\u{1b}[31mred", "a [31mred"),
            ("nul\0byte", "nulbyte"),
            ("\u{202e}evil\u{202c} \u{200b}\u{feff}x", "evil x"),
            ("damaged\u{fffd}text \u{85}", "damaged text"),
            ("\u{7}\u{8}", ""),
        ] {
            assert_eq!(collapse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn kept_form_is_one_printable_line() {
        for text in ["Adds two numbers.", "Öffnet «die» Datei…", &"x".repeat(MAX_CHARS)] {
            assert!(is_kept_form(text), "{text}");
        }
        for text in ["", " ", "a\nb", "a\u{1b}[31m", "a\u{202e}b", "a\u{2028}b", &"x".repeat(MAX_CHARS + 1)] {
            assert!(!is_kept_form(text), "{text:?}");
        }
    }

    #[test]
    fn long_text_is_cut_at_word() {
        for (text, max_chars, expected) in [
            ("short", 5, "short"),
            ("one two three", 10, "one two…"),
            ("one two three", 8, "one two…"),
            ("one, two three", 6, "one…"),
            ("abcdefghijkl", 5, "abcd…"),
            ("a bcdefghijkl", 8, "a bcdef…"),
            ("äöü äöü äöü", 8, "äöü äöü…"),
            ("äöüß", 4, "äöüß"),
        ] {
            assert_eq!(cap(text, max_chars), expected, "{text}");
        }
    }
}
