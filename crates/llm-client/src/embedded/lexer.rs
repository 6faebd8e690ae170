//! A lexer for Python, as much of one as a sentence about code needs.
//!
//! It takes any text and never fails: what it does not know is an operator of one byte. Strings are opaque. Every byte
//! is looked at once.

use super::{
    bytes::{CLASSES, Class},
    strings::StringScanner,
};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first token of a logical line starts here, indented by so many columns.
    Line(u32),
    /// A name or a keyword.
    Name,
    /// A number.
    Number,
    /// A string with its prefix.
    Text,
    /// One byte of punctuation.
    Operator(u8),
    /// Two bytes of punctuation that end with `=`, such as `==` or `+=`.
    Compound,
}

/// A token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The tokens of a text, one after the other.
pub(super) struct Lexer<'a> {
    source: &'a str,
    position: usize,
    depth: u32,
    at_line_start: bool,
    strings: StringScanner,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { source, position: 0, depth: 0, at_line_start: true, strings: StringScanner::default() }
    }

    /// How many brackets are open behind the last token.
    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    /// The text of `token`.
    pub(super) fn text(&self, token: Token) -> &'a str {
        self.slice(token.start, token.end)
    }

    /// The text between two places that tokens start or end at.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.source.get(start..end).unwrap_or_default()
    }

    /// The text behind the last token.
    pub(super) fn rest(&self) -> &'a str {
        self.slice(self.position, self.source.len())
    }

    /// Goes on to the next logical line that is indented by at most `columns`, without making tokens on the way.
    pub(super) fn skip_deeper_lines(&mut self, columns: u32) {
        let bytes = self.source.as_bytes();
        while let Some(rest) = bytes.get(self.position..) {
            let is_neutral = |byte: &u8| CLASSES[usize::from(*byte)].is_neutral();
            self.position += rest.iter().position(|byte| !is_neutral(byte)).unwrap_or(rest.len());
            let Some(class) = self.class_at(self.position) else {
                return;
            };
            match class {
                Class::LineEnd if self.depth == 0 => {
                    let line = self.position + 1;
                    if self.indentation().is_none_or(|found| found <= columns) {
                        self.position = line;
                        self.at_line_start = true;
                        return;
                    }
                }
                Class::Hash => self.position = self.line_end(),
                Class::Backslash => self.position += self.backslash_length(),
                Class::Quote => self.skip_string(),
                Class::Open | Class::Close => {
                    self.operator(class);
                }
                _ => self.position += 1,
            }
        }
    }

    /// Skips a string whose prefix, if it has one, was skipped before.
    fn skip_string(&mut self) {
        let bytes = self.source.as_bytes();
        let before = &bytes[self.position.saturating_sub(3)..self.position];
        let letter_count = before.iter().rev().take_while(|byte| is_name_part(**byte)).count();
        let is_interpolated = string_prefix(&before[before.len() - letter_count..]).unwrap_or_default();
        self.position = self.strings.end(bytes, self.position, is_interpolated);
    }

    fn class_at(&self, position: usize) -> Option<Class> {
        self.source.as_bytes().get(position).map(|&byte| CLASSES[usize::from(byte)])
    }

    fn name_end(&self, start: usize) -> usize {
        let bytes = &self.source.as_bytes()[start..];
        start + bytes.iter().position(|&byte| !is_name_part(byte)).unwrap_or(bytes.len())
    }

    fn token(&mut self, kind: Kind, end: usize) -> Token {
        let start = self.position;
        self.position = end;
        Token { kind, start, end }
    }

    /// Skips blank lines and indentation; tells the columns before the next token, if there is one.
    fn indentation(&mut self) -> Option<u32> {
        let bytes = self.source.as_bytes();
        let mut columns = 0_u32;
        loop {
            let spaces = bytes.get(self.position..)?.iter().take_while(|&&byte| byte == b' ').count();
            columns = columns.saturating_add(u32::try_from(spaces).unwrap_or(u32::MAX));
            self.position += spaces;
            match *bytes.get(self.position)? {
                b'\t' => columns = (columns / 8).saturating_add(1).saturating_mul(8),
                b'\n' | 0x0c => columns = 0,
                b'\r' | 0 => {}
                b'#' => {
                    self.position = self.line_end();
                    continue;
                }
                _ => return Some(columns),
            }
            self.position += 1;
        }
    }

    fn line_end(&self) -> usize {
        let rest = &self.source.as_bytes()[self.position..];
        self.position + rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len())
    }

    /// A backslash takes the line break behind it along: the line goes on.
    fn backslash_length(&self) -> usize {
        match self.source.as_bytes()[self.position + 1..] {
            [b'\n', ..] => 2,
            [b'\r', b'\n', ..] => 3,
            _ => 1,
        }
    }

    fn name_or_string(&mut self) -> Token {
        let end = self.name_end(self.position);
        if self.class_at(end) == Some(Class::Quote) {
            let bytes = self.source.as_bytes();
            if let Some(is_interpolated) = string_prefix(&bytes[self.position..end]) {
                let end = self.strings.end(bytes, end, is_interpolated);
                return self.token(Kind::Text, end);
            }
        }
        self.token(Kind::Name, end)
    }

    fn number(&mut self) -> Token {
        let mut end = self.name_end(self.position);
        while self.source.as_bytes().get(end) == Some(&b'.') {
            end = self.name_end(end + 1);
        }
        self.token(Kind::Number, end)
    }

    fn operator(&mut self, class: Class) -> Token {
        let bytes = self.source.as_bytes();
        let byte = bytes[self.position];
        match class {
            Class::Open => self.depth = self.depth.saturating_add(1),
            Class::Close => self.depth = self.depth.saturating_sub(1),
            Class::BeforeEquals if bytes.get(self.position + 1) == Some(&b'=') => {
                return self.token(Kind::Compound, self.position + 2);
            }
            _ => {}
        }
        self.token(Kind::Operator(byte), self.position + 1)
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            if self.at_line_start {
                let columns = self.indentation()?;
                self.at_line_start = false;
                return Some(self.token(Kind::Line(columns), self.position));
            }
            if self.source.as_bytes().get(self.position) == Some(&b' ') {
                self.position += 1;
            }
            match self.class_at(self.position)? {
                Class::Blank => self.position += 1,
                Class::LineEnd => {
                    self.position += 1;
                    self.at_line_start = self.depth == 0;
                }
                Class::Hash => self.position = self.line_end(),
                Class::Backslash => self.position += self.backslash_length(),
                Class::Name => return Some(self.name_or_string()),
                Class::Digit => return Some(self.number()),
                Class::Quote => {
                    let end = self.strings.end(self.source.as_bytes(), self.position, false);
                    return Some(self.token(Kind::Text, end));
                }
                class => return Some(self.operator(class)),
            }
        }
    }
}

fn is_name_part(byte: u8) -> bool {
    CLASSES[usize::from(byte)].is_name_part()
}

/// Whether the string behind `letters` is an interpolated one; none where they are no prefix of a string.
fn string_prefix(letters: &[u8]) -> Option<bool> {
    let is_prefix = letters.len() <= 2 && letters.iter().all(|letter| b"rbuftRBUFT".contains(letter));
    is_prefix.then(|| letters.iter().any(|letter| b"ftFT".contains(letter)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The tokens as text, one logical line a line, each begun with its columns.
    fn tokens(source: &str) -> String {
        let mut lexer = Lexer::new(source);
        let mut shown = Vec::new();
        while let Some(token) = lexer.next() {
            shown.push(match token.kind {
                Kind::Line(columns) => format!("\n{columns}"),
                _ => format!(" {}", lexer.text(token)),
            });
        }
        shown.concat().trim_start().to_owned()
    }

    #[test]
    fn lines_are_logical_and_know_their_columns() {
        for (source, expected) in [
            ("a\n  b\n\n\tc\n", "0 a\n2 b\n8 c"),
            ("f(1,\n  2)\ng", "0 f ( 1 , 2 )\n0 g"),
            ("a = \\\n  b\nc", "0 a = b\nc".replace("\nc", "\n0 c").as_str()),
            ("a # x\n# y\nb", "0 a\n0 b"),
            ("", ""),
            ("\n \n", ""),
            (")\nb", "0 )\n0 b"),
        ] {
            assert_eq!(tokens(source), expected, "{source:?}");
        }
    }

    #[test]
    fn names_numbers_and_operators_are_told_apart() {
        for (source, expected) in [
            ("größe_1=a.b", "0 größe_1 = a . b"),
            ("1.5e10 0xff_f 1j 3.", "0 1.5e10 0xff_f 1j 3."),
            ("a==b!=c:=d->e", "0 a == b != c := d - > e"),
            ("x:int=3", "0 x : int = 3"),
            ("$?`", "0 $ ? `"),
        ] {
            assert_eq!(tokens(source), expected, "{source:?}");
        }
    }

    #[test]
    fn strings_are_opaque() {
        for (source, expected) in [
            (r#"a "b (c" d"#, r#"0 a "b (c" d"#),
            (r"'it\'s' x", r"0 'it\'s' x"),
            (r"r'\' x'", r"0 r'\' x'"),
            ("'''a\n'b' ''' c", "0 '''a\n'b' ''' c"),
            ("Rb'x' uf'x'", "0 Rb'x' uf'x'"),
            ("abc'x'", "0 abc 'x'"),
            ("'open\nb", "0 'open\n0 b"),
            ("'' \"\" x", "0 '' \"\" x"),
            ("'a\\\nb' c", "0 'a\\\nb' c"),
        ] {
            assert_eq!(tokens(source), expected, "{source:?}");
        }
    }

    #[test]
    fn strings_may_hold_strings() {
        for string in [
            r#"f"{d["k"]}""#,
            r#"f"{d['(']:>{width}} {{ {x!r}""#,
            r#"f"{x:'>10}""#,
            r#"f"{f"{f"{1}"}"}""#,
            r"f'''{d['''k''']}'''",
            r#"rf"\d{x}""#,
        ] {
            assert_eq!(tokens(&format!("{string} end")), format!("0 {string} end"));
        }
    }

    #[test]
    fn deeper_lines_are_skipped_whatever_stands_in_them() {
        let source = "def f(\n): \n  a = f'{x[\"'\"]}'\n  b = r'\\'' \\\nz\n\n  '''\nno'''\n  # '\n c(\n)\nnext";
        let mut lexer = Lexer::new(source);
        lexer.next();
        lexer.skip_deeper_lines(0);
        assert_eq!(lexer.rest(), "next");
        assert_eq!(lexer.next().map(|token| token.kind), Some(Kind::Line(0)));
        lexer.skip_deeper_lines(0);
        assert_eq!(lexer.next(), None);
    }

    proptest! {
        #[test]
        fn every_byte_belongs_to_one_token_or_to_the_space_between(
            source in "(?s)([fr]?\"|'|'''|\\{|\\}|\\(|\\)|\\\\|\n|[a-z ]|.){0,80}",
        ) {
            let mut end = 0;
            for token in Lexer::new(&source) {
                prop_assert!(token.start >= end && token.end <= source.len());
                prop_assert!(source.get(token.start..token.end).is_some());
                prop_assert!(token.end > token.start || matches!(token.kind, Kind::Line(_)));
                end = token.end;
            }
        }
    }
}
