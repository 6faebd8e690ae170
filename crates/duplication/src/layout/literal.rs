//! What a literal says, however it is written.
//!
//! Quotes, the case of prefixes and digits, escapes that need not be there, the spelling of hexadecimal escapes and blanks in
//! the fields of an f-string are layout, and so is whether a text stands in one piece or in several that follow each other.

use std::borrow::Cow;

/// A literal without its layout.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plain<'a> {
    /// `b` for bytes, `f` and `t` for texts with fields, nothing for other texts and for numbers.
    pub(crate) prefix: &'static str,
    /// The digits, or what the quotes enclose.
    pub(crate) content: Cow<'a, str>,
}

/// A number as it would be written in lower case.
pub(crate) fn number(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}

/// The text of one or several literals that follow each other.
pub(crate) fn text(literals: &str) -> Plain<'_> {
    let (first, rest) = Piece::of(literals);
    if rest.is_empty() {
        return Plain { prefix: first.prefix, content: first.content(false) };
    }
    let (mut pieces, mut rest) = (vec![first], rest);
    while !rest.is_empty() {
        let (piece, others) = Piece::of(rest);
        pieces.push(piece);
        rest = others;
    }
    let prefixes = || pieces.iter().map(|piece| piece.prefix);
    // Among fields a brace of a text without them is written twice.
    let prefix = prefixes().find(|prefix| has_fields(prefix)).or_else(|| prefixes().next()).unwrap_or("");
    let content = pieces.iter().map(|piece| piece.content(has_fields(prefix))).collect::<String>();
    Plain { prefix, content: content.into() }
}

/// Whether expressions may stand in a text of this prefix.
fn has_fields(prefix: &str) -> bool {
    matches!(prefix, "f" | "t")
}

/// One literal.
struct Piece<'a> {
    /// See [`Plain::prefix`].
    prefix: &'static str,
    is_raw: bool,
    inside: &'a str,
}

impl<'a> Piece<'a> {
    /// The literal with which the text begins, and what follows it from the next one on.
    fn of(text: &'a str) -> (Self, &'a str) {
        let (prefix, quoted) = text.split_at(text.find(['"', '\'']).unwrap_or(text.len()));
        let quote = quoted.get(..3).filter(|quote| matches!(*quote, "\"\"\"" | "'''")).or_else(|| quoted.get(..1));
        let quote = quote.unwrap_or_default();
        let behind = quoted.get(quote.len()..).unwrap_or_default();
        let has = |letters: [char; 2]| prefix.contains(letters);
        let kinds = [(['b', 'B'], "b"), (['t', 'T'], "t"), (['f', 'F'], "f")];
        let plain = kinds.into_iter().find(|(letters, _)| has(*letters)).map_or("", |(_, prefix)| prefix);
        // What a text in fields encloses may have its quotes; then the last ones end it.
        let end = match end_of(behind, quote) {
            Some(end) if !has_fields(plain) => end,
            _ => field_end(behind, quote),
        };
        let (inside, rest) = behind.split_at(end);
        let rest = rest.get(quote.len()..).unwrap_or_default();
        let rest = rest.find(['"', '\'']).map_or("", |at| {
            let start = rest[..at].rfind(|letter: char| !letter.is_ascii_alphabetic()).map_or(0, |before| before + 1);
            &rest[start..]
        });
        (Self { prefix: plain, is_raw: has(['r', 'R']), inside }, rest)
    }

    /// What the quotes enclose; `among_fields` if it is to stand in a text with fields.
    fn content(&self, among_fields: bool) -> Cow<'a, str> {
        let is_plain = |byte: u8| match byte {
            b'\\' => false,
            b'{' | b'}' => !has_fields(self.prefix) && !among_fields,
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
                '{' | '}' if has_fields(self.prefix) => field(rest, &mut written),
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
        let is_escape = |letter: &char| !(self.is_raw || has_fields(self.prefix) && matches!(letter, '{' | '}'));
        let Some(letter) = rest[1..].chars().next().filter(is_escape) else {
            written.push_str("\\\\");
            return 1;
        };
        let digits = match letter {
            '\'' | '"' => {
                written.push(letter);
                return 2;
            }
            'N' if self.prefix != "b" => rest.find('}').map_or(0, |end| end - 1),
            'x' => 2,
            'u' if self.prefix != "b" => 4,
            'U' if self.prefix != "b" => 8,
            _ => 0,
        };
        written.extend(['\\', letter]);
        let length = 1 + letter.len_utf8();
        let Some(digits) = rest.get(length..length + digits) else { return length };
        written.push_str(&digits.to_ascii_lowercase());
        length + digits.len()
    }
}

/// Where the first of these quotes stands before which there is no backslash.
fn end_of(text: &str, quote: &str) -> Option<usize> {
    if quote.is_empty() {
        return Some(text.len());
    }
    let mut at = 0;
    loop {
        let next = at + text.get(at..)?.find([quote.chars().next()?, '\\'])?;
        if text[next..].starts_with('\\') {
            at = next + 1 + text[next + 1..].chars().next()?.len_utf8();
        } else if text[next..].starts_with(quote) {
            return Some(next);
        } else {
            at = next + 1;
        }
    }
}

/// The same for a text with fields, whose own quotes may stand in them.
fn field_end(text: &str, quote: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            // Before a brace it escapes nothing.
            b'\\' if !matches!(bytes.get(at + 1), Some(b'{' | b'}')) => at += 1,
            b'{' if depth == 0 && bytes.get(at + 1) == Some(&b'{') => at += 1,
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ if depth == 0 && !quote.is_empty() && text.is_char_boundary(at) && text[at..].starts_with(quote) => {
                return at;
            }
            _ => {}
        }
        at += 1;
    }
    // An open field: the last quotes end it, if there are any.
    text.strip_suffix(quote).filter(|_| !quote.is_empty()).map_or(text.len(), str::len)
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

    fn said(literals: &str) -> String {
        let Plain { prefix, content } = text(literals);
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
            text(broken);
        }
    }

    #[test]
    fn numbers_have_no_case() {
        assert_eq!((number("0XFF"), number("1E5"), number("1_0")), ("0xff".into(), "1e5".into(), "1_0".into()));
    }
}
