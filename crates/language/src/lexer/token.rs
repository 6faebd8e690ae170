//! Tokens.

use crate::class::Class;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An identifier, also a word that is a keyword in some places only.
    Name,
    /// A word that no program may use as a name.
    Keyword,
    /// A number of any notation.
    Number,
    /// A whole string literal with its prefix and quotes.
    Text,
    /// An operator or a delimiter.
    Operator,
    /// The end of a logical line; only among the tokens of [`tokenize`](crate::tokenize).
    Newline,
    /// A block opens; only among the tokens of [`tokenize`](crate::tokenize).
    Indent,
    /// A block closes; only among the tokens of [`tokenize`](crate::tokenize).
    Dedent,
    /// The first token of a logical line follows; only among those of a [`Lexer`](crate::Lexer).
    Line,
}

impl TokenKind {
    /// Whether it is no text but what separates logical lines and blocks.
    pub const fn is_structure(self) -> bool {
        matches!(self, Self::Newline | Self::Indent | Self::Dedent | Self::Line)
    }
}

/// A token and the bytes of the text that it covers; structure tokens cover none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// The word of the language, or the part that it plays.
    pub class: Class,
    /// First byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
    /// The line on which it begins, from 0.
    pub line: u32,
}

impl Token {
    /// The token's text.
    pub fn text<'a>(&self, code: &'a str) -> &'a str {
        code.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}
