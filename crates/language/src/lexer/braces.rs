//! Statements and blocks where braces make them.
//!
//! A statement ends with a semicolon outside of brackets, with the brace that opens a block, with the one that closes it, and
//! in some languages with a line that ends as an operand does. A brace inside of brackets opens a block as well: what is
//! called may take a function.

use super::{Lexer, Token, TokenKind};
use crate::lexicon::Layout;

impl Lexer<'_> {
    /// A brace that opens or closes a block.
    pub(super) fn block_bracket(&mut self, byte: u8) {
        if byte == b'{' {
            self.blocks.push(std::mem::take(&mut self.depth));
            return self.end_statement();
        }
        self.depth = self.blocks.pop().unwrap_or_default();
        let behind = self.bytes[self.at..].trim_ascii_start();
        // What a block is an argument of goes on behind it.
        if !matches!(behind.first(), Some(b';' | b',' | b')' | b']' | b'.')) {
            self.end_statement();
        }
    }

    /// A line break; it ends a statement, or nothing.
    pub(super) fn break_in_braces(&mut self) {
        let ends = Layout::Braces { lines_end_statements: true };
        if self.lexicon.words.layout == ends && self.depth == 0 && self.ends_operand && !self.begins_line {
            self.end_statement();
        }
        self.at += 1;
        self.line += 1;
    }

    /// Whether a statement begins with the token that begins here; then its column is known.
    pub(super) fn begins_statement(&mut self, byte: u8) -> bool {
        let closes = byte == b'}' && self.line_start != self.at;
        if closes && !self.begins_line {
            self.end_statement();
        }
        if !self.begins_line {
            return false;
        }
        if !std::mem::take(&mut self.is_measured) {
            let around = self.blocks.len().saturating_sub(usize::from(byte == b'}'));
            self.column = u32::try_from(around).unwrap_or(u32::MAX);
        }
        self.line_start = self.at;
        true
    }

    /// See [`Lexer::skip_deeper_lines`].
    pub(super) fn skip_deeper_blocks(&mut self, column: u32) {
        while let Some(token) = self.next() {
            if token.kind == TokenKind::Line && self.column <= column {
                (self.begins_line, self.is_measured) = (true, true);
                return;
            }
        }
    }

    /// Looks at what decides about what follows a token.
    pub(super) fn look_behind(&mut self, token: &Token) {
        let text = &self.bytes[token.start as usize..token.end as usize];
        self.ends_operand = match token.kind {
            TokenKind::Name | TokenKind::Number | TokenKind::Text => true,
            TokenKind::Keyword => self.lexicon.words.values.iter().any(|value| value.as_bytes() == text),
            _ => matches!(text, b")" | b"]" | b"}" | b"++" | b"--"),
        };
        if text == b";" && self.depth == 0 {
            self.end_statement();
        }
    }

    /// Notes that a statement ends with the last token.
    fn end_statement(&mut self) {
        self.line_end = (self.at, self.line);
        self.begins_line = true;
        self.is_measured = false;
    }
}
