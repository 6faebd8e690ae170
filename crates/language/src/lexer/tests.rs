//! Tokens of small texts of Python; see `tests/braces.rs` for a language with braces.

use super::*;
use crate::{
    class::{ARGUMENT, ATTRIBUTE, CALL, METHOD_CALL, NAME},
    python::LEXICON,
};

fn tokens(code: &str) -> Vec<Token> {
    tokenize(&LEXICON, code)
}

fn shown(code: &str) -> String {
    tokens(code)
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

/// The tokens as they come, one logical line a line, each begun with its columns.
fn lines(code: &str) -> String {
    let mut lexer = Lexer::new(&LEXICON, code);
    let mut shown = Vec::new();
    while let Some(token) = lexer.next() {
        shown.push(match token.kind {
            TokenKind::Line => format!("\n{}", lexer.column()),
            _ => format!(" {}", token.text(code)),
        });
    }
    shown.concat().trim_start().to_owned()
}

#[test]
fn blocks_and_logical_lines_are_structure() {
    assert_eq!(
        shown("def f(a,\n      b):\n    if a:\n        return 1\n    return b"),
        "def f ( a , b ) : NL IN if a : NL IN return 1 NL DE return b NL DE"
    );
}

#[test]
fn lines_know_their_columns() {
    for (code, expected) in [
        ("a\n  b\n\n\tc\n", "0 a\n2 b\n8 c"),
        ("f(1,\n  2)\ng", "0 f ( 1 , 2 )\n0 g"),
        ("a = \\\n  b\nc", "0 a = b\n0 c"),
        ("a # x\n# y\nb", "0 a\n0 b"),
        ("  \x0c a", "1 a"),
        ("", ""),
        ("\n \n", ""),
        (")\nb", "0 )\n0 b"),
    ] {
        assert_eq!(lines(code), expected, "{code:?}");
    }
}

#[test]
fn structure_knows_its_lines() {
    let code = "a = [\n1]\n\n# c\n  b\nc";
    let places: Vec<_> = tokens(code)
        .into_iter()
        .filter(|token| token.kind.is_structure())
        .map(|token| (token.kind, token.start, token.line))
        .collect();
    let expected = [
        (TokenKind::Newline, 9, 1),
        (TokenKind::Indent, 16, 4),
        (TokenKind::Newline, 18, 4),
        (TokenKind::Dedent, 18, 5),
        (TokenKind::Newline, 19, 5),
    ];
    assert_eq!(places, expected);
}

#[test]
fn strings_are_one_token() {
    for text in [
        "'a'",
        "\"a'b\"",
        "rb'\\''",
        "'''a\n'b'''",
        "f'{a[\"b\"]}'",
        "f\"{a[\"b\"]}\"",
        "f'{{'",
        r"'it\'s'",
        "''",
        "'a\\\nb'",
        r#"f"{d['(']:>{width}} {{ {x!r}""#,
        r#"f"{x:'>10}""#,
        r#"f"{f"{f"{1}"}"}""#,
        r"f'''{d['''k''']}'''",
        r#"rf"\d{x}""#,
    ] {
        assert_eq!(shown(&format!("x = {text} + y")), format!("x = {text} + y NL"));
    }
    assert_eq!(shown("abc'x' 'open\nb"), "abc 'x' 'open NL b NL");
}

#[test]
fn numbers_are_one_token() {
    for number in ["1", "1.5e-3", "0xFFe", ".5", "1_000j", "1."] {
        assert_eq!(shown(&format!("{number} + y")), format!("{number} + y NL"));
    }
    assert_eq!(shown("a.b 0xe+1"), "a . b 0xe + 1 NL");
}

#[test]
fn every_word_has_one_token_and_one_class() {
    let words = LEXICON.words();
    for operator in words.operators {
        assert_eq!(shown(&format!("a{operator}b")), format!("a {operator} b NL"));
    }
    let kind = |word: &str| tokens(word)[0].kind;
    for keyword in words.keywords {
        assert_eq!(kind(keyword), TokenKind::Keyword, "{keyword}");
        for name in [format!("{keyword}_"), keyword[..keyword.len() - 1].to_owned() + "0", keyword.to_uppercase()] {
            assert_eq!(kind(&name), TokenKind::Name, "{name}");
        }
    }
    for length in 1..20 {
        let name = "n".repeat(length);
        for rest in ["", "(", "(a, b, c, d)"] {
            assert_eq!(tokens(&format!("{name}{rest}"))[0].end as usize, length, "{name}{rest}");
        }
    }
}

#[test]
fn names_play_parts() {
    let code = "a(b.c, d=b.e(), len=f[g], h.i=1)\nself.len = len(print) == j\nk = l\n.m\nn(\n)\no\n(p)\n";
    let of = |name: &str| {
        let token = tokens(code).into_iter().find(|token| token.text(code) == name);
        token.map(|token| token.class)
    };
    for (names, class) in [
        ("b f g h j k l o p print", NAME),
        ("a n", CALL),
        ("c i m", ATTRIBUTE),
        ("e", METHOD_CALL),
        ("d len", ARGUMENT),
        ("self", LEXICON.class_of("self")),
    ] {
        assert!(names.split(' ').all(|name| of(name) == Some(class)), "{names}");
    }
}

#[test]
fn mentioned_functions_are_names() {
    let code = "if filter is not None and len(id) < max (int, str)[abs]:\n  hash\n  (hex)\n  min";
    for token in tokens(code) {
        match token.text(code) {
            "filter" | "id" | "abs" | "hash" | "hex" | "min" => assert_eq!(token.class, NAME),
            word @ ("len" | "max" | "int" | "str" | "None") => {
                assert_eq!(token.class, LEXICON.class_of(word), "{word}");
            }
            _ => {}
        }
    }
}

#[test]
fn deeper_lines_are_skipped() {
    let code = "def f(\n): \n  a = f'{x[\"'\"]}'\n  b = r'\\'' \\\nz\n\n  '''\nno'''\n  # '\n c(\n)\nnext";
    let mut lexer = Lexer::new(&LEXICON, code);
    lexer.next();
    lexer.skip_deeper_lines(0);
    assert_eq!(&code[lexer.position()..], "next");
    assert_eq!(lexer.next().map(|token| token.kind), Some(TokenKind::Line));
    assert_eq!(lexer.column(), 0);
    lexer.skip_deeper_lines(0);
    assert_eq!(lexer.next(), None);
}

#[test]
fn anything_is_read_to_its_end() {
    for text in ["", "\n\n", "'open", "\"\"\"open\n", "f'{", ")))", "  x\n y\nz", "\\", "'\\", "é = ∑ # c", "a ? $ b"]
    {
        let tokens = tokens(text);
        assert!(tokens.windows(2).all(|pair| pair[0].end <= pair[1].start), "{text:?}");
        assert!(tokens.iter().all(|token| token.end as usize <= text.len()), "{text:?}");
    }
}
