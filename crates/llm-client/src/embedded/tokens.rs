//! The tokens of a text in its language, in the form that sentences need.

use cds_language::{Language, Lexer, Token, TokenKind};

/// The type of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first token of a logical line begins here, indented by this number of columns.
    Line(u32),
    /// A name or a keyword.
    Name,
    /// A number.
    Number,
    /// A string with its prefix.
    Text,
    /// An operator; its first byte if it has several.
    Operator(u8),
    /// An operator of several bytes that ends with `=`, such as `==` or `+=`.
    Compound,
}

/// A token and its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The tokens of a text, in order.
pub(super) struct Pieces<'a> {
    pub(super) language: &'static Language,
    source: &'a str,
    lexer: Lexer<'a>,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(language: &'static Language, source: &'a str) -> Self {
        Self { language, source, lexer: Lexer::new(language.lexicon, source) }
    }

    /// The number of open brackets after the last token.
    pub(super) fn depth(&self) -> u32 {
        self.lexer.depth()
    }

    /// The text of `piece`.
    pub(super) fn text(&self, piece: Piece) -> &'a str {
        self.slice(piece.start, piece.end)
    }

    /// The text between two token boundaries.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.source.get(start..end).unwrap_or_default()
    }

    /// The text after the last token.
    pub(super) fn rest(&self) -> &'a str {
        self.slice(self.lexer.position(), self.source.len())
    }

    /// Advances to the next logical line that is indented by at most `columns`, without producing tokens on the way.
    pub(super) fn skip_deeper_lines(&mut self, columns: u32) {
        self.lexer.skip_deeper_lines(columns);
    }

    fn kind(&self, token: &Token) -> Kind {
        match token.kind {
            TokenKind::Line | TokenKind::Newline | TokenKind::Indent | TokenKind::Dedent => {
                Kind::Line(self.lexer.column())
            }
            TokenKind::Name | TokenKind::Keyword => Kind::Name,
            TokenKind::Number => Kind::Number,
            TokenKind::Text => Kind::Text,
            TokenKind::Operator => match token.text(self.source).as_bytes() {
                [_, .., b'='] => Kind::Compound,
                operator => Kind::Operator(operator.first().copied().unwrap_or_default()),
            },
        }
    }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let token = self.lexer.next()?;
        Some(Piece { kind: self.kind(&token), start: token.start as usize, end: token.end as usize })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_cover_the_text_in_order(
            source in "(?s)([fr]?\"|'|'''|\\{|\\}|\\(|\\)|\\\\|\n|[a-z ]|.){0,80}",
        ) {
            let mut end = 0;
            for piece in Pieces::new(Language::of_record("a.py"), &source) {
                prop_assert!(piece.start >= end && piece.end <= source.len());
                prop_assert!(source.get(piece.start..piece.end).is_some());
                prop_assert!(piece.end > piece.start || matches!(piece.kind, Kind::Line(_)));
                end = piece.end;
            }
        }
    }
}
