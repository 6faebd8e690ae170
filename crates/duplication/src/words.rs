//! The words of Python that no renaming changes, each with a byte of its own.
//!
//! Every token of every text is looked up here, so the tables are made by the compiler and names are found by a number
//! that the lexer puts together while it reads them.

use crate::shape::{Class, OTHER, TRUTH};

/// The bytes below are those of [`crate::shape`].
const FIRST: usize = 16;

/// Python's hard keywords, sorted.
pub(crate) const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Operators and delimiters, those of several characters first.
pub(crate) const OPERATORS: [&str; 47] = [
    "**=", "//=", ">>=", "<<=", "...", "**", "//", ">>", "<<", "<=", ">=", "==", "!=", "->", "+=", "-=", "*=", "/=",
    "%=", "@=", "&=", "|=", "^=", ":=", "+", "-", "*", "/", "%", "@", "&", "|", "^", "~", "<", ">", "(", ")", "[", "]",
    "{", "}", ",", ":", ".", ";", "=",
];

/// Names that belong to the language, not to the program; the functions among them stand last.
pub(crate) const BUILTINS: [&str; 66] = [
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
    "bool",
    "bytes",
    "classmethod",
    "cls",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "object",
    "property",
    "repr",
    "reversed",
    "self",
    "set",
    "setattr",
    "str",
    "super",
    "tuple",
    "zip",
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

/// How many of them are functions. One that is only mentioned is mostly a variable of the program that is called like it,
/// as a parameter `filter` or `id`, and a copy may call it otherwise.
const FUNCTIONS: usize = 34;

/// How many of the operators have more than one character.
const LONG_OPERATORS: usize = 24;

const fn code(place: usize) -> Class {
    (FIRST + place) as Class
}

const MARKS: [Class; 256] = {
    let mut marks = [OTHER; 256];
    let mut place = LONG_OPERATORS;
    while place < OPERATORS.len() {
        marks[OPERATORS[place].as_bytes()[0] as usize] = code(KEYWORDS.len() + place);
        place += 1;
    }
    marks
};

/// Keywords and built-in names by their first bytes; each has a place of its own, so that one look is enough.
const SLOTS: usize = 512;

struct Names {
    /// 0 where there is none.
    heads: [u64; SLOTS],
    lengths: [u8; SLOTS],
    codes: [Class; SLOTS],
    words: [&'static str; SLOTS],
}

static NAMES: Names = {
    let mut names = Names { heads: [0; SLOTS], lengths: [0; SLOTS], codes: [OTHER; SLOTS], words: [""; SLOTS] };
    let mut place = 0;
    while place < KEYWORDS.len() + BUILTINS.len() {
        let is_keyword = place < KEYWORDS.len();
        let word = if is_keyword { KEYWORDS[place] } else { BUILTINS[place - KEYWORDS.len()] };
        let head = Head::of(word.as_bytes());
        let slot = head.slot();
        assert!(names.heads[slot] == 0, "another factor is needed, with which no two words have one place");
        names.heads[slot] = head.0;
        names.lengths[slot] = word.len() as u8;
        names.words[slot] = word;
        names.codes[slot] = match word.as_bytes() {
            b"True" | b"False" => TRUTH,
            _ if is_keyword => code(place),
            _ => code(place + OPERATORS.len()),
        };
        place += 1;
    }
    names
};

/// The first eight bytes of a name as a number, the first one lowest; missing ones are 0.
#[derive(Clone, Copy)]
pub(crate) struct Head(pub(crate) u64);

impl Head {
    pub(crate) const fn of(name: &[u8]) -> Self {
        let mut head = 0;
        let mut place = 0;
        while place < name.len() && place < 8 {
            head |= (name[place] as u64) << (8 * place);
            place += 1;
        }
        Self(head)
    }

    #[inline]
    const fn slot(self) -> usize {
        // Found by trying.
        (self.0.wrapping_mul(0xcffa_347b_40f4_5975) >> 55) as usize
    }
}

/// The byte of a name or keyword that begins so; [`OTHER`] if it belongs to the program.
#[inline]
pub(crate) fn name_code(name: &[u8], head: Head) -> Class {
    let slot = head.slot();
    let is_it = NAMES.heads[slot] == head.0
        && usize::from(NAMES.lengths[slot]) == name.len()
        && (name.len() <= 8 || NAMES.words[slot].as_bytes() == name);
    if is_it { NAMES.codes[slot] } else { OTHER }
}

/// The byte of an operator or delimiter of one character; [`OTHER`] for whatever is none.
#[inline]
pub(crate) const fn mark(byte: u8) -> Class {
    MARKS[byte as usize]
}

/// The byte of an operator of any length.
#[inline]
pub(crate) fn operator_code(operator: &[u8]) -> Class {
    if let [byte] = operator {
        return mark(*byte);
    }
    let place = OPERATORS[..LONG_OPERATORS].iter().position(|known| known.as_bytes() == operator);
    place.map_or(OTHER, |place| code(KEYWORDS.len() + place))
}

/// The byte of a keyword or operator, for constants.
pub(crate) const fn fixed(word: &str) -> Class {
    let head = Head::of(word.as_bytes()).0;
    let mut place = 0;
    while place < KEYWORDS.len() + OPERATORS.len() {
        let known = if place < KEYWORDS.len() { KEYWORDS[place] } else { OPERATORS[place - KEYWORDS.len()] };
        if Head::of(known.as_bytes()).0 == head {
            return code(place);
        }
        place += 1;
    }
    OTHER
}

/// The byte of a keyword, operator or built-in name.
pub(crate) fn code_of(word: &str) -> Class {
    let bytes = word.as_bytes();
    match bytes.first() {
        Some(first) if first.is_ascii_alphabetic() || *first == b'_' => name_code(bytes, Head::of(bytes)),
        Some(_) => operator_code(bytes),
        None => OTHER,
    }
}

/// Whether the byte is that of a built-in function.
#[inline]
pub(crate) const fn is_function(class: Class) -> bool {
    class >= code(KEYWORDS.len() + OPERATORS.len() + BUILTINS.len() - FUNCTIONS)
}

/// Whether the byte is that of a keyword or an operator.
pub(crate) const fn is_fixed(class: Class) -> bool {
    is_keyword(class) || (class as usize >= FIRST && (class as usize) < FIRST + KEYWORDS.len() + OPERATORS.len())
}

/// Whether the byte is that of a keyword.
#[inline]
pub(crate) const fn is_keyword(class: Class) -> bool {
    class == TRUTH || (class as usize >= FIRST && (class as usize) < FIRST + KEYWORDS.len())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_word_of_ours_has_a_code_and_no_other_has() {
        let words = || KEYWORDS.iter().chain(&OPERATORS).chain(&BUILTINS);
        for word in words() {
            assert!(code_of(word) != OTHER, "{word}");
            assert_eq!(is_keyword(code_of(word)), KEYWORDS.contains(word), "{word}");
            let is_fixed = !BUILTINS.contains(word) && code_of(word) != TRUTH;
            assert!(!is_fixed || fixed(word) == code_of(word), "{word}");
        }
        // `True` and `False` share one.
        assert_eq!(words().map(|word| code_of(word)).collect::<HashSet<_>>().len(), words().count() - 1);
        for word in
            ["", "total", "NotImplementedErrors", "AnotImplementedError", "printed", "dexError", "=>", "\0", "é"]
        {
            assert_eq!(code_of(word), OTHER, "{word}");
        }
        let functions: Vec<_> = BUILTINS.iter().filter(|word| is_function(code_of(word))).collect();
        assert_eq!((functions.len(), functions[0], functions[FUNCTIONS - 1]), (FUNCTIONS, &"abs", &"type"));
        assert!(!KEYWORDS.iter().chain(&OPERATORS).any(|word| is_function(code_of(word))) && !is_function(OTHER));
        assert!(OPERATORS[..LONG_OPERATORS].iter().all(|operator| operator.len() > 1));
        assert!(OPERATORS[LONG_OPERATORS..].iter().all(|operator| operator.len() == 1));
    }
}
