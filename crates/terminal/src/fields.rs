//! Lines of `key=value` that a program can read back.
//!
//! A value of safe characters stands as it is. Any other is a JSON string, in which everything but visible characters
//! is escaped.

use std::fmt::{Display, Write as _};

use super::{
    runner::{HashMarks, has_command},
    text::is_unsafe,
};

/// A line that grows field by field.
pub struct Fields(String);

impl Fields {
    /// A line that begins with `name`.
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Adds ` key=value`.
    #[must_use]
    pub fn field(mut self, key: &str, value: impl Display) -> Self {
        let value = value.to_string();
        write!(self.0, " {key}={}", quoted_if_needed(&value)).expect("a String takes everything");
        self
    }

    /// The whole line, without a line break.
    pub fn finish(self) -> String {
        self.0
    }
}

fn quoted_if_needed(value: &str) -> String {
    let is_plain = |character: char| {
        !character.is_whitespace() && !is_unsafe(character) && !matches!(character, '"' | '\'' | '\\' | '=')
    };
    if !value.is_empty() && value.chars().all(is_plain) && !has_command(value) {
        return value.to_owned();
    }
    let mut quoted = String::from("\"");
    let mut marks = HashMarks::default();
    for character in value.chars() {
        let is_command = u8::try_from(character).is_ok_and(|byte| marks.step(byte));
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            _ if is_command || is_unsafe(character) => {
                write!(quoted, "\\u{:04x}", u32::from(character)).expect("a String takes everything");
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_stand_as_they_are() {
        let line = Fields::new("x").field("a", 1).field("b", "dir/file.py").finish();
        assert_eq!(line, "x a=1 b=dir/file.py");
    }

    #[test]
    fn any_other_value_is_a_json_string() {
        for value in
            ["", "two words", "it's", "a\"b\\c", "k=v", "line\nbreak\t", "\x1b[2J\u{202e}é", "a##[b]", "##vso[c d]"]
        {
            let quoted = quoted_if_needed(value);
            assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), value, "{quoted}");
            assert!(!quoted.chars().any(is_unsafe) && !has_command(&quoted), "{quoted}");
        }
    }
}
