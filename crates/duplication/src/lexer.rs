//! A small lexer over normalized Python: tokens with their places, logical lines and indentation.
//!
//! It never fails: whatever is no token of Python is an operator of one character, an open string ends with the text,
//! an indentation that fits nothing closes the blocks that are deeper. Comments are skipped, so that code which somebody
//! else normalized differently is read as well. Texts longer than [`MAX_BYTES`] are read up to that length.

use crate::{
    shape::{ARGUMENT, ATTRIBUTE, CALL, Class, DEDENT, INDENT, METHOD_CALL, NAME, NEWLINE, NUMBER, OTHER, TEXT},
    words::{self, Head},
};

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
        let at = self.at as u32;
        self.tokens.push(Token { kind, class, start: at, end: at, line: self.line });
    }

    fn token(&mut self, byte: u8) {
        let (start, line) = (self.at, self.line);
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

    /// Which part a name plays is told by what follows it.
    fn name_before(&mut self, part: impl Fn(Class) -> Class) {
        if let Some(last) = self.tokens.last_mut().filter(|last| last.kind == TokenKind::Name) {
            last.class = part(last.class);
        }
    }
}

/// How many bytes of `rest` are its first operator; whatever else there is, is one of one byte.
fn operator_length(rest: &[u8]) -> usize {
    match rest {
        [b'*', b'*', b'=', ..]
        | [b'/', b'/', b'=', ..]
        | [b'<', b'<', b'=', ..]
        | [b'>', b'>', b'=', ..]
        | [b'.', b'.', b'.', ..] => 3,
        [b'*' | b'/' | b'<' | b'>' | b'=' | b'!' | b'+' | b'-' | b'%' | b'@' | b'&' | b'|' | b'^' | b':', b'=', ..]
        | [b'*', b'*', ..]
        | [b'/', b'/', ..]
        | [b'<', b'<', ..]
        | [b'>' | b'-', b'>', ..] => 2,
        _ => 1,
    }
}

const fn those(marks: &[u8]) -> [bool; 256] {
    let mut is_one = [false; 256];
    let mut place = 0;
    while place < marks.len() {
        is_one[marks[place] as usize] = true;
        place += 1;
    }
    is_one
}

/// All other bytes of a string say nothing about where it ends.
static ENDS_OR_CHANGES_A_STRING: [bool; 256] = those(b"\\\n\"'{}");

static OF_NAMES: [bool; 256] = {
    let mut of_names = those(b"_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    let mut byte = 0x80;
    while byte < 256 {
        of_names[byte] = true;
        byte += 1;
    }
    of_names
};

#[inline]
fn is_name(byte: u8) -> bool {
    OF_NAMES[usize::from(byte)]
}

/// How many bytes the name has with which `rest` begins, and its first ones. Most have less than eight, which are looked
/// at all at once.
#[inline]
fn name_at(rest: &[u8]) -> (usize, Head) {
    let Some(first) = rest.first_chunk() else {
        let length = rest.iter().position(|&byte| !is_name(byte)).unwrap_or(rest.len());
        return (length, Head::of(&rest[..length]));
    };
    let first = u64::from_le_bytes(*first);
    let others = not_of_names(first);
    if others == 0 {
        let more = &rest[8..];
        return (8 + more.iter().position(|&byte| !is_name(byte)).unwrap_or(more.len()), Head(first));
    }
    let length = others.trailing_zeros() / 8;
    (length as usize, Head(first & ((1 << (8 * length)) - 1)))
}

/// The highest bit of each of the eight bytes that is no part of a name.
#[inline]
const fn not_of_names(bytes: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    /// The highest bit of each byte that is at least `least`; no byte nor `least` is above 0x7f, so that nothing carries.
    const fn from(bytes: u64, least: u8) -> u64 {
        bytes + (0x80 - least as u64) * ONES
    }
    let low = bytes & !HIGH;
    let lower = low | 0x20 * ONES;
    let digit = from(low, b'0') & !from(low, b'9' + 1);
    let letter = from(lower, b'a') & !from(lower, b'z' + 1);
    let line = from(low, b'_') & !from(low, b'_' + 1);
    !(digit | letter | line | bytes) & HIGH
}

pub(crate) const fn is_structure(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Newline | TokenKind::Indent | TokenKind::Dedent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{KEYWORDS, OPERATORS};

    fn shown(code: &str) -> String {
        tokenize(code)
            .iter()
            .map(|token| match token.kind {
                TokenKind::Newline => "NL",
                TokenKind::Indent => "IN",
                TokenKind::Dedent => "DE",
                _ => token.text(code),
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn blocks_and_logical_lines_are_structure() {
        assert_eq!(
            shown("def f(a,\n      b):\n    if a:\n        return 1\n    return b"),
            "def f ( a , b ) : NL IN if a : NL IN return 1 NL DE return b NL DE"
        );
    }

    #[test]
    fn strings_are_one_token() {
        for text in ["'a'", "\"a'b\"", "rb'\\''", "'''a\n'b'''", "f'{a[\"b\"]}'", "f\"{a[\"b\"]}\"", "f'{{'"] {
            assert_eq!(shown(&format!("x = {text}")), format!("x = {text} NL"));
        }
    }

    #[test]
    fn numbers_are_one_token() {
        for number in ["1", "1.5e-3", "0xFFe", ".5", "1_000j", "1."] {
            assert_eq!(shown(&format!("{number} + y")), format!("{number} + y NL"));
        }
        assert_eq!(shown("a.b"), "a . b NL");
    }

    #[test]
    fn every_long_operator_and_every_keyword_is_one_token() {
        for operator in OPERATORS {
            assert_eq!(shown(&format!("a{operator}b")), format!("a {operator} b NL"));
        }
        let kind = |word: &str| tokenize(word)[0].kind;
        for keyword in KEYWORDS {
            assert_eq!(kind(keyword), TokenKind::Keyword, "{keyword}");
            for name in [format!("{keyword}_"), keyword[..keyword.len() - 1].to_owned() + "0", keyword.to_uppercase()] {
                assert_eq!(kind(&name), TokenKind::Name, "{name}");
            }
        }
    }

    #[test]
    fn eight_bytes_at_once_are_told_apart_as_one_by_one() {
        for byte in 0..=u8::MAX {
            for neighbour in [0, b'a', 0x7f, 0x80, u8::MAX] {
                for place in 0..8 {
                    let mut bytes = [neighbour; 8];
                    bytes[place] = byte;
                    let expected = u64::from_le_bytes(bytes.map(|byte| if is_name(byte) { 0 } else { 0x80 }));
                    assert_eq!(not_of_names(u64::from_le_bytes(bytes)), expected, "{bytes:?}");
                }
            }
        }
        for length in 1..20 {
            let name = "n".repeat(length);
            for rest in ["", "(", "(a, b, c, d)"] {
                assert_eq!(tokenize(&format!("{name}{rest}"))[0].end as usize, length, "{name}{rest}");
            }
        }
    }

    #[test]
    fn a_name_is_what_stands_around_it() {
        let code = "a(b.c, d=b.e(), len=f[g], h.i=1)\nself.len = len(print) == j\nk = l\n.m\nn(\n)\no\n(p)\n";
        let of = |name: &str| {
            let token = tokenize(code).into_iter().find(|token| token.text(code) == name);
            token.map(|token| token.class)
        };
        for (names, class) in [
            ("b f g h j k l o p", NAME),
            ("a n", CALL),
            ("c i m", ATTRIBUTE),
            ("e", METHOD_CALL),
            ("d len", ARGUMENT),
            ("self", words::code_of("self")),
            ("print", words::code_of("print")),
        ] {
            assert!(names.split(' ').all(|name| of(name) == Some(class)), "{names}");
        }
    }

    #[test]
    fn anything_is_read_to_its_end() {
        for text in
            ["", "\n\n", "'open", "\"\"\"open\n", "f'{", ")))", "  x\n y\nz", "\\", "'\\", "é = ∑ # c", "a ? $ b"]
        {
            let tokens = tokenize(text);
            assert!(tokens.windows(2).all(|pair| pair[0].end <= pair[1].start), "{text:?}");
            assert!(tokens.iter().all(|token| token.end as usize <= text.len()), "{text:?}");
        }
    }
}
