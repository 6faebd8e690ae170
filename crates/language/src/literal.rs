//! What a literal says, however it is written.
//!
//! Quotes, the case of prefixes and digits, escapes that need not be there, the spelling of hexadecimal escapes and blanks in
//! the fields of an f-string are layout, and so is whether a text stands in one piece or in several that follow each other.

use std::borrow::Cow;

use crate::{
    Lexer, TokenKind,
    lexicon::{Digits, Lexicon, Prefix},
};

/// A literal without its layout.
#[derive(Debug, PartialEq, Eq)]
pub struct Plain<'a> {
    /// The letter that makes another value of it, as `b` for bytes and `f` for texts with fields; nothing for plain texts.
    pub prefix: &'static str,
    /// The digits, or what the quotes enclose.
    pub content: Cow<'a, str>,
}

/// A number as it would be written in lower case.
pub fn number(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}

/// The text of one or several literals that follow each other.
pub fn text<'a>(lexicon: &'static Lexicon, literals: &'a str) -> Plain<'a> {
    let mut pieces = Lexer::new(lexicon, literals).filter(|token| token.kind == TokenKind::Text);
    let first = pieces.next().map_or(literals, |token| token.text(literals));
    let first = Piece::of(lexicon, first);
    let Some(second) = pieces.next() else {
        return Plain { prefix: first.prefix, content: first.content(false) };
    };
    let others = std::iter::once(second).chain(pieces).map(|token| Piece::of(lexicon, token.text(literals)));
    let pieces: Vec<Piece<'_>> = std::iter::once(first).chain(others).collect();
    // Among fields a brace of a text without them is written twice.
    let with_fields = pieces.iter().find(|piece| piece.has_fields);
    let prefix = with_fields.unwrap_or(&pieces[0]).prefix;
    let content = pieces.iter().map(|piece| piece.content(with_fields.is_some())).collect::<String>();
    Plain { prefix, content: content.into() }
}

/// One literal.
struct Piece<'a> {
    lexicon: &'static Lexicon,
    /// See [`Plain::prefix`].
    prefix: &'static str,
    has_fields: bool,
    is_raw: bool,
    inside: &'a str,
}

impl<'a> Piece<'a> {
    fn of(lexicon: &'static Lexicon, text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let quote = bytes.iter().position(|&byte| !lexicon.name_parts[usize::from(byte)]).unwrap_or(bytes.len());
        let letters = &bytes[..quote];
        let Prefix { has_fields, is_raw } = lexicon.prefix(letters).unwrap_or_default();
        let prefixes = &lexicon.words.prefixes;
        let is_there = |kind: &&str| letters.iter().any(|letter| letter.to_ascii_lowercase() == kind.as_bytes()[0]);
        let prefix = prefixes.kinds.iter().copied().find(is_there).unwrap_or("");
        let rule = if quote < bytes.len() { lexicon.string_rule(bytes, quote) } else { None };
        let (open, close) = rule.map_or(("", ""), |rule| (rule.open, rule.close));
        let inside = text.get(quote + open.len()..).unwrap_or_default();
        // One that is open has no end.
        let inside = inside.strip_suffix(close).unwrap_or(inside);
        Self { lexicon, prefix, has_fields, is_raw, inside }
    }

    /// What the quotes enclose; `among_fields` if it is to stand in a text with fields.
    fn content(&self, among_fields: bool) -> Cow<'a, str> {
        let is_plain = |byte: u8| match byte {
            b'\\' => false,
            b'{' | b'}' => !self.has_fields && !among_fields,
            _ => true,
        };
        if self.inside.bytes().all(is_plain) {
            return self.inside.into();
        }
        let mut written = String::with_capacity(self.inside.len());
        let mut rest = self.inside;
        while let Some(letter) = rest.chars().next() {
            let length = match letter {
                '\\' => self.escape(rest, &mut written),
                '{' | '}' if self.has_fields => field(rest, &mut written),
                '{' | '}' if among_fields => {
                    written.extend([letter, letter]);
                    1
                }
                _ => {
                    written.push(letter);
                    letter.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        written.into()
    }

    /// Writes the escape with which `rest` begins and says how long it is.
    fn escape(&self, rest: &str, written: &mut String) -> usize {
        let is_escape = |letter: &char| !(self.is_raw || self.has_fields && matches!(letter, '{' | '}'));
        let Some(letter) = rest[1..].chars().next().filter(is_escape) else {
            written.push_str("\\\\");
            return 1;
        };
        if matches!(letter, '\'' | '"') {
            written.push(letter);
            return 2;
        }
        let escapes = self.lexicon.words.escapes.iter();
        let known = escapes.copied().find(|escape| {
            char::from(escape.letter) == letter && (escape.is_in_all || !self.lexicon.is_other(self.prefix))
        });
        let digits = match known.map(|escape| escape.digits) {
            Some(Digits::Count(count)) => count,
            Some(Digits::InBraces) => rest.find('}').map_or(0, |end| end - 1),
            None => 0,
        };
        written.extend(['\\', letter]);
        let length = 1 + letter.len_utf8();
        let Some(digits) = rest.get(length..length + digits) else { return length };
        written.push_str(&digits.to_ascii_lowercase());
        length + digits.len()
    }
}

/// Writes the field, or the doubled brace, with which `rest` begins, and says how long it is. Blanks and the sort of
/// quotes count in its format alone.
fn field(rest: &str, written: &mut String) -> usize {
    if rest.starts_with("{{") || rest.starts_with("}}") {
        written.push_str(&rest[..2]);
        return 2;
    }
    let (mut depth, mut in_format) = (0_usize, false);
    for (at, letter) in rest.char_indices() {
        match letter {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            ':' if depth == 1 => in_format = true,
            _ => {}
        }
        match letter {
            ' ' | '\n' if !in_format => {}
            '"' if !in_format => written.push('\''),
            _ => written.push(letter),
        }
        if depth == 0 {
            return at + letter.len_utf8();
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::LEXICON;

    fn said(literals: &str) -> String {
        let Plain { prefix, content } = text(&LEXICON, literals);
        format!("{prefix}|{content}")
    }

    #[test]
    fn spelling_is_not_what_a_text_says() {
        for (one, other) in [
            ("'a'", "\"a\""),
            ("'''a'''", "\"a\""),
            ("u'a'", "'a'"),
            ("F'{a}'", "f\"{ a }\""),
            ("Rb'\\d'", "bR\"\\d\""),
            (r"'it\'s'", "\"it's\""),
            (r#""say \"x\"""#, "'say \"x\"'"),
            (r"'\xAB\uABCD\U0001F600'", r"'\xab\uabcd\U0001f600'"),
            (r"'\N{DASH} A'", r"'\N{dash} A'"),
            ("'a' 'b'", "'ab'"),
            ("'a'\n    \"b\" \\\n  'c'", "'abc'"),
            ("b'a' B\"b\"", "b'ab'"),
            ("f'{a}' ' {b}'", "f'{a} {{b}}'"),
            ("'{b} ' f'{a}'", "f'{{b}} {a}'"),
            ("r'\\d' '\\n'", "'\\\\d\\n'"),
            ("f'{a[\"b\"]}'", "f\"{a['b']}\""),
            ("f'{a['b']}' 'c'", "f\"{a['b']}c\""),
            ("'' 'a'", "'a'"),
        ] {
            assert_eq!(said(one), said(other), "{one} {other}");
        }
    }

    #[test]
    fn what_a_text_says_stays() {
        for (one, other) in [
            ("'a'", "b'a'"),
            ("'a'", "f'a'"),
            ("f'a'", "t'a'"),
            ("r'\\n'", "'\\n'"),
            ("'a b'", "'ab'"),
            ("'A'", "'a'"),
            (r"'\xAB'", r"'\\xAB'"),
            ("f'{a:>10}'", "f'{a:> 10}'"),
            ("f'{{a}}'", "f'{a}'"),
            (r"'\N{DASH} A'", r"'\N{DASH} a'"),
        ] {
            assert_ne!(said(one), said(other), "{one} {other}");
        }
        for broken in ["'", "'a", "\"\"\"a", "f'{", "f'{a", "'\\", "f'}", "b", "'a' '", "f'{'a'", "'é\\é", "'\\N{é"]
        {
            text(&LEXICON, broken);
        }
    }

    #[test]
    fn numbers_have_no_case() {
        assert_eq!((number("0XFF"), number("1E5"), number("1_0")), ("0xff".into(), "1e5".into(), "1_0".into()));
    }
}
