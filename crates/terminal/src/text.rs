//! Text from code, files and models, made safe for a terminal and for a CI runner.

use std::fmt::Write as _;

use super::runner::HashMarks;

/// Whether a terminal might obey the character instead of showing it: control characters, and those that reorder text.
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// The text with every unsafe character as `\u{…}`; line breaks stay.
pub fn shown(text: &str) -> String {
    escaped(text, |character| is_unsafe(character) && character != '\n')
}

/// The text with every unsafe character as `\u{…}`, line breaks too; what is safe already stays as it is.
pub fn safe_line(text: &str) -> String {
    escaped(text, is_unsafe)
}

/// The text on one line: white space becomes one blank, every other unsafe character `\u{…}`.
pub fn one_line(text: &str) -> String {
    shown(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A line of code with blanks for tabs and every unsafe character as `\u{…}`.
pub fn code_line(line: &str) -> String {
    safe_line(&line.replace('\t', "    "))
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut marks = HashMarks::default();
    for character in text.chars() {
        let is_command = u8::try_from(character).is_ok_and(|byte| marks.step(byte));
        if is_command || is_escaped(character) {
            write!(safe, "{}", character.escape_unicode()).expect("a String takes everything");
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        assert_eq!(shown("a\x1b[31m\u{202e}b\r\nc"), "a\\u{1b}[31m\\u{202e}b\\u{d}\nc");
        assert_eq!(one_line(" def f(\n    x,\t\x07\n):"), "def f( x, \\u{7} ):");
        assert_eq!(safe_line("a  b\\n\x1b[31m\n\u{202e}"), "a  b\\n\\u{1b}[31m\\u{a}\\u{202e}");
        assert_eq!(code_line("\tx  ##[error]\x07"), "    x  ##\\u{5b}error]\\u{7}");
    }
}
