//! The layout of code: its line breaks, and the tokens that formatters add and remove.

use cds_language::{Language, MAX_BYTES, Plain, Token, TokenKind, plain_number, plain_text, tokenize};

use crate::read::hash::Hash;

/// Extends `hash` by the meaning of a token, however it is written.
pub(crate) fn hashed(hash: Hash, language: &Language, token: &Token, code: &str) -> Hash {
    let text = token.text(code);
    match token.kind {
        TokenKind::Text => {
            let Plain { prefix, content } = plain_text(language.lexicon, text);
            hash.bytes(prefix.as_bytes()).bytes(b"'").bytes(content.as_bytes())
        }
        TokenKind::Number => hash.bytes(plain_number(text).as_bytes()),
        _ => hash.bytes(text.as_bytes()),
    }
}

/// How many bytes a literal has without its layout.
pub(crate) fn literal_length(language: &Language, token: &Token, code: &str) -> usize {
    let Plain { prefix, content } = plain_text(language.lexicon, token.text(code));
    prefix.len() + content.len()
}

/// The fingerprint of code without layout, and if it is `named` without the name that it defines first. Tokens and blocks
/// count in the form of the [`Language`], and parentheses do not, whether they change something or not: who writes nothing else
/// makes no copy. None for code that is read in part only.
pub(crate) fn fingerprint(language: &Language, code: &str, is_named: bool) -> Option<[u8; 16]> {
    if code.len() > MAX_BYTES {
        return None;
    }
    let others = between_tokens(language, code);
    let mut others = others.iter().peekable();
    let tokens = language.tokens(code);
    let text = |token: &Token| token.text(code);
    let is_keyword = |token: &Token| token.kind == TokenKind::Keyword && language.statements.declares(text(token));
    let name = match language.head(code, &tokens) {
        Some(head) => head.name_token,
        None => tokens.iter().position(is_keyword).map(|place| place + 1),
    };
    let name = name.filter(|_| is_named);
    let mut hash = md5::Context::new();
    for (place, token) in tokens.iter().enumerate() {
        while let Some((_, other)) = others.next_if(|(end, _)| *end <= token.start) {
            hash.consume(other);
        }
        if Some(place) == name || matches!(text(token), "(" | ")") {
            continue;
        }
        hash.consume([token.kind as u8]);
        match token.kind {
            TokenKind::Text => {
                let Plain { prefix, content } = plain_text(language.lexicon, text(token));
                hash.consume(prefix);
                hash.consume(content.as_bytes());
            }
            TokenKind::Number => hash.consume(plain_number(text(token)).as_bytes()),
            _ => hash.consume(text(token)),
        }
    }
    others.for_each(|(_, other)| hash.consume(other));
    Some(hash.finalize().0)
}

/// What stands between tokens and is neither white space nor a backslash, with the place behind it: comments, which others
/// may not have removed, or whatever a `#` means in another language.
fn between_tokens<'a>(language: &Language, code: &'a str) -> Vec<(u32, &'a str)> {
    let mut others = Vec::new();
    let mut end = 0;
    for token in tokenize(language.lexicon, code).iter().filter(|token| !token.kind.is_structure()) {
        let other = code.get(end..token.start as usize).unwrap_or_default().trim_matches(is_between_tokens);
        if !other.is_empty() {
            others.push((token.start, other));
        }
        end = token.end as usize;
    }
    let last = code.get(end..).unwrap_or_default().trim_matches(is_between_tokens);
    others.extend((!last.is_empty()).then_some((u32::MAX, last)));
    others
}

fn is_between_tokens(letter: char) -> bool {
    letter.is_whitespace() || letter == '\\'
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
        fingerprint(Language::of_record("a.py"), code, true)
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
            ("'price'", "u'pri' \"ce\""),
            ("0xAB", "0Xab"),
            ("rows and not", "(rows) and not"),
        ] {
            assert_eq!(said(&CODE.replace(old, new)), own, "{old} {new}");
        }
        let guard = |code: &str| said(&format!("def f(a):\n    if a:{code}    return a\n"));
        assert_eq!(guard(" g()\n"), guard("\n        g()\n"));
        assert_eq!(guard(" g(); h()\n"), guard("\n        g()\n        h()\n"));
        assert_ne!(guard(" g()\n    g()\n"), guard("\n        g()\n        g()\n"));
        assert_ne!(guard("\n        if b: g()\n        else: h()\n"), guard("\n        if b: g()\n    else: h()\n"));
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
