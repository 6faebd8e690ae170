//! What of code is layout: how it is broken into lines, and what formatters add and take away.

use std::collections::HashSet;

use crate::lexer::{MAX_BYTES, Token, TokenKind, is_structure, tokenize};

/// The fingerprint of code without layout, and if it is `named` without the name that it defines first. Tokens and blocks
/// count, but not line breaks within a statement, whether a block of one statement has a line of its own, which quotes a
/// text has, parentheses, and a comma behind the last of several things. None for code that is read in part only.
pub(crate) fn fingerprint(code: &str, is_named: bool) -> Option<[u8; 16]> {
    if code.len() > MAX_BYTES {
        return None;
    }
    let tokens = tokenize(code);
    let text = |token: &Token| token.text(code);
    let is_keyword = |token: &Token| token.kind == TokenKind::Keyword && matches!(text(token), "def" | "class");
    let name = tokens.iter().position(is_keyword).filter(|_| is_named).map(|place| place + 1);
    let layout = places(code, &tokens);
    let mut hash = md5::Context::new();
    let mut end = 0;
    for (place, token) in tokens.iter().enumerate() {
        if !is_structure(token.kind) {
            // Comments, which others may not have removed, or whatever a `#` means in another language.
            hash.consume(code.get(end..token.start as usize).unwrap_or_default().trim_matches(is_between_tokens));
            end = token.end as usize;
        }
        if Some(place) != name && !layout.contains(&place) && !matches!(text(token), "(" | ")") {
            hash.consume([token.kind as u8]);
            match token.kind {
                TokenKind::Text => unquoted(text(token)).into_iter().for_each(|part| hash.consume(part)),
                _ => hash.consume(text(token)),
            }
        }
    }
    hash.consume(code[end..].trim_matches(is_between_tokens));
    Some(hash.finalize().0)
}

/// The places of the tokens that are layout: a comma before a bracket that closes, unless it makes a tuple of the one
/// thing before it; and what a block of one statement has beside that statement.
pub(crate) fn places(code: &str, tokens: &[Token]) -> HashSet<usize> {
    let mut places = HashSet::new();
    // Whether a comma that follows the last thing means nothing.
    let mut open: Vec<bool> = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        let text_at = |place: usize| tokens.get(place).map_or("", |token| token.text(code));
        match (token.kind, token.text(code)) {
            (TokenKind::Operator, bracket @ ("(" | "[" | "{")) => {
                let before = place.checked_sub(1).map(|before| &tokens[before]);
                let follows = before
                    .is_some_and(|token| token.kind == TokenKind::Name || matches!(token.text(code), ")" | "]" | "}"));
                open.push((bracket == "(") == follows);
            }
            (TokenKind::Operator, ")" | "]" | "}") => _ = open.pop(),
            (TokenKind::Operator, ",") => {
                if let Some(means_nothing) = open.last_mut() {
                    if *means_nothing && matches!(text_at(place + 1), ")" | "]" | "}") {
                        places.insert(place);
                    }
                    *means_nothing = true;
                }
            }
            (TokenKind::Indent, _) => places.extend(short_block(tokens, place).into_iter().flatten()),
            _ => {}
        }
    }
    places
}

/// The tokens of the block that opens at `indent` beside those of its statement, if it has but one.
fn short_block(tokens: &[Token], indent: usize) -> Option<[usize; 3]> {
    let end = indent + 1 + tokens[indent + 1..].iter().position(|token| is_structure(token.kind))?;
    let is = |place: usize, kind: TokenKind| tokens.get(place).is_some_and(|token| token.kind == kind);
    let is_one = is(end, TokenKind::Newline) && is(end + 1, TokenKind::Dedent);
    is_one.then_some([indent.checked_sub(1)?, indent, end + 1])
}

fn is_between_tokens(letter: char) -> bool {
    letter.is_whitespace() || letter == '\\'
}

/// The prefix of a literal and what its quotes enclose.
fn unquoted(literal: &str) -> [&str; 2] {
    let (prefix, quoted) = literal.split_at(literal.find(['"', '\'']).unwrap_or_default());
    let enclosed = |quotes: &str| quoted.strip_prefix(quotes)?.strip_suffix(quotes);
    [prefix, ["\"\"\"", "'''", "\"", "'"].into_iter().find_map(enclosed).unwrap_or(quoted)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "\
def total(self, rows, rates=None):
    if rows and not self.is_empty:
        price = rates[rows[0].currency] * (rows[0].price + 1)
        self.log('price', price)
    return price, 0xAB
";

    fn said(code: &str) -> Option<[u8; 16]> {
        fingerprint(code, true)
    }

    #[test]
    fn layout_is_not_what_a_definition_says() {
        let own = said(CODE);
        for (old, new) in [
            ("total(self, rows, rates=None)", "total(\n    self,\n    rows,\n    rates=None,\n)"),
            ("'price'", "\"price\""),
            ("'price'", "\"\"\"price\"\"\""),
            ("rates[rows", "rates[\n            rows"),
            ("price, 0xAB", "(price, 0xAB)"),
            ("rows and not", "rows \\\n            and not"),
            ("        ", "      "),
            ("total(", "sum("),
        ] {
            assert_eq!(said(&CODE.replace(old, new)), own, "{old} {new}");
        }
        let guard = |code: &str| said(&format!("def f(a):\n    if a:{code}    return a\n"));
        assert_eq!(guard(" g()\n"), guard("\n        g()\n"));
        assert_ne!(guard(" g()\n    g()\n"), guard("\n        g()\n        g()\n"));
        assert_ne!(guard("\n        if b: g()\n        else: h()\n"), guard("\n        if b: g()\n    else: h()\n"));
    }

    #[test]
    fn a_comma_that_makes_a_tuple_is_none_of_it() {
        let commas = |code: &str| places(code, &tokenize(code)).len();
        for code in [
            "f(x,)",
            "f(x)(y,)",
            "def f(x,): y",
            "[x,]",
            "{x: y,}",
            "(x, y,)",
            "x[y, z,]",
            "f((x), y,)",
            "print(f(x,))",
        ] {
            assert_eq!(commas(code), 1, "{code}");
        }
        for code in ["(x,)", "x[y,]", "return (x,)", "f((x,))", "f(x, y)", "x, y", ")", ",)", "x = y,"] {
            assert_eq!(commas(code), 0, "{code}");
        }
    }

    #[test]
    fn whatever_else_differs_is_another_code() {
        let own = said(CODE);
        for (old, new) in [
            ("'price'", "'prices'"),
            ("'price'", "f'price'"),
            ("price + 1", "price + 1,"),
            ("'price'", "\"'price'\""),
            ("rates[", "rows["),
            ("    self.log", "self.log"),
            ("0xAB", "0xAC"),
            ("'price', price", "'price' price"),
            ("    return", "    # kept\n    return"),
            ("return price, 0xAB", "return price, 0xAB  # kept"),
        ] {
            let changed = CODE.replace(old, new);
            assert!(changed != CODE && said(&changed) != own, "{old} {new}");
        }
    }
}
