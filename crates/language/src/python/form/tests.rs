//! What the one form makes equal, and what it keeps apart.

use super::*;
use crate::python::PYTHON;

fn tokens(code: &str) -> Vec<Token> {
    PYTHON.tokens(code)
}

/// The tokens in one form, as text: `;` ends a statement, `{` and `}` are blocks.
fn form(code: &str) -> String {
    let words: Vec<&str> = (tokens(code).iter())
        .map(|token| match token.kind {
            TokenKind::Newline => ";",
            TokenKind::Indent => "{{",
            TokenKind::Dedent => "}}",
            _ => token.text(code),
        })
        .collect();
    words.join(" ")
}

#[test]
fn parentheses_that_change_nothing_are_left_out() {
    for (with, without) in [
        ("return (a)", "return a"),
        ("return ((a))", "return a"),
        ("return (a, b)", "return a, b"),
        ("return (\n    a,\n    b,\n)", "return a, b"),
        ("x = (a or b)", "x = a or b"),
        ("x = y = (a, b)", "x = y = a, b"),
        ("(x, y) = z", "x, y = z"),
        ("x += (a, b)", "x += a, b"),
        ("x = ((a * b) * c) + (d)", "x = a * b * c + d"),
        ("x = a + (b * c)", "x = a + b * c"),
        ("x = a or (b and c)", "x = a or b and c"),
        ("x = a and (not b)", "x = a and not b"),
        ("x = a ** (-b)", "x = a ** -b"),
        ("x = not (a == b)", "x = not a == b"),
        ("x = a if (b) else (c if d else e)", "x = a if b else c if d else e"),
        ("f(a, (b if c else d))", "f(a, b if c else d)"),
        ("f((a or b), c=(d or e))", "f(a or b, c=d or e)"),
        ("f((x for x in y))", "f(x for x in y)"),
        ("{a: (b or c)}", "{a: b or c}"),
        ("x[(a, b)]", "x[a, b]"),
        ("x = (a.b).c", "x = a.b.c"),
        ("x = ('a' 'b').format(c)", "x = 'a' 'b'.format(c)"),
        ("if (a or b):\n    c", "if a or b:\n    c"),
        ("while (a):\n    c", "while a:\n    c"),
        ("for (a) in (b):\n    c", "for a in b:\n    c"),
        ("for (a, b) in (c, d):\n    e", "for a, b in c, d:\n    e"),
        ("x = [a for (a, b) in (c)]", "x = [a for a, b in c]"),
        ("assert (a), (\n    'b'\n)", "assert a, 'b'"),
        ("del (a, b)", "del a, b"),
        ("with (a as b, c as d,):\n    e", "with a as b, c as d:\n    e"),
        ("with (a) as b:\n    e", "with a as b:\n    e"),
        ("try:\n    a\nexcept (B):\n    c", "try:\n    a\nexcept B:\n    c"),
        ("from a import (b, c,)", "from a import b, c"),
        ("from a import (\n    b as c,\n)", "from a import b as c"),
        ("def f() -> (int):\n    a", "def f() -> int:\n    a"),
        ("x: (int) = (3)", "x: int = 3"),
        ("await (a)", "await a"),
        ("x = (yield a)", "x = yield a"),
        ("lambda: (a or b)", "lambda: a or b"),
        ("raise (A) from (b)", "raise A from b"),
        ("match (a):\n    case (b):\n        c", "match a:\n    case b:\n        c"),
        ("class A():\n    b", "class A:\n    b"),
        ("x = -(a ** b)", "x = -a ** b"),
        ("x = (a) in (b)", "x = a in b"),
        ("print((a), (b))", "print(a, b)"),
    ] {
        assert_eq!(form(with), form(without), "{with}");
    }
}

#[test]
fn parentheses_that_change_something_stay() {
    for code in [
        "x = (a + b) * c",
        "x = a - (b - c)",
        "x = a and (b and c)",
        "x = (a or b) or c",
        "x = (a or b) and c",
        "x = not (a or b)",
        "x = (a == b) == c",
        "x = a < (b < c)",
        "x = (-a) ** b",
        "x = (a ** b) ** c",
        "x = -(a + b)",
        "x = (a, b) + c",
        "x = a in (b, c)",
        "if a in (b, c):\n    d",
        "x = (a,)[0]",
        "x = ()",
        "f((a, b))",
        "f((x for x in y), z)",
        "x = (a for a in b)",
        "x = [(a, b), (c, d)]",
        "x = [(a, b) for a in b]",
        "x = [a for a in (b, c)]",
        "x = [a for a in (b if c else d)]",
        "x = {a: (b, c)}",
        "assert (a, b)",
        "x = (a if b else c).d",
        "x = (a or b)(c)",
        "x = (lambda: a)(b)",
        "x = (a if b else c) if d else e",
        "x = a if (b if c else d) else e",
        "(await a).b",
        "await (a or b)",
        "x = (yield a) + b",
        "f((yield a))",
        "if (a := b):\n    c",
        "print((a := b))",
        "lambda: (a, b)",
        "f(a=(b, c))",
        "def f(a=(b, c)): d",
        "f(*(a or b))",
        "try:\n    a\nexcept (A, B) as c:\n    d",
        "x[(lambda: a):b]",
        "x = (5).real",
        "x = (a)(b)",
    ] {
        let brackets = |text: &str| text.matches('(').count();
        let kept =
            if code.starts_with("x = (5)") || code == "x = (a)(b)" { brackets(code) - 1 } else { brackets(code) };
        assert_eq!(brackets(&form(code)), kept, "{code}: {}", form(code));
    }
}

#[test]
fn statements_have_lines_of_their_own() {
    for (one, other) in [
        ("a; b", "a\nb"),
        ("a; b;", "a\nb"),
        ("if a: b", "if a:\n    b"),
        ("if a: b; c\nelse: d", "if a:\n    b\n    c\nelse:\n    d"),
        ("def f(a=lambda: b): ...", "def f(a=lambda: b):\n    ..."),
        ("if (lambda: a): b", "if (lambda: a):\n    b"),
        ("if lambda: a: b", "if lambda: a:\n    b"),
        ("class A: x = 1", "class A:\n    x = 1"),
        ("for a in b: (c, d) = e", "for a in b:\n    c, d = e"),
        ("match a:\n    case 1: b\n    case C(d): e", "match a:\n    case 1:\n        b\n    case C(d):\n        e"),
        ("while a: b\nc", "while a:\n    b\nc"),
        ("x = a, b,", "x = a, b"),
    ] {
        assert_eq!(form(one), form(other), "{one}");
    }
    for code in ["case: int = 1", "case[a]: int", "x: int", "x = {a: b}", "x[a:b]", "f(a, b=lambda: c)", "return a,"] {
        assert_eq!(tokens(code), crate::tokenize(&LEXICON, code), "{code}");
    }
    assert_ne!(form("if a:\n    b\n    c"), form("if a: b\nc"));
}

#[test]
fn texts_that_follow_each_other_are_one() {
    assert_eq!(form("f('a' \"b\",\n  'c')"), "f ( 'a' \"b\" , 'c' ) ;");
    let count = |code: &str| tokens(code).len();
    assert_eq!(count("f('a' \"b\"\n  'c', 1)"), count("f('a', 1)"));
}

#[test]
fn a_comma_that_makes_a_tuple_stays() {
    for code in ["f(x,)", "f(x)(y,)", "def f(x,): y", "[x,]", "{x: y,}", "(x, y,)", "x[y, z,]", "f((x), y,)"] {
        assert!(!form(code).contains(", )") && !form(code).contains(", ]") && !form(code).contains(", }"), "{code}");
    }
    for code in ["x = (x,)[0]", "x[y,]", "f((x,))"] {
        assert!(form(code).contains(", )") || form(code).contains(", ]"), "{code}");
    }
    assert_eq!(form("return (x,)"), form("return x,"));
}

#[test]
fn whatever_is_no_python_is_read() {
    for code in [
        "(", ")", "((", "))", "(]", "[)", "f((", "x = ((a)", ";", ";;", ":", "if", "if :", "class A(", "(,)", ",)",
        "* (", "case", "match (", "(a", "else: ;", "lambda (", "in (", "for (", "with (as", "(,", "not (", "x = (\n",
        "$ (a) $",
    ] {
        tokens(code);
        tokens(&format!("{code}\n  {code} {code}"));
    }
}
