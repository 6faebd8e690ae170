//! A small lexer over normalized Python: tokens with their places, logical lines and indentation.
//!
//! It never fails: whatever is no token of Python is an operator of one character, an open string ends with the text,
//! an indentation that fits nothing closes the blocks that are deeper. Comments are skipped, so that code which somebody
//! else normalized differently is read as well. Texts longer than [`MAX_BYTES`] are read up to that length.

mod bytes;
#[cfg(test)]
mod tests;

use crate::{
    shape::{ARGUMENT, ATTRIBUTE, CALL, Class, DEDENT, INDENT, METHOD_CALL, NAME, NEWLINE, NUMBER, OTHER, TEXT},
    words,
};
use bytes::{ENDS_OR_CHANGES_A_STRING, is_name, name_at, operator_length};

/// How much of one text is read, in bytes.
pub(crate) const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TokenKind {
    /// An identifier, also a soft keyword.
    Name,
    /// A hard keyword.
    Keyword,
    /// A number of any notation.
    Number,
    /// A whole string literal with its prefix and quotes.
    Text,
    /// An operator or a delimiter, at most three characters.
    Operator,
    /// The end of a logical line.
    Newline,
    /// A block opens.
    Indent,
    /// A block closes.
    Dedent,
}

/// A token and the bytes of the text that it covers; structure tokens cover none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// The word of the language, or the part that it plays; see [`crate::shape`].
    pub(crate) class: Class,
    /// First byte.
    pub(crate) start: u32,
    /// The byte after the last.
    pub(crate) end: u32,
    /// The line on which it begins, from 0.
    pub(crate) line: u32,
}

impl Token {
    /// The token's text.
    pub(crate) fn text<'a>(&self, code: &'a str) -> &'a str {
        code.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// Cuts `code` into tokens.
pub(crate) fn tokenize(code: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(code.len() / 4);
    tokenize_into(code, &mut tokens);
    tokens
}

/// The same in place of what `tokens` held.
pub(crate) fn tokenize_into(code: &str, tokens: &mut Vec<Token>) {
    tokens.clear();
    let bytes = &code.as_bytes()[..code.len().min(MAX_BYTES)];
    Lexer { bytes, at: 0, line: 0, open_brackets: 0, indent: 0, outer: Vec::new(), tokens }.run();
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
    open_brackets: usize,
    /// The column of the block.
    indent: usize,
    /// Those of the blocks around it.
    outer: Vec<usize>,
    tokens: &'a mut Vec<Token>,
}

impl Lexer<'_> {
    fn run(&mut self) {
        let mut line_begins = true;
        while self.at < self.bytes.len() {
            if line_begins {
                line_begins = false;
                if !self.indentation() {
                    line_begins = true;
                    continue;
                }
            }
            match self.bytes[self.at] {
                b'\n' => {
                    self.at += 1;
                    if self.open_brackets == 0 {
                        self.structure(TokenKind::Newline, NEWLINE);
                        line_begins = true;
                    }
                    self.line += 1;
                }
                b' ' | b'\t' | b'\r' | b'\x0c' => self.at += 1,
                b'#' => self.skip_comment(),
                b'\\' if self.bytes.get(self.at + 1) == Some(&b'\n') => {
                    self.at += 2;
                    self.line += 1;
                }
                byte => self.token(byte),
            }
        }
        if self.tokens.last().is_some_and(|token| !is_structure(token.kind)) {
            self.structure(TokenKind::Newline, NEWLINE);
        }
        for _ in 0..self.outer.len() {
            self.structure(TokenKind::Dedent, DEDENT);
        }
    }

    /// Reads the white space before a line; false if nothing stands on it.
    fn indentation(&mut self) -> bool {
        // Mostly nothing but blanks, looked at by eights.
        let (eights, _) = self.bytes[self.at..].as_chunks();
        let others = eights.iter().map(|eight| u64::from_le_bytes(*eight) ^ u64::from_le_bytes([b' '; 8]));
        let mut column = 0;
        for other in others {
            column += other.trailing_zeros() as usize / 8;
            if other != 0 {
                break;
            }
        }
        self.at += column;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' => column += 1,
                b'\t' => column = column / 8 * 8 + 8,
                b'\r' | b'\x0c' => {}
                _ => break,
            }
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            None => return false,
            Some(b'\n') => {
                self.at += 1;
                self.line += 1;
                return false;
            }
            Some(b'#') => {
                self.skip_comment();
                return false;
            }
            Some(_) => {}
        }
        if column > self.indent && !self.tokens.is_empty() {
            self.outer.push(self.indent);
            self.indent = column;
            self.structure(TokenKind::Indent, INDENT);
        }
        while self.indent > column
            && let Some(outer) = self.outer.pop()
        {
            self.indent = outer;
            self.structure(TokenKind::Dedent, DEDENT);
        }
        true
    }

    fn skip_comment(&mut self) {
        while self.at < self.bytes.len() && self.bytes[self.at] != b'\n' {
            self.at += 1;
        }
    }

    fn structure(&mut self, kind: TokenKind, class: Class) {
        self.end_mention();
        let at = self.at as u32;
        self.tokens.push(Token { kind, class, start: at, end: at, line: self.line });
    }

    fn token(&mut self, byte: u8) {
        let (start, line) = (self.at, self.line);
        if byte != b'(' {
            self.end_mention();
        }
        let (kind, class) = if is_name(byte) && !byte.is_ascii_digit() {
            self.name()
        } else if byte == b'"' || byte == b'\'' {
            self.string(byte, false);
            (TokenKind::Text, TEXT)
        } else if byte.is_ascii_digit() || (byte == b'.' && self.bytes.get(start + 1).is_some_and(u8::is_ascii_digit)) {
            self.number();
            (TokenKind::Number, NUMBER)
        } else {
            (TokenKind::Operator, self.operator(byte))
        };
        self.tokens.push(Token { kind, class, start: start as u32, end: self.at as u32, line });
    }

    fn number(&mut self) {
        let mut previous = 0;
        while let Some(&byte) = self.bytes.get(self.at) {
            let signed_exponent = (byte == b'+' || byte == b'-') && matches!(previous, b'e' | b'E');
            let hexadecimal = signed_exponent && self.bytes[..self.at].ends_with(b"0xe");
            if !(is_name(byte) || byte == b'.' || (signed_exponent && !hexadecimal)) {
                break;
            }
            previous = byte;
            self.at += 1;
        }
    }

    fn name(&mut self) -> (TokenKind, Class) {
        let rest = &self.bytes[self.at..];
        let (length, head) = name_at(rest);
        self.at += length;
        let name = &rest[..length];
        if length <= 2
            && let Some(&quote @ (b'"' | b'\'')) = rest.get(length)
            && name.iter().all(|letter| b"rbfutRBFUT".contains(letter))
        {
            self.string(quote, name.iter().any(|letter| b"fFtT".contains(letter)));
            return (TokenKind::Text, TEXT);
        }
        let word = words::name_code(name, head);
        if words::is_keyword(word) {
            return (TokenKind::Keyword, word);
        }
        let class = match word {
            _ if self.tokens.last().is_some_and(|last| last.class == words::mark(b'.')) => ATTRIBUTE,
            OTHER => NAME,
            builtin => builtin,
        };
        (TokenKind::Name, class)
    }

    /// Reads from the opening quote to behind the closing one. A string in single quotes ends with its line; the
    /// replacement fields of an f-string may hold the same quotes again.
    fn string(&mut self, quote: u8, formatted: bool) {
        let triple = self.bytes[self.at..].starts_with(&[quote; 3]);
        self.at += if triple { 3 } else { 1 };
        let mut braces = 0_usize;
        while let Some(&byte) = self.bytes.get(self.at) {
            if !ENDS_OR_CHANGES_A_STRING[usize::from(byte)] {
                self.at += 1;
                continue;
            }
            match byte {
                b'\\' => {
                    if self.bytes.get(self.at + 1) == Some(&b'\n') {
                        self.line += 1;
                    }
                    self.at += 2;
                    continue;
                }
                b'\n' if !triple => return,
                b'\n' => self.line += 1,
                b'{' if formatted && braces == 0 && self.bytes.get(self.at + 1) == Some(&b'{') => self.at += 1,
                b'{' if formatted => braces += 1,
                b'}' if formatted => braces = braces.saturating_sub(1),
                _ if triple && self.bytes[self.at..].starts_with(&[quote; 3]) => {
                    self.at += 3;
                    return;
                }
                _ if byte == quote && !triple && !(formatted && braces > 0 && self.closes_later(quote)) => {
                    self.at += 1;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.at = self.at.min(self.bytes.len());
    }

    /// Whether behind this quote, on this line, the replacement field is closed and then the string.
    fn closes_later(&self, quote: u8) -> bool {
        let rest = self.bytes[self.at + 1..].split(|&byte| byte == b'\n').next().unwrap_or_default();
        let rest = &rest[..rest.len().min(256)];
        rest.iter().position(|&byte| byte == b'}').is_some_and(|brace| rest[brace..].contains(&quote))
    }

    fn operator(&mut self, byte: u8) -> Class {
        let rest = &self.bytes[self.at..];
        // Few marks are the second one of any operator.
        let may_be_long = matches!(rest.get(1), Some(b'=' | b'*' | b'/' | b'<' | b'>' | b'.'));
        let length = if may_be_long { operator_length(rest) } else { 1 };
        self.at += length;
        if length > 1 {
            return words::operator_code(&rest[..length]);
        }
        match byte {
            b'(' | b'[' | b'{' => {
                self.open_brackets += 1;
                if byte == b'(' {
                    self.name_before(|class| match class {
                        NAME => CALL,
                        ATTRIBUTE => METHOD_CALL,
                        other => other,
                    });
                }
            }
            b')' | b']' | b'}' => self.open_brackets = self.open_brackets.saturating_sub(1),
            b'=' if self.open_brackets > 0 => {
                self.name_before(|class| if class == ATTRIBUTE { ATTRIBUTE } else { ARGUMENT });
            }
            _ => {}
        }
        words::mark(byte)
    }

    /// A built-in function before this place is not called.
    fn end_mention(&mut self) {
        if let Some(last) = self.tokens.last_mut().filter(|last| words::is_function(last.class)) {
            last.class = NAME;
        }
    }

    /// Which part a name plays is told by what follows it.
    fn name_before(&mut self, part: impl Fn(Class) -> Class) {
        if let Some(last) = self.tokens.last_mut().filter(|last| last.kind == TokenKind::Name) {
            last.class = part(last.class);
        }
    }
}

pub(crate) const fn is_structure(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Newline | TokenKind::Indent | TokenKind::Dedent)
}
