//! One lexer for every language, driven by its [`Lexicon`].
//!
//! It never fails: whatever is no token of the language is an operator of one byte, an open literal ends with its line or
//! with the text, an indentation that fits nothing closes the blocks that are deeper. Comments are skipped. Each byte is
//! looked at once, nothing recurses.

mod braces;
mod strings;
mod structure;
mod token;

#[cfg(test)]
mod tests;

pub use structure::{MAX_BYTES, tokenize, tokenize_into};
pub use token::{Token, TokenKind};

use crate::{
    class::{Class, NEWLINE, NUMBER, TEXT},
    lexicon::{Layout, Lexicon, Start, name_at},
};
use strings::StringScanner;

/// The tokens of a text, one after the other, with a [`TokenKind::Line`] before the first of each logical line.
///
/// Names have the class of their word, or the class of other words; [`tokenize`] finds their roles.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent state of the reading")]
pub struct Lexer<'a> {
    lexicon: &'static Lexicon,
    bytes: &'a [u8],
    at: usize,
    line: u32,
    /// Brackets that are open, those of blocks left out.
    depth: u32,
    /// Of the logical line: its width in columns, or how many blocks are open around it.
    column: u32,
    /// Braces make blocks.
    has_braces: bool,
    /// For each open block how many brackets are open around it.
    blocks: Vec<u32>,
    begins_line: bool,
    /// The column of the line that begins is known already.
    is_measured: bool,
    /// Where the last logical line ended, and on which line.
    line_end: (usize, u32),
    /// Where braces make blocks: where the last logical line began.
    line_start: usize,
    /// Where braces make blocks: an operand ended with the last token.
    ends_operand: bool,
    strings: StringScanner,
}

impl<'a> Lexer<'a> {
    /// Begins to read `code`.
    pub fn new(lexicon: &'static Lexicon, code: &'a str) -> Self {
        Self::of_bytes(lexicon, code.as_bytes())
    }

    fn of_bytes(lexicon: &'static Lexicon, bytes: &'a [u8]) -> Self {
        Self {
            lexicon,
            bytes,
            at: 0,
            line: 0,
            depth: 0,
            column: 0,
            has_braces: matches!(lexicon.words.layout, Layout::Braces { .. }),
            blocks: Vec::new(),
            begins_line: true,
            is_measured: false,
            line_end: (0, 0),
            line_start: usize::MAX,
            ends_operand: false,
            strings: StringScanner::default(),
        }
    }

    /// How many brackets are open behind the last token; braces that make blocks do not count.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// By how many columns the logical line is indented, or how many blocks are open around it.
    pub fn column(&self) -> u32 {
        self.column
    }

    /// The byte behind the last token.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Goes on to the next logical line that is indented by at most `column`, without making tokens on the way.
    pub fn skip_deeper_lines(&mut self, column: u32) {
        if self.has_braces {
            return self.skip_deeper_blocks(column);
        }
        while let Some(rest) = self.bytes.get(self.at..) {
            let is_plain = |byte: &u8| {
                matches!(
                    self.lexicon.starts[usize::from(*byte)],
                    Start::Name | Start::Digit | Start::Blank | Start::Operator | Start::Point
                )
            };
            self.at += rest.iter().take_while(|byte| is_plain(byte)).count();
            let Some(&byte) = self.bytes.get(self.at) else { return };
            let start = self.lexicon.starts[usize::from(byte)];
            match start {
                Start::LineBreak if self.depth == 0 => {
                    self.end_line();
                    if !self.measure() || self.column <= column {
                        (self.begins_line, self.is_measured) = (true, true);
                        return;
                    }
                }
                Start::LineBreak => {
                    self.at += 1;
                    self.line += 1;
                }
                Start::Comment if self.comment() => {}
                Start::Continuation => self.continuation(),
                Start::Quote if self.string_behind_skipped() => {}
                Start::Open | Start::Close => {
                    self.bracket(byte);
                }
                _ => self.at += 1,
            }
        }
    }

    /// Skips a literal whose prefix, if it has one, was skipped before.
    fn string_behind_skipped(&mut self) -> bool {
        let before = &self.bytes[self.at.saturating_sub(3)..self.at];
        let is_part = |byte: &&u8| self.lexicon.name_parts[usize::from(**byte)];
        let letters = &before[before.len() - before.iter().rev().take_while(is_part).count()..];
        let has_fields = self.lexicon.prefix(letters).is_some_and(|prefix| prefix.has_fields);
        self.string(has_fields)
    }

    /// Notes the end of a logical line with its line break.
    fn end_line(&mut self) {
        self.at += 1;
        self.line_end = (self.at, self.line);
        self.line += 1;
        self.begins_line = true;
        self.is_measured = false;
    }

    /// Reads the white space, the empty lines and the comments before a logical line; false if no token follows.
    fn measure(&mut self) -> bool {
        // Mostly nothing but blanks, looked at by eights.
        let (eights, _) = self.bytes[self.at..].as_chunks();
        let others = eights.iter().map(|eight| u64::from_le_bytes(*eight) ^ u64::from_le_bytes([b' '; 8]));
        let mut column = 0;
        for other in others {
            column += other.trailing_zeros() / 8;
            if other != 0 {
                break;
            }
        }
        self.at += column as usize;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' => column = column.saturating_add(1),
                b'\t' => column = (column / 8).saturating_add(1).saturating_mul(8),
                b'\x0c' => column = 0,
                b'\r' | 0 => {}
                b'\n' => {
                    column = 0;
                    self.line += 1;
                }
                _ if self.lexicon.starts[usize::from(byte)] == Start::Comment && self.comment() => continue,
                _ => {
                    self.column = column;
                    return true;
                }
            }
            self.at += 1;
        }
        false
    }

    /// Skips the comment that begins here, if one does.
    fn comment(&mut self) -> bool {
        let (words, rest) = (&self.lexicon.words, &self.bytes[self.at..]);
        if words.line_comments.iter().any(|mark| rest.starts_with(mark.as_bytes())) {
            self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            return true;
        }
        let Some(comment) = words.block_comments.iter().find(|comment| rest.starts_with(comment.open.as_bytes()))
        else {
            return false;
        };
        let (open, close) = (comment.open.as_bytes(), comment.close.as_bytes());
        let (mut at, mut depth) = (open.len(), 1);
        while depth > 0 && at < rest.len() {
            if rest[at..].starts_with(close) {
                (at, depth) = (at + close.len(), depth - 1);
            } else if comment.nests && rest[at..].starts_with(open) {
                (at, depth) = (at + open.len(), depth + 1);
            } else {
                self.line += u32::from(rest[at] == b'\n');
                at += 1;
            }
        }
        self.at += at.min(rest.len());
        true
    }

    /// A backslash takes the line break behind it along: the line goes on.
    fn continuation(&mut self) {
        let length = match self.bytes[self.at + 1..] {
            [b'\n', ..] => 2,
            [b'\r', b'\n', ..] => 3,
            _ => 1,
        };
        self.line += u32::from(length > 1);
        self.at += length;
    }

    fn name(&mut self) -> (TokenKind, Class) {
        let rest = &self.bytes[self.at..];
        let (length, head) = name_at(rest, &self.lexicon.name_parts);
        self.at += length;
        let name = &rest[..length];
        if let Some(&behind) = rest.get(length)
            && self.lexicon.starts[usize::from(behind)] == Start::Quote
            && let Some(prefix) = self.lexicon.prefix(name)
            && self.string(prefix.has_fields)
        {
            return (TokenKind::Text, TEXT);
        }
        let class = self.lexicon.name_class(name, head);
        let kind = if self.lexicon.is_keyword(class) { TokenKind::Keyword } else { TokenKind::Name };
        (kind, class)
    }

    /// Reads the literal that begins here, if one does.
    fn string(&mut self, has_fields: bool) -> bool {
        let Some(rule) = self.lexicon.string_rule(self.bytes, self.at) else { return false };
        let end = self.strings.end(self.lexicon, self.bytes, self.at, rule, has_fields);
        let end = end.min(self.bytes.len());
        let text = &self.bytes[self.at..end];
        self.line += u32::try_from(memchr::memchr_iter(b'\n', text).count()).unwrap_or(u32::MAX);
        self.at = end;
        true
    }

    /// Reads a regular expression, which ends with its line at the latest.
    fn regular_expression(&mut self) {
        let (mut at, mut is_in_set) = (self.at + 1, false);
        while let Some(&byte) = self.bytes.get(at) {
            match byte {
                b'\n' => break,
                b'\\' => at += 1,
                b'[' => is_in_set = true,
                b']' => is_in_set = false,
                b'/' if !is_in_set => {
                    at += 1;
                    break;
                }
                _ => {}
            }
            at += 1;
        }
        self.at = at.min(self.bytes.len());
    }

    fn number(&mut self) {
        let is_point_a_part = |at: usize| {
            self.lexicon.words.numbers.may_end_with_point || self.bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
        };
        // The `e` of a number to the base 16 is a digit.
        let is_decimal = !matches!(self.bytes[self.at..], [b'0', b'x' | b'X', ..]);
        let mut at = self.at + 1;
        while let Some(&byte) = self.bytes.get(at) {
            let is_sign = matches!(byte, b'+' | b'-') && is_decimal && matches!(self.bytes[at - 1], b'e' | b'E');
            let is_part =
                self.lexicon.name_parts[usize::from(byte)] || is_sign || (byte == b'.' && is_point_a_part(at));
            if !is_part {
                break;
            }
            at += 1;
        }
        self.at = at;
    }

    fn operator(&mut self) -> Class {
        let (length, class) = self.lexicon.operator(&self.bytes[self.at..]);
        self.at += length;
        class
    }

    fn bracket(&mut self, byte: u8) -> Class {
        self.at += 1;
        match byte {
            b'{' | b'}' if self.has_braces => self.block_bracket(byte),
            b'(' | b'[' | b'{' => self.depth = self.depth.saturating_add(1),
            _ => self.depth = self.depth.saturating_sub(1),
        }
        self.lexicon.mark(byte)
    }

    /// Reads the token that begins here; comments were looked for before.
    fn token(&mut self, byte: u8, kind: Start) -> Token {
        let (start, line) = (self.at, self.line);
        let (kind, class) = match kind {
            Start::Name => self.name(),
            Start::Quote if self.string(false) => (TokenKind::Text, TEXT),
            Start::Quote if self.lexicon.name_parts[usize::from(byte)] => self.name(),
            Start::Digit => {
                self.number();
                (TokenKind::Number, NUMBER)
            }
            Start::Point if self.bytes.get(start + 1).is_some_and(u8::is_ascii_digit) => {
                self.number();
                (TokenKind::Number, NUMBER)
            }
            Start::Comment if byte == b'/' && self.lexicon.words.has_regular_expressions && !self.ends_operand => {
                self.regular_expression();
                (TokenKind::Text, TEXT)
            }
            Start::Open | Start::Close => (TokenKind::Operator, self.bracket(byte)),
            _ => (TokenKind::Operator, self.operator()),
        };
        let token = Token { kind, class, start: offset(start), end: offset(self.at), line };
        if self.has_braces {
            self.look_behind(&token);
        }
        token
    }

    fn begin_line(&mut self) -> Option<Token> {
        if !std::mem::take(&mut self.is_measured) && !self.measure() {
            return None;
        }
        Some(self.line_token())
    }

    /// What stands before the first token of a logical line, which begins here.
    fn line_token(&mut self) -> Token {
        self.begins_line = false;
        let at = offset(self.at);
        Token { kind: TokenKind::Line, class: NEWLINE, start: at, end: at, line: self.line }
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    #[inline]
    fn next(&mut self) -> Option<Token> {
        if self.begins_line && !self.has_braces {
            return self.begin_line();
        }
        loop {
            let byte = *self.bytes.get(self.at)?;
            let start = self.lexicon.starts[usize::from(byte)];
            match start {
                Start::Blank => self.at += 1,
                Start::LineBreak if self.has_braces => self.break_in_braces(),
                Start::LineBreak if self.depth == 0 => {
                    self.end_line();
                    return self.begin_line();
                }
                Start::LineBreak => {
                    self.at += 1;
                    self.line += 1;
                }
                Start::Continuation => self.continuation(),
                Start::Comment if self.comment() => {}
                _ if self.has_braces && self.begins_statement(byte) => return Some(self.line_token()),
                _ => return Some(self.token(byte, start)),
            }
        }
    }
}
