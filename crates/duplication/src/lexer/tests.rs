//! Tokens of small texts, and the reading of names by eights against byte by byte.

use super::{bytes::not_of_names, *};
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
        ("b f g h j k l o p print", NAME),
        ("a n", CALL),
        ("c i m", ATTRIBUTE),
        ("e", METHOD_CALL),
        ("d len", ARGUMENT),
        ("self", words::code_of("self")),
    ] {
        assert!(names.split(' ').all(|name| of(name) == Some(class)), "{names}");
    }
}

#[test]
fn a_built_in_function_that_is_only_mentioned_is_a_name() {
    let code = "if filter is not None and len(id) < max (int, str)[abs]:\n  hash\n  (hex)\n  min";
    for token in tokenize(code) {
        match token.text(code) {
            "filter" | "id" | "abs" | "hash" | "hex" | "min" => assert_eq!(token.class, NAME),
            word @ ("len" | "max" | "int" | "str" | "None") => assert_eq!(token.class, words::code_of(word), "{word}"),
            _ => {}
        }
    }
}

#[test]
fn anything_is_read_to_its_end() {
    for text in ["", "\n\n", "'open", "\"\"\"open\n", "f'{", ")))", "  x\n y\nz", "\\", "'\\", "é = ∑ # c", "a ? $ b"]
    {
        let tokens = tokenize(text);
        assert!(tokens.windows(2).all(|pair| pair[0].end <= pair[1].start), "{text:?}");
        assert!(tokens.iter().all(|token| token.end as usize <= text.len()), "{text:?}");
    }
}
