//! The tokens of a text, line by line.

use cds_language::{Language, Token, TokenKind, tokenize};

/// A text with its tokens.
pub(super) struct Text<'a> {
    pub(super) language: &'static Language,
    pub(super) code: &'a str,
    pub(super) tokens: Vec<Token>,
}

/// The tokens of a logical line, and how many blocks are around it.
pub(super) struct Line {
    pub(super) depth: u32,
    /// The places of its tokens.
    pub(super) tokens: std::ops::Range<usize>,
}

impl<'a> Text<'a> {
    /// The tokens of `code`; `None` if it has none.
    pub(super) fn new(language: &'static Language, code: &'a str) -> Option<Self> {
        let tokens = tokenize(language.lexicon, code);
        (!tokens.is_empty()).then_some(Self { language, code, tokens })
    }

    /// The text of the token at a place; empty behind the last.
    pub(super) fn word(&self, place: usize) -> &'a str {
        self.tokens.get(place).map_or("", |token| token.text(self.code))
    }

    /// The text from one token to another, that one excluded.
    pub(super) fn slice(&self, first: usize, end: usize) -> &'a str {
        let Some(start) = self.tokens.get(first).map(|token| token.start) else { return "" };
        let last = end.checked_sub(1).filter(|&last| last >= first).and_then(|last| self.tokens.get(last));
        last.and_then(|last| self.code.get(start as usize..last.end as usize)).unwrap_or_default()
    }

    /// The place behind the bracket that closes the one at `open`.
    pub(super) fn behind_brackets(&self, open: usize) -> usize {
        let mut depth = 0_u32;
        for place in open..self.tokens.len() {
            match self.word(place) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => continue,
            }
            if depth == 0 {
                return place + 1;
            }
        }
        self.tokens.len()
    }

    /// The name that ends at a place, with what it is a member of.
    pub(super) fn chain(&self, last: usize) -> &'a str {
        let mut first = last;
        while let Some(before) = first.checked_sub(2)
            && matches!(self.word(first - 1), "." | "::" | "?." | "->")
            && matches!(self.tokens[before].kind, TokenKind::Name | TokenKind::Keyword)
        {
            first = before;
        }
        self.slice(first, last + 1)
    }

    /// The logical lines with what stands on them.
    pub(super) fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let (mut depth, mut start) = (0_u32, 0);
        for (place, token) in self.tokens.iter().enumerate() {
            match token.kind {
                TokenKind::Newline => {
                    lines.push(Line { depth, tokens: start..place });
                    start = place + 1;
                }
                TokenKind::Indent => {
                    depth += 1;
                    start = place + 1;
                }
                TokenKind::Dedent => {
                    depth = depth.saturating_sub(1);
                    start = place + 1;
                }
                _ => {}
            }
        }
        lines
    }
}
