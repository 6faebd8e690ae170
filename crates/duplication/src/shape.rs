//! The shape of code: each token as one byte, with names and literals abstracted to the part that they play.
//!
//! Keywords, operators and the built-in vocabulary of Python stay what they are, since no renaming changes them. A name
//! of the program becomes its role: a call, an attribute, a called attribute, a keyword argument, or a plain name.

use std::{collections::HashMap, hash::BuildHasherDefault, sync::LazyLock};

use crate::{
    hash::WordHasher,
    lexer::{KEYWORDS, Token, TokenKind},
};

/// One byte for one abstracted token.
pub(crate) type Class = u8;

pub(crate) const NEWLINE: Class = 1;
pub(crate) const INDENT: Class = 2;
pub(crate) const DEDENT: Class = 3;
pub(crate) const NUMBER: Class = 4;
pub(crate) const TEXT: Class = 5;
pub(crate) const TRUTH: Class = 6;
pub(crate) const NAME: Class = 7;
pub(crate) const CALL: Class = 8;
pub(crate) const ATTRIBUTE: Class = 9;
pub(crate) const METHOD_CALL: Class = 10;
pub(crate) const ARGUMENT: Class = 11;
pub(crate) const OTHER: Class = 12;

const FIRST_KEYWORD: usize = 16;

const OPERATORS: [&str; 47] = [
    "**=", "//=", ">>=", "<<=", "...", "**", "//", ">>", "<<", "<=", ">=", "==", "!=", "->", "+=", "-=", "*=", "/=",
    "%=", "@=", "&=", "|=", "^=", ":=", "+", "-", "*", "/", "%", "@", "&", "|", "^", "~", "<", ">", "(", ")", "[", "]",
    "{", "}", ",", ":", ".", ";", "=",
];

/// Names that belong to the language, not to the program.
const BUILTINS: [&str; 66] = [
    "AttributeError",
    "Exception",
    "IndexError",
    "KeyError",
    "NotImplementedError",
    "OSError",
    "RuntimeError",
    "StopIteration",
    "TypeError",
    "ValueError",
    "__init__",
    "__name__",
    "abs",
    "all",
    "any",
    "bool",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "cls",
    "dict",
    "dir",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "hasattr",
    "hash",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "object",
    "open",
    "ord",
    "pow",
    "print",
    "property",
    "range",
    "repr",
    "reversed",
    "round",
    "self",
    "set",
    "setattr",
    "slice",
    "sorted",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "zip",
];

/// Those of them that are called. One that is only mentioned is mostly a variable of the program that is called like it,
/// as a parameter `filter` or `id`, and a copy may call it otherwise.
const FUNCTIONS: [&str; 34] = [
    "abs",
    "all",
    "any",
    "callable",
    "chr",
    "dir",
    "divmod",
    "enumerate",
    "filter",
    "format",
    "getattr",
    "hasattr",
    "hash",
    "hex",
    "id",
    "input",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "map",
    "max",
    "min",
    "next",
    "open",
    "ord",
    "pow",
    "print",
    "range",
    "round",
    "slice",
    "sorted",
    "sum",
    "type",
];

/// No keyword, operator or built-in name has more bytes.
const LONGEST_WORD: usize = 19;

/// Looked up for every token; the words are our own, so that nobody can choose them to collide.
static CODES: LazyLock<HashMap<&'static str, Class, BuildHasherDefault<WordHasher>>> = LazyLock::new(|| {
    let words = KEYWORDS.iter().chain(&OPERATORS).chain(&BUILTINS);
    let mut codes: HashMap<_, _, _> = words
        .enumerate()
        .map(|(place, word)| (*word, Class::try_from(FIRST_KEYWORD + place).unwrap_or(OTHER)))
        .collect();
    codes.insert("True", TRUTH);
    codes.insert("False", TRUTH);
    codes
});

/// Whether the byte stands for a built-in function.
static IS_FUNCTION: LazyLock<[bool; 256]> = LazyLock::new(|| {
    let mut functions = [false; 256];
    for name in FUNCTIONS {
        functions[usize::from(code_of(name))] = true;
    }
    functions
});

/// The bytes of the words that are one byte long.
static MARKS: LazyLock<[Class; 256]> = LazyLock::new(|| {
    let mut marks = [OTHER; 256];
    for (word, code) in CODES.iter() {
        if let [mark] = word.as_bytes() {
            marks[usize::from(*mark)] = *code;
        }
    }
    marks
});

/// The byte of a keyword, operator or built-in name.
pub(crate) fn code_of(word: &str) -> Class {
    match word.as_bytes() {
        // Half of all tokens are one mark.
        [mark] => MARKS[usize::from(*mark)],
        bytes if bytes.len() > LONGEST_WORD => OTHER,
        _ => CODES.get(word).copied().unwrap_or(OTHER),
    }
}

/// Whether the byte stands for a name of the program.
pub(crate) const fn is_name(class: Class) -> bool {
    matches!(class, NAME | CALL | ATTRIBUTE | METHOD_CALL | ARGUMENT)
}

/// Names of different spaces are different names, even where they are spelled alike.
pub(crate) const fn space(class: Class) -> u8 {
    match class {
        ATTRIBUTE | METHOD_CALL => 1,
        ARGUMENT => 2,
        _ => 0,
    }
}

/// The classes of `tokens`, one for one.
pub(crate) fn classes(code: &str, tokens: &[Token]) -> Vec<Class> {
    let dot = code_of(".");
    let mut depth = 0_usize;
    let mut previous = OTHER;
    let mut classes = Vec::with_capacity(tokens.len());
    for (place, token) in tokens.iter().enumerate() {
        let text = token.text(code);
        let next = tokens.get(place + 1).map_or("", |next| next.text(code));
        let class = match token.kind {
            TokenKind::Newline => NEWLINE,
            TokenKind::Indent => INDENT,
            TokenKind::Dedent => DEDENT,
            TokenKind::Number => NUMBER,
            TokenKind::Text => TEXT,
            TokenKind::Keyword => code_of(text),
            TokenKind::Operator => {
                match text {
                    "(" | "[" | "{" => depth += 1,
                    ")" | "]" | "}" => depth = depth.saturating_sub(1),
                    _ => {}
                }
                code_of(text)
            }
            TokenKind::Name if previous == dot => {
                if next == "(" {
                    METHOD_CALL
                } else {
                    ATTRIBUTE
                }
            }
            TokenKind::Name if depth > 0 && next == "=" => ARGUMENT,
            TokenKind::Name => match code_of(text) {
                OTHER if next == "(" => CALL,
                OTHER => NAME,
                builtin if next != "(" && IS_FUNCTION[usize::from(builtin)] => NAME,
                builtin => builtin,
            },
        };
        previous = class;
        classes.push(class);
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_ours_has_a_code_and_no_other_has() {
        for word in KEYWORDS.iter().chain(&OPERATORS).chain(&BUILTINS) {
            assert!(word.len() <= LONGEST_WORD && code_of(word) != OTHER, "{word}");
        }
        for word in ["", "total", "NotImplementedErrors", "printed"] {
            assert_eq!(code_of(word), OTHER, "{word}");
        }
    }

    #[test]
    fn a_built_in_function_that_is_only_mentioned_is_a_name() {
        let code = "if filter is not None and len(id) < max(int, str):\n";
        let tokens = crate::lexer::tokenize(code);
        let classes = classes(code, &tokens);
        let class = |word: &str| classes[tokens.iter().position(|token| token.text(code) == word).unwrap_or_default()];
        assert_eq!((class("filter"), class("id")), (NAME, NAME));
        for word in ["len", "max", "int", "str", "None"] {
            assert_eq!(class(word), code_of(word), "{word}");
        }
        assert!(FUNCTIONS.iter().all(|name| BUILTINS.contains(name)));
    }
}
