//! JSON in which every character that a terminal or a CI runner might obey is escaped, so that it is safe to print.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use super::{runner::HashMarks, text::is_unsafe};

/// Writes `value` on one line.
pub fn to_writer(writer: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(writer, SafeFormatter)).map_err(io::Error::from)
}

struct SafeFormatter;

impl Formatter for SafeFormatter {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut marks = HashMarks::default();
        let mut written = 0;
        for (at, character) in fragment.char_indices() {
            let is_command = u8::try_from(character).is_ok_and(|byte| marks.step(byte));
            if is_command || is_unsafe(character) {
                CompactFormatter.write_string_fragment(writer, &fragment[written..at])?;
                // All of them lie in the first plane, so that one escape is enough.
                write!(writer, "\\u{:04x}", u32::from(character))?;
                written = at + character.len_utf8();
            }
        }
        CompactFormatter.write_string_fragment(writer, &fragment[written..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::has_command;

    #[test]
    fn what_is_escaped_reads_back() {
        let text = "plain é 加 \"quoted\" \\ \n \u{7f}\u{9b}31m\u{202e}\u{2028} ##[x] ##vso[y]";
        let mut json = Vec::new();
        to_writer(&mut json, &text).unwrap();
        let json = String::from_utf8(json).unwrap();
        assert!(!json.chars().any(is_unsafe) && !has_command(&json), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
