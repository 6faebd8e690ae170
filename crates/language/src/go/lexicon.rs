//! What the text of Go is made of.

use crate::{
    class::Class,
    lexicon::{BlockComment, Digits, Escape, Layout, Lexicon, Numbers, Prefixes, StringRule, Words},
};

/// The tables of Go.
pub static LEXICON: Lexicon = Lexicon::new(WORDS);

/// The class of a word, for constants.
pub const fn class(word: &str) -> Class {
    LEXICON.fixed(word)
}

const WORDS: Words = Words {
    keywords: &[
        "break",
        "case",
        "chan",
        "const",
        "continue",
        "default",
        "defer",
        "else",
        "fallthrough",
        "false",
        "for",
        "func",
        "go",
        "goto",
        "if",
        "import",
        "interface",
        "iota",
        "map",
        "nil",
        "package",
        "range",
        "return",
        "select",
        "struct",
        "switch",
        "true",
        "type",
        "var",
    ],
    values: &["break", "continue", "fallthrough", "false", "iota", "nil", "return", "true"],
    truths: &["false", "true"],
    operators: &[
        "&^=", "<<=", ">>=", "...", ":=", "<-", "++", "--", "&&", "||", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=",
        "%=", "&=", "|=", "^=", "<<", ">>", "&^", "+", "-", "*", "/", "%", "&", "|", "^", "!", "<", ">", "=", "(", ")",
        "[", "]", "{", "}", ",", ";", ":", ".", "~",
    ],
    builtins: &[
        "any",
        "bool",
        "byte",
        "comparable",
        "complex128",
        "complex64",
        "error",
        "float32",
        "float64",
        "int",
        "int16",
        "int32",
        "int64",
        "int8",
        "rune",
        "string",
        "uint",
        "uint16",
        "uint32",
        "uint64",
        "uint8",
        "uintptr",
    ],
    functions: &[
        "append", "cap", "clear", "close", "complex", "copy", "delete", "imag", "len", "make", "max", "min", "new",
        "panic", "print", "println", "real", "recover",
    ],
    member_marks: &["."],
    argument_mark: None,
    name_marks: b"",
    line_comments: &["//"],
    block_comments: &[BlockComment { open: "/*", close: "*/", nests: false }],
    strings: &[
        StringRule::raw("`", "`"),
        StringRule::line("\""),
        StringRule { is_character: true, ..StringRule::line("'") },
    ],
    prefixes: Prefixes::NONE,
    escapes: &[
        Escape { letter: b'x', digits: Digits::Count(2), is_in_all: true },
        Escape { letter: b'u', digits: Digits::Count(4), is_in_all: true },
        Escape { letter: b'U', digits: Digits::Count(8), is_in_all: true },
    ],
    numbers: Numbers { may_begin_with_point: true, may_end_with_point: true },
    layout: Layout::Braces { lines_end_statements: true },
    continues_lines: false,
    has_regular_expressions: false,
};
