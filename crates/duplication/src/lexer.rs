//! A small lexer over normalized Python: tokens with their places, logical lines and indentation.
//!
//! It never fails: whatever is no token of Python is an operator of one character, an open string ends with the text,
//! an indentation that fits nothing closes the blocks that are deeper. Comments are skipped, so that code which somebody
//! else normalized differently is read as well. Texts longer than [`MAX_BYTES`] are read up to that length.

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

/// Python's hard keywords, sorted.
pub(crate) const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// The same as [`packed`], in the same order.
const PACKED_KEYWORDS: [u64; KEYWORDS.len()] = {
    let mut keywords = [0; KEYWORDS.len()];
    let mut place = 0;
    while place < KEYWORDS.len() {
        keywords[place] = packed(KEYWORDS[place].as_bytes());
        place += 1;
    }
    keywords
};

/// No keyword has more bytes.
const LONGEST_KEYWORD: usize = 8;

/// A word of at most [`LONGEST_KEYWORD`] bytes as a number; words without a zero byte keep their order.
const fn packed(word: &[u8]) -> u64 {
    let mut bytes = [0; LONGEST_KEYWORD];
    let mut place = 0;
    while place < word.len() {
        bytes[place] = word[place];
        place += 1;
    }
    u64::from_be_bytes(bytes)
}

/// Operators of two and three characters, longest first.
const LONG_OPERATORS: [&[u8]; 24] = [
    b"**=", b"//=", b">>=", b"<<=", b"...", b"**", b"//", b">>", b"<<", b"<=", b">=", b"==", b"!=", b"->", b"+=",
    b"-=", b"*=", b"/=", b"%=", b"@=", b"&=", b"|=", b"^=", b":=",
];

/// Cuts `code` into tokens.
pub(crate) fn tokenize(code: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        bytes: &code.as_bytes()[..code.len().min(MAX_BYTES)],
        at: 0,
        line: 0,
        open_brackets: 0,
        indents: vec![0],
        tokens: Vec::with_capacity(code.len() / 4),
    };
    lexer.run();
    lexer.tokens
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
    open_brackets: usize,
    indents: Vec<usize>,
    tokens: Vec<Token>,
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
                        self.structure(TokenKind::Newline);
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
            self.structure(TokenKind::Newline);
        }
        for _ in 1..self.indents.len() {
            self.structure(TokenKind::Dedent);
        }
    }

    /// Reads the white space before a line; false if nothing stands on it.
    fn indentation(&mut self) -> bool {
        let mut column = 0;
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
        let current = self.indents.last().copied().unwrap_or(0);
        if column > current && !self.tokens.is_empty() {
            self.indents.push(column);
            self.structure(TokenKind::Indent);
        }
        while self.indents.len() > 1 && self.indents.last().is_some_and(|&open| open > column) {
            self.indents.pop();
            self.structure(TokenKind::Dedent);
        }
        true
    }

    fn skip_comment(&mut self) {
        while self.at < self.bytes.len() && self.bytes[self.at] != b'\n' {
            self.at += 1;
        }
    }

    fn structure(&mut self, kind: TokenKind) {
        let at = self.at as u32;
        self.tokens.push(Token { kind, start: at, end: at, line: self.line });
    }

    fn token(&mut self, byte: u8) {
        let (start, line) = (self.at, self.line);
        let kind =
            if byte.is_ascii_digit() || (byte == b'.' && self.bytes.get(start + 1).is_some_and(u8::is_ascii_digit)) {
                self.number();
                TokenKind::Number
            } else if byte == b'"' || byte == b'\'' {
                self.string(byte, false);
                TokenKind::Text
            } else if is_name(byte) {
                self.name()
            } else {
                self.operator(byte);
                TokenKind::Operator
            };
        self.tokens.push(Token { kind, start: start as u32, end: self.at as u32, line });
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

    fn name(&mut self) -> TokenKind {
        let start = self.at;
        while self.bytes.get(self.at).copied().is_some_and(is_name) {
            self.at += 1;
        }
        let name = &self.bytes[start..self.at];
        if let Some(&quote) = self.bytes.get(self.at)
            && (quote == b'"' || quote == b'\'')
            && name.len() <= 2
            && name.iter().all(|letter| b"rbfutRBFUT".contains(letter))
        {
            self.string(quote, name.iter().any(|letter| b"fFtT".contains(letter)));
            return TokenKind::Text;
        }
        if name.len() <= LONGEST_KEYWORD && PACKED_KEYWORDS.binary_search(&packed(name)).is_ok() {
            TokenKind::Keyword
        } else {
            TokenKind::Name
        }
    }

    /// Reads from the opening quote to behind the closing one. A string in single quotes ends with its line; the
    /// replacement fields of an f-string may hold the same quotes again.
    fn string(&mut self, quote: u8, formatted: bool) {
        let triple = self.bytes[self.at..].starts_with(&[quote; 3]);
        self.at += if triple { 3 } else { 1 };
        let mut braces = 0_usize;
        while let Some(&byte) = self.bytes.get(self.at) {
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

    fn operator(&mut self, byte: u8) {
        let rest = &self.bytes[self.at..];
        // Few marks are the second one of any operator.
        let may_be_long = matches!(rest.get(1), Some(b'=' | b'*' | b'/' | b'<' | b'>' | b'.'));
        let long = LONG_OPERATORS.iter().find(|operator| may_be_long && rest.starts_with(operator));
        let length = long.map_or(1, |operator| operator.len());
        self.at += length;
        match byte {
            b'(' | b'[' | b'{' => self.open_brackets += 1,
            b')' | b']' | b'}' => self.open_brackets = self.open_brackets.saturating_sub(1),
            _ => {}
        }
    }
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

pub(crate) const fn is_structure(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Newline | TokenKind::Indent | TokenKind::Dedent)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for operator in LONG_OPERATORS {
            let operator = std::str::from_utf8(operator).unwrap();
            assert_eq!(shown(&format!("a{operator}b")), format!("a {operator} b NL"));
        }
        let kind = |word: &str| tokenize(word)[0].kind;
        assert!(KEYWORDS.is_sorted());
        for keyword in KEYWORDS {
            assert_eq!(kind(keyword), TokenKind::Keyword, "{keyword}");
            for name in [format!("{keyword}_"), keyword[..keyword.len() - 1].to_owned() + "0", keyword.to_uppercase()] {
                assert_eq!(kind(&name), TokenKind::Name, "{name}");
            }
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
