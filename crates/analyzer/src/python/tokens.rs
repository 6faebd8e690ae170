//! The tokens of a Python text, as far as line breaks, comments and brackets need them.
//!
//! Numbers and operators are read roughly; strings are read as Python does, formatted ones with the code in their fields.
//! The first thing that no token can be ends the reading, and so does nesting that Python itself would refuse.

use std::ops::Range;

use cds_language::python::LEXICON;

/// Python refuses more than 200.
const MAX_OPEN: usize = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Number,
    /// A string; of a formatted one, what it begins or ends with.
    String,
    /// Text of a formatted string: what stands around its fields, and behind the `:` in one.
    Text,
    Operator,
    Open,
    Close,
    Comment,
    /// A backslash with the line break behind it.
    Continuation,
    LineBreak,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    start: u32,
    end: u32,
    /// Whether it stands in a field of a formatted string.
    pub(super) is_in_string: bool,
    /// Whether a bracket is open around it; an opening one is not around itself, a closing one is.
    pub(super) is_in_brackets: bool,
}

impl Token {
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// What was opened and not closed yet.
#[derive(Debug, Clone, Copy)]
enum Open {
    Bracket {
        end: u8,
    },
    /// The `{` of a formatted string.
    Field,
    /// The text of a formatted string.
    Text(Quote),
    /// The text behind the `:` of a field.
    Format(Quote),
}

#[derive(Debug, Clone, Copy)]
struct Quote {
    byte: u8,
    is_triple: bool,
    is_raw: bool,
}

impl Quote {
    fn length(self) -> usize {
        if self.is_triple { 3 } else { 1 }
    }
}

/// Reads a text token by token; white space between them is skipped.
pub(super) struct Tokens<'t> {
    text: &'t [u8],
    at: usize,
    open: Vec<Open>,
    text_count: usize,
    is_sound: bool,
}

impl<'t> Tokens<'t> {
    pub(super) fn of(text: &'t [u8]) -> Self {
        Self { text, at: 0, open: Vec::new(), text_count: 0, is_sound: true }
    }

    /// Whether the text was read to its end, and nothing was left open.
    pub(super) fn is_sound(&self) -> bool {
        self.is_sound && self.at == self.text.len() && self.open.is_empty()
    }

    fn code(&mut self) -> Option<Kind> {
        let kind = match self.text[self.at] {
            b'\n' | b'\r' => self.line_break(Kind::LineBreak)?,
            b'\\' => {
                self.at += 1;
                self.line_break(Kind::Continuation)?
            }
            b'#' => {
                self.skip_while(|byte| byte != b'\n');
                // The first half of a line break is no part of the comment.
                self.at -= usize::from(self.text[self.at - 1] == b'\r' && self.at < self.text.len());
                Kind::Comment
            }
            byte @ (b'"' | b'\'') => self.string(byte, b"")?,
            byte if is_digit_at(self.text, self.at, byte) => {
                self.number();
                Kind::Number
            }
            byte if is_in_name(byte) => self.name()?,
            b'(' => self.push(Open::Bracket { end: b')' })?,
            b'[' => self.push(Open::Bracket { end: b']' })?,
            b'{' => self.push(Open::Bracket { end: b'}' })?,
            byte @ (b')' | b']' | b'}') => self.close(byte)?,
            b':' if matches!(self.open.last(), Some(Open::Field)) => self.format()?,
            byte => {
                let is_double = byte == b'*' && self.text.get(self.at + 1) == Some(&b'*');
                self.at += 1 + usize::from(is_double);
                Kind::Operator
            }
        };
        Some(kind)
    }

    fn line_break(&mut self, kind: Kind) -> Option<Kind> {
        self.at += match self.text[self.at..] {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return None,
        };
        Some(kind)
    }

    fn name(&mut self) -> Option<Kind> {
        let start = self.at;
        self.skip_while(is_in_name);
        match self.text.get(self.at) {
            Some(&byte @ (b'"' | b'\'')) => self.string(byte, &self.text[start..self.at]),
            _ => Some(Kind::Name),
        }
    }

    /// A number and all letters that touch it, so that `1if` is one; its sign is none of it but in an exponent.
    fn number(&mut self) {
        let start = self.at;
        let is_decimal = !matches!(self.text[start..], [b'0', b'x' | b'X', ..]);
        while let Some(&byte) = self.text.get(self.at) {
            let is_sign = matches!(byte, b'+' | b'-') && matches!(self.text[self.at - 1], b'e' | b'E');
            if !(is_in_name(byte) || byte == b'.' || (is_decimal && is_sign && self.at > start)) {
                return;
            }
            self.at += 1;
        }
    }

    fn string(&mut self, byte: u8, prefix: &[u8]) -> Option<Kind> {
        // A name that touches a string, as in Python 2.
        let Some(prefix) = LEXICON.prefix(prefix) else { return Some(Kind::Name) };
        let is_triple = self.text[self.at..].starts_with(&[byte; 3]);
        let quote = Quote { byte, is_triple, is_raw: prefix.is_raw };
        self.at += quote.length();
        if prefix.has_fields {
            self.text_count += 1;
            self.push_at(Open::Text(quote))?;
            return Some(Kind::String);
        }
        loop {
            self.at += memchr::memchr3(byte, b'\\', b'\n', &self.text[self.at..])?;
            match self.text[self.at] {
                b'\\' => self.escape(),
                b'\n' if !is_triple => return None,
                _ if self.ends(quote) => {
                    self.at += quote.length();
                    return Some(Kind::String);
                }
                _ => self.at += 1,
            }
        }
    }

    /// Reads the text of a formatted string up to its end or to the next field, or else this end.
    fn formatted(&mut self, quote: Quote, is_format: bool) -> Option<Kind> {
        let start = self.at;
        loop {
            match self.text[self.at..] {
                [] => return None,
                [b'\\', b'N', b'{', ..] if !quote.is_raw && !is_format => {
                    self.at += memchr::memchr(b'}', &self.text[self.at..])? + 1;
                }
                [b'\\', b'{' | b'}', ..] => self.at += 1,
                [b'\\', ..] => self.escape(),
                [b'{', b'{', ..] | [b'}', b'}', ..] if !is_format => self.at += 2,
                [b'{', ..] => return Some(Kind::Text),
                [b'}', ..] if is_format => {
                    self.open.pop();
                    return Some(Kind::Text);
                }
                [b'\n', ..] if !quote.is_triple && is_format => {
                    self.open.pop();
                    return Some(Kind::Text);
                }
                [b'\n', ..] if !quote.is_triple => return None,
                _ if self.ends(quote) => {
                    if is_format {
                        return None;
                    }
                    if self.at > start {
                        return Some(Kind::Text);
                    }
                    self.at += quote.length();
                    self.open.pop();
                    self.text_count -= 1;
                    return Some(Kind::String);
                }
                _ => self.at += 1,
            }
        }
    }

    fn format(&mut self) -> Option<Kind> {
        let quote = self.open.iter().rev().find_map(|open| match open {
            Open::Text(quote) => Some(*quote),
            _ => None,
        })?;
        self.at += 1;
        self.push_at(Open::Format(quote))?;
        Some(Kind::Operator)
    }

    fn escape(&mut self) {
        let length = if self.text[self.at..].starts_with(b"\\\r\n") { 3 } else { 2 };
        self.at = (self.at + length).min(self.text.len());
    }

    fn ends(&self, quote: Quote) -> bool {
        self.text[self.at..].starts_with(&[quote.byte; 3][..quote.length()])
    }

    fn push(&mut self, open: Open) -> Option<Kind> {
        self.at += 1;
        self.push_at(open)?;
        Some(Kind::Open)
    }

    fn push_at(&mut self, open: Open) -> Option<()> {
        self.open.push(open);
        (self.open.len() <= MAX_OPEN).then_some(())
    }

    fn close(&mut self, byte: u8) -> Option<Kind> {
        let fits = match self.open.pop()? {
            Open::Bracket { end } => end == byte,
            Open::Field => byte == b'}',
            Open::Text(_) | Open::Format(_) => false,
        };
        self.at += 1;
        fits.then_some(Kind::Close)
    }

    fn skip_while(&mut self, is_part: impl Fn(u8) -> bool) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().position(|&byte| !is_part(byte)).unwrap_or(rest.len());
    }

    fn read(&mut self) -> Option<Kind> {
        match self.open.last() {
            Some(&Open::Text(quote)) => match self.text[self.at..] {
                // Of three braces the first two are text.
                [b'{', b'{', ..] => self.formatted(quote, false),
                [b'{', ..] => self.push(Open::Field),
                _ => self.formatted(quote, false),
            },
            Some(Open::Format(_)) if self.text[self.at] == b'{' => self.push(Open::Field),
            Some(&Open::Format(quote)) => self.formatted(quote, true),
            _ => self.code(),
        }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if !self.is_sound {
            return None;
        }
        let is_code = !matches!(self.open.last(), Some(Open::Text(_) | Open::Format(_)));
        if is_code {
            self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\x0c'));
        }
        let start = self.at;
        let is_in_brackets = !self.open.is_empty();
        let is_in_string = self.text_count > 0;
        if start == self.text.len() {
            return None;
        }
        let Some(kind) = self.read() else {
            self.is_sound = false;
            return None;
        };
        let offset = |at: usize| u32::try_from(at).expect("a source text is shorter than 4 GiB");
        Some(Token { kind, start: offset(start), end: offset(self.at), is_in_string, is_in_brackets })
    }
}

fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn is_digit_at(text: &[u8], at: usize, byte: u8) -> bool {
    byte.is_ascii_digit() || (byte == b'.' && text.get(at + 1).is_some_and(u8::is_ascii_digit))
}
