//! Lines that a CI runner would obey, made harmless.
//!
//! GitHub, Gitea and Forgejo obey a line that begins with `::name::`, whatever blanks stand before it. These, Azure
//! Pipelines and `TeamCity` obey `##[name]`, `##vso[…]` and `##teamcity[…]` anywhere in a line. So the second colon, and the
//! bracket, are written as escapes. GitLab and Travis need control characters, which no text keeps anyway.
//!
//! .NET compares texts without characters that have no width, so that nothing beyond ASCII counts as a separator here.

use std::io::{self, Write};

/// Finds the bracket of `##name[`, byte by byte.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HashMarks {
    count: u8,
    has_name: bool,
}

impl HashMarks {
    /// Whether `byte` is a bracket that makes what stands before it a command.
    pub(super) fn step(&mut self, byte: u8) -> bool {
        match byte {
            b'[' if self.count > 1 => {
                *self = Self::default();
                return true;
            }
            b'#' if self.has_name => *self = Self { count: 1, has_name: false },
            b'#' => self.count = self.count.saturating_add(1),
            _ if is_nothing(byte) => {}
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' if self.count > 1 => self.has_name = true,
            _ => *self = Self::default(),
        }
        false
    }
}

/// Whether the text has a command of the second kind.
pub(super) fn has_command(text: &str) -> bool {
    let mut marks = HashMarks::default();
    text.bytes().any(|byte| marks.step(byte))
}

/// Bytes that a comparison may pass over: control characters and everything beyond ASCII.
const fn is_nothing(byte: u8) -> bool {
    byte < b' ' || byte > b'~'
}

/// The state of a line so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// Nothing but blanks.
    Blank,
    /// Blanks and one colon.
    Colon,
    /// No command any more.
    Over,
}

/// Passes everything on, and escapes what would make a line a command.
pub struct Guard<W> {
    target: W,
    start: Start,
    marks: HashMarks,
    /// Lines that begin with `::` are the program's own.
    has_own_commands: bool,
}

impl<W: Write> Guard<W> {
    /// Passes everything on to `target`.
    pub const fn new(target: W) -> Self {
        Self { target, start: Start::Blank, marks: HashMarks { count: 0, has_name: false }, has_own_commands: false }
    }

    /// For a form that consists of such commands; it has no line break but its own.
    pub fn for_commands(target: W) -> Self {
        Self { has_own_commands: true, ..Self::new(target) }
    }

    /// The escape to write instead of `byte`, if it needs one.
    fn step(&mut self, byte: u8) -> Option<&'static [u8]> {
        if matches!(byte, b'\n' | b'\r') {
            (self.start, self.marks) = (Start::Blank, HashMarks::default());
            return None;
        }
        let is_bracket = self.marks.step(byte);
        let is_command = self.start == Start::Colon && byte == b':' && !self.has_own_commands;
        self.start = match self.start {
            Start::Over => Start::Over,
            start if byte == b' ' || is_nothing(byte) => start,
            Start::Blank if byte == b':' => Start::Colon,
            Start::Blank | Start::Colon => Start::Over,
        };
        match (is_command, is_bracket) {
            (true, _) => Some(b"\\u{3a}"),
            (_, true) => Some(b"\\u{5b}"),
            _ => None,
        }
    }
}

impl<W: Write> Write for Guard<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        for (place, byte) in bytes.iter().enumerate() {
            if let Some(escape) = self.step(*byte) {
                self.target.write_all(&bytes[written..place])?;
                self.target.write_all(escape)?;
                written = place + 1;
            }
        }
        self.target.write_all(&bytes[written..])?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.target.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(text: &str) -> String {
        let mut guard = Guard::new(Vec::new());
        // In pieces, since a command may come in several.
        text.as_bytes().chunks(1).for_each(|piece| guard.write_all(piece).unwrap());
        let mut whole = Guard::new(Vec::new());
        whole.write_all(text.as_bytes()).unwrap();
        assert_eq!(guard.target, whole.target);
        String::from_utf8(whole.target).unwrap()
    }

    #[test]
    fn a_line_that_begins_as_a_command_is_escaped() {
        for (text, expected) in [
            ("::error::x", ":\\u{3a}error::x"),
            ("a\n \t\u{a0}::add-mask::x\n", "a\n \t\u{a0}:\\u{3a}add-mask::x\n"),
            ("a\r::stop-commands::x", "a\r:\\u{3a}stop-commands::x"),
            ("\u{ad}:\u{200b}:error::x", "\u{ad}:\u{200b}\\u{3a}error::x"),
            (":::error::", ":\\u{3a}:error::"),
        ] {
            assert_eq!(guarded(text), expected);
        }
    }

    #[test]
    fn a_bracket_behind_two_marks_is_escaped_anywhere() {
        for (text, expected) in [
            ("##[error]x", "##\\u{5b}error]x"),
            ("x = 1  ##vso[task.setvariable a=b]c", "x = 1  ##vso\\u{5b}task.setvariable a=b]c"),
            ("##teamcity[x] ##[y]", "##teamcity\\u{5b}x] ##\\u{5b}y]"),
            ("###[x]", "###\\u{5b}x]"),
            ("##a##[x]", "##a##\\u{5b}x]"),
            ("#\u{200b}#\u{ad}vso[x]", "#\u{200b}#\u{ad}vso\\u{5b}x]"),
        ] {
            assert_eq!(guarded(text), expected);
            assert!(has_command(text), "{text}");
        }
    }

    #[test]
    fn what_no_runner_obeys_stays_as_it_is() {
        for text in [
            "a::b",
            "orders.py::Cart",
            "x[::2]",
            ":x::y",
            "## heading [x]",
            "# [x]",
            "#a#[x]",
            "##\n[x]",
            "a: b",
            "[x]",
        ] {
            assert_eq!(guarded(text), text);
        }
        let mut own = Guard::for_commands(Vec::new());
        own.write_all(b"::error title=cds::##[group]x\n").unwrap();
        assert_eq!(own.target, b"::error title=cds::##\\u{5b}group]x\n");
    }
}
