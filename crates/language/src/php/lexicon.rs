//! What the text of PHP is made of.

use crate::{
    class::Class,
    lexicon::{BlockComment, Digits, Escape, Layout, Lexicon, Numbers, Prefixes, StringRule, Words},
};

/// The tables of PHP.
pub static LEXICON: Lexicon = Lexicon::new(WORDS);

/// The class of a word, for constants.
pub const fn class(word: &str) -> Class {
    LEXICON.fixed(word)
}

const WORDS: Words = Words {
    keywords: &[
        "abstract", "and", "array", "as", "break", "callable", "case", "catch", "class", "clone", "const", "continue",
        "declare", "default", "do", "echo", "else", "elseif", "empty", "enum", "exit", "extends", "false", "final",
        "finally", "fn", "for", "foreach", "function", "global", "goto", "if", "implements", "include",
        "include_once", "instanceof", "insteadof", "interface", "isset", "list", "match", "namespace", "new", "null",
        "or", "parent", "print", "private", "protected", "public", "readonly", "require", "require_once", "return",
        "self", "static", "switch", "throw", "trait", "true", "try", "unset", "use", "var", "while", "xor", "yield",
    ],
    values: &["false", "null", "parent", "self", "true"],
    truths: &["false", "true"],
    operators: &[
        "<=>", "===", "!==", "**=", "<<=", ">>=", "??=", "...", "?->", "->", "=>", "::", "++", "--", "&&", "||", "??",
        "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", ".=", "%=", "&=", "|=", "^=", "<<", ">>", "**", "+", "-", "*",
        "/", "%", "&", "|", "^", "!", "~", "<", ">", "?", ":", "=", "(", ")", "[", "]", "{", "}", ",", ";", ".", "@",
        "\\",
    ],
    builtins: &[
        "$this", "ArrayAccess", "Closure", "Countable", "DateTime", "Exception", "Generator",
        "InvalidArgumentException", "Iterator", "LogicException", "RuntimeException", "Throwable", "__construct",
        "bool", "float", "int", "iterable", "mixed", "never", "object", "string", "void",
    ],
    functions: &[
        "array_filter", "array_key_exists", "array_keys", "array_map", "array_merge", "array_values", "count",
        "explode", "implode", "in_array", "is_array", "is_null", "is_string", "sprintf", "str_replace", "strlen",
        "strpos", "substr", "trim",
    ],
    member_marks: &["->", "?->", "::"],
    argument_mark: Some(b':'),
    name_marks: b"$",
    line_comments: &["//", "#"],
    block_comments: &[BlockComment { open: "/*", close: "*/", nests: false }],
    strings: &[StringRule::lines("\""), StringRule::lines("'"), StringRule::lines("`")],
    prefixes: Prefixes::NONE,
    escapes: &[
        Escape { letter: b'x', digits: Digits::Count(2), is_in_all: true },
        Escape { letter: b'u', digits: Digits::InBraces, is_in_all: true },
    ],
    numbers: Numbers { may_begin_with_point: true, may_end_with_point: true },
    layout: Layout::Braces { lines_end_statements: false },
    continues_lines: false,
    has_regular_expressions: false,
};
