//! What the grammars of JavaScript and TypeScript do not read yet, in words that they do read, of the same length.
//!
//! | what | since | becomes |
//! | --- | --- | --- |
//! | `in` and `out` before a type parameter | 4.7 | blanks |
//! | `import("a").B` as a type | 2.9 | a name |
//! | a keyword as the name of an export | 1.0 | a name |
//! | type arguments before a template | 2.9 | blanks |
//! | a signature without a name on a line of its own, no mark before it | 1.0 | one with a semicolon |

use super::LEXICON;
use crate::{Token, TokenKind, tokenize};

/// The text in words that the grammar reads; `None` where nothing of it has others.
pub(crate) fn readable(text: &str) -> Option<Vec<u8>> {
    let tokens: Vec<Token> = tokenize(&LEXICON, text).into_iter().filter(|token| !token.kind.is_structure()).collect();
    let mut written: Option<Vec<u8>> = None;
    let replace = |written: &mut Option<Vec<u8>>, start: u32, end: u32, by: u8| {
        let bytes = written.get_or_insert_with(|| text.as_bytes().to_vec());
        for byte in &mut bytes[start as usize..end as usize] {
            if !byte.is_ascii_whitespace() {
                *byte = by;
            }
        }
    };
    let word = |place: usize| tokens.get(place).map_or("", |token| token.text(text));
    let mut open = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        let before = place.checked_sub(1).map_or("", word);
        match token.text(text) {
            "in" | "out"
                if is_variance(before)
                    && is_name(tokens.get(place + 1))
                    && (word(place + 1) == "out" || matches!(word(place + 2), "," | ">" | "extends" | "=")) =>
            {
                replace(&mut written, token.start, token.end, b' ');
            }
            "import" if word(place + 1) == "(" && word(place + 3) == ")" && word(place + 4) == "." => {
                replace(&mut written, token.start, tokens[place + 3].end, b'_');
            }
            "(" | "<" if open.last() == Some(&"{") && place > 0 && ends_operand(&tokens[place - 1], before) => {
                let start = token.start as usize;
                let gap = text.get(tokens[place - 1].end as usize..start).unwrap_or_default();
                // The line break itself may go: rows are those of the source.
                if gap.contains('\n') && gap.ends_with([' ', '\t', '\n']) {
                    let bytes = written.get_or_insert_with(|| text.as_bytes().to_vec());
                    bytes[start - 1] = b';';
                }
            }
            _ if token.kind == TokenKind::Keyword && before == "as" && matches!(word(place + 1), "}" | ",") => {
                replace(&mut written, token.start, token.end, b'_');
            }
            template if template.starts_with('`') && before.ends_with('>') => {
                let close = &tokens[place - 1];
                if close.end == token.start
                    && let Some(open) = opening(&tokens[..place], text)
                {
                    replace(&mut written, tokens[open].start, close.end, b' ');
                }
            }
            _ => {}
        }
        match token.text(text) {
            bracket @ ("(" | "[" | "{") => open.push(bracket),
            ")" | "]" | "}" => {
                open.pop();
            }
            _ => {}
        }
    }
    written
}

fn ends_operand(token: &Token, text: &str) -> bool {
    match token.kind {
        TokenKind::Operator => matches!(text, ")" | "]" | "}" | ">" | ">>" | ">>>"),
        _ => true,
    }
}

fn is_variance(before: &str) -> bool {
    matches!(before, "<" | "," | "in" | "const")
}

fn is_name(token: Option<&Token>) -> bool {
    token.is_some_and(|token| matches!(token.kind, TokenKind::Name | TokenKind::Keyword))
}

/// The place of the angle bracket that the last token closes.
fn opening(tokens: &[Token], text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (place, token) in tokens.iter().enumerate().rev() {
        let mark = token.text(text);
        if mark.bytes().all(|byte| byte == b'>') {
            depth += mark.len();
        } else if mark == "<" {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(place);
            }
        } else if mark == ";" && depth == 0 {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_syntax_becomes_readable() {
        for (text, expected) in [
            ("interface A<in out T, out U> {}", "interface A<       T,     U> {}"),
            ("let a: import(\"b\").C<D>;", "let a: ___________.C<D>;"),
            ("export { a_ as delete };", "export { a_ as ______ };"),
            ("type A = {\n  (b: C): D\n  <E>(f): G\n}", "type A = {\n  (b: C): D\n ;<E>(f): G\n}"),
            ("const a = sql<{ b: C<D> }>`x`;", "const a = sql             `x`;"),
        ] {
            let written = readable(text).map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(written.as_deref(), Some(expected), "{text}");
        }
        for text in ["for (const a in b) {}", "const a = 1 > `b`;", "import(\"a\")", "// <in T>\n"] {
            assert_eq!(readable(text), None, "{text}");
        }
    }
}
