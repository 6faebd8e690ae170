//! The lexer on a made-up language with braces: nothing but data is another one.

use cds_language::{
    BlockComment, Fields, Layout, Lexer, Lexicon, Numbers, Prefixes, StringRule, TokenKind, Words, class, read_outline,
    tokenize,
};

const WORDS: Words = Words {
    keywords: &["fn", "if", "else", "return", "yes", "no"],
    values: &["yes", "no"],
    truths: &["yes", "no"],
    operators: &[
        ">>>=", "=>", "->", "++", "==", "&&", "+", "-", "*", "/", "<", ">", "!", "=", "(", ")", "[", "]", "{", "}",
        ",", ":", ";", ".",
    ],
    builtins: &["self"],
    functions: &["print"],
    member_marks: &[".", "->"],
    argument_mark: Some(b':'),
    name_marks: b"$",
    line_comments: &["//"],
    block_comments: &[BlockComment { open: "/*", close: "*/", nests: true }],
    strings: &[
        StringRule::raw("r#\"", "\"#"),
        StringRule { doubles_end: true, ..StringRule::raw("@\"", "\"") },
        StringRule {
            fields: Some(Fields { open: "${", doubles_open: false, has_format: false }),
            ..StringRule::lines("`")
        },
        StringRule::line("\""),
        StringRule { is_character: true, ..StringRule::line("'") },
    ],
    prefixes: Prefixes::NONE,
    escapes: &[],
    numbers: Numbers { may_begin_with_point: false, may_end_with_point: false },
    layout: Layout::Braces { lines_end_statements: true },
    continues_lines: false,
    has_regular_expressions: true,
};

static LEXICON: Lexicon = Lexicon::new(WORDS);

fn shown(code: &str) -> String {
    let name = |kind: TokenKind, text| match kind {
        TokenKind::Newline => "NL",
        TokenKind::Indent => "IN",
        TokenKind::Dedent => "DE",
        _ => text,
    };
    tokenize(&LEXICON, code).iter().map(|token| name(token.kind, token.text(code))).collect::<Vec<_>>().join(" ")
}

#[test]
fn braces_make_blocks_whatever_the_layout() {
    let expected =
        "fn f ( a , b ) { NL IN if a { NL IN g ( ) NL DE } NL else { NL IN h ( ) NL DE } NL return b NL DE } NL";
    for code in [
        "fn f(a, b) {\n  if a {\n    g()\n  }\n  else {\n    h()\n  }\n  return b\n}\n",
        "fn f(a,\nb) { if a { g() } else { h() } return b }",
    ] {
        assert_eq!(shown(code), expected, "{code}");
    }
}

#[test]
fn statements_end_with_semicolons_or_lines() {
    assert_eq!(shown("a = b; c\nd"), "a = b ; NL c NL d NL");
    assert_eq!(shown("a =\n  b\n+ c"), "a = b NL + c NL");
    assert_eq!(shown("a(\nb\n)\nyes\nc"), "a ( b ) NL yes NL c NL");
    assert_eq!(shown("run(() => {\n a()\n b()\n}, c)\nd"), "run ( ( ) => { NL IN a ( ) NL b ( ) NL DE } , c ) NL d NL");
}

#[test]
fn comments_are_skipped_also_in_each_other() {
    assert_eq!(shown("a // b {\n/* c /* d */ e\n */ f / g"), "a NL f / g NL");
    assert_eq!(shown("/* open"), "");
}

#[test]
fn literals_follow_their_rules() {
    for text in [
        "\"a\\\"b\"",
        "r#\"a\\\"\n\"b\"#",
        "@\"a\"\"b\\\"",
        "`a ${b(\"}\", `c ${d}`)} e\nf`",
        "'a'",
        "'é'",
        "'\\''",
        "/a[/]\\/b/",
    ] {
        assert_eq!(shown(&format!("x = {text} + y")), format!("x = {text} + y NL"));
    }
    assert_eq!(shown("x<'a> r a / b / c"), "x < ' a > r a / b / c NL");
}

#[test]
fn names_and_numbers_follow_their_rules() {
    assert_eq!(shown("$a_b$ = 1..2 + 1.5e-3 >>>= f"), "$a_b$ = 1 . . 2 + 1.5e-3 >>>= f NL");
    let code = "self.a(b: c->d, print, print(yes))";
    let class_of = |text: &str| tokenize(&LEXICON, code).iter().find(|token| token.text(code) == text).unwrap().class;
    let classes = ["a", "b", "c", "d", "print", "yes"].map(class_of);
    let expected = [class::METHOD_CALL, class::ARGUMENT, class::NAME, class::ATTRIBUTE, class::NAME, class::TRUTH];
    assert_eq!(classes, expected);
    assert_eq!(class_of("self"), LEXICON.class_of("self"));
}

#[test]
fn deeper_blocks_are_skipped() {
    let code = "fn f() {\n  g({\n a: 1\n})\n  h()\n}\nnext";
    let mut lexer = Lexer::new(&LEXICON, code);
    lexer.next();
    lexer.skip_deeper_lines(0);
    // The brace that closes a block stands as far out as what opens it.
    assert_eq!(lexer.next().map(|token| (token.kind, token.start)), Some((TokenKind::Line, 30)));
    assert_eq!(lexer.next().map(|token| token.text(code)), Some("}"));
    assert_eq!((lexer.next().map(|token| token.kind), lexer.column()), (Some(TokenKind::Line), 0));
    assert_eq!(lexer.next().map(|token| token.text(code)), Some("next"));
}

#[test]
fn outlines_know_the_comments_of_the_language() {
    let marks = |code: &str| {
        let mut lines = Vec::new();
        read_outline(&LEXICON, code, &mut lines);
        lines.into_iter().map(|line| line.marks).collect::<Vec<_>>()
    };
    assert_eq!(marks("a = b / c // + d\n"), marks("x = y / z\n"));
    assert_eq!(marks("if a {\nb\n}\n").len(), 3);
}
