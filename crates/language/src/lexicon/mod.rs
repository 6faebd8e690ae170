//! The tables that the lexer reads by, made by the compiler from the [`Words`] of a language.

mod byte_tables;
mod names;
mod outline_marks;
mod words;

use byte_tables::{long_operators, marks, name_parts, starts, string_stops};
use names::NameTable;
pub(crate) use names::{Head, name_at};
pub(crate) use outline_marks::{SPECIAL, TEXT_MARK, mark_of};
pub use words::{BlockComment, Digits, Escape, Fields, Layout, Numbers, Prefixes, StringRule, Words};

use crate::class::{Class, FIRST_WORD, OTHER, TRUTH};

/// What a byte can be the beginning of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    Name,
    Digit,
    Blank,
    Operator,
    LineBreak,
    /// A string literal, or else what the byte is otherwise.
    Quote,
    Open,
    Close,
    /// A comment, or else an operator.
    Comment,
    /// A backslash that may take a line break along.
    Continuation,
    /// A point that may begin a number.
    Point,
}

/// An operator of several bytes.
#[derive(Debug, Clone, Copy)]
struct LongOperator {
    text: u32,
    mask: u32,
    length: u8,
    class: Class,
}

const MOST_LONG_OPERATORS: usize = 64;

/// A language's words and marks with the tables made of them.
#[derive(Debug)]
pub struct Lexicon {
    pub(crate) words: Words,
    pub(crate) starts: [Start; 256],
    /// Which bytes can stand in a name.
    pub(crate) name_parts: [bool; 256],
    /// Which bytes can end a string literal or change what follows in it.
    pub(crate) string_stops: [bool; 256],
    /// See [`crate::outline`].
    pub(crate) outline_marks: [u64; 256],
    /// By its class, whether a member's name stands behind a token.
    pub(crate) member_marks: [bool; 256],
    names: NameTable,
    /// The operators of one byte.
    marks: [Class; 256],
    /// Those of several, one first byte after the other, and the longer before the shorter.
    long_operators: [LongOperator; MOST_LONG_OPERATORS],
    /// For each byte where its operators begin and end.
    long_places: [(u8, u8); 256],
}

/// The class of the word at this place among keywords, operators, built-in names and functions.
const fn class_at(place: usize) -> Class {
    let class = FIRST_WORD as usize + place;
    assert!(class < 256, "a language has at most 240 words");
    class as Class
}

const fn class_of_keyword(words: &Words, place: usize) -> Class {
    if is_among(words.keywords[place], words.truths) { TRUTH } else { class_at(place) }
}

const fn class_of_word(words: &Words, word: &str) -> Class {
    let mut place = 0;
    while place < words.keywords.len() {
        if is_equal(words.keywords[place].as_bytes(), word.as_bytes()) {
            return class_of_keyword(words, place);
        }
        place += 1;
    }
    place = 0;
    while place < words.operators.len() {
        if is_equal(words.operators[place].as_bytes(), word.as_bytes()) {
            return class_at(words.keywords.len() + place);
        }
        place += 1;
    }
    let first = words.keywords.len() + words.operators.len();
    place = 0;
    while place < words.builtins.len() + words.functions.len() {
        if is_equal(named(words, place).as_bytes(), word.as_bytes()) {
            return class_at(first + place);
        }
        place += 1;
    }
    OTHER
}

/// The built-in name at this place, functions behind the others.
const fn named(words: &Words, place: usize) -> &'static str {
    if place < words.builtins.len() { words.builtins[place] } else { words.functions[place - words.builtins.len()] }
}

const fn member_marks(words: &Words) -> [bool; 256] {
    let mut marks = [false; 256];
    let mut place = 0;
    while place < words.member_marks.len() {
        marks[class_of_word(words, words.member_marks[place]) as usize] = true;
        place += 1;
    }
    marks
}

const fn is_among(word: &str, list: &[&str]) -> bool {
    let mut place = 0;
    while place < list.len() {
        if is_equal(word.as_bytes(), list[place].as_bytes()) {
            return true;
        }
        place += 1;
    }
    false
}

const fn is_equal(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut place = 0;
    while place < left.len() {
        if left[place] != right[place] {
            return false;
        }
        place += 1;
    }
    true
}

impl Lexicon {
    /// Makes the tables.
    ///
    /// # Panics
    ///
    /// When there are too many words, or an operator is longer than four bytes: for a constant, while it is compiled.
    pub const fn new(words: Words) -> Self {
        let name_parts = name_parts(&words);
        let (long_operators, long_places) = long_operators(&words);
        Self {
            starts: starts(&words, &name_parts),
            name_parts,
            string_stops: string_stops(&words),
            outline_marks: outline_marks::outline_marks(&words),
            member_marks: member_marks(&words),
            names: NameTable::new(&words),
            marks: marks(&words),
            long_operators,
            long_places,
            words,
        }
    }

    /// What its author wrote.
    pub const fn words(&self) -> &Words {
        &self.words
    }

    /// As [`class_of`](Self::class_of), for constants.
    pub const fn fixed(&self, word: &str) -> Class {
        class_of_word(&self.words, word)
    }

    /// The classes of several words, for constants.
    ///
    /// # Panics
    ///
    /// When a word is none of the language: while the constant is compiled.
    pub const fn set(&self, words: &[&str]) -> ClassSet {
        let mut set = [false; 256];
        let mut place = 0;
        while place < words.len() {
            let class = self.fixed(words[place]);
            assert!(class != OTHER, "a set is of words of the language");
            set[class as usize] = true;
            place += 1;
        }
        ClassSet(set)
    }

    /// The class of a keyword, operator or built-in name; [`OTHER`] for whatever is none.
    pub fn class_of(&self, word: &str) -> Class {
        let bytes = word.as_bytes();
        match bytes.first() {
            None => OTHER,
            Some(&first) if self.name_parts[usize::from(first)] => self.name_class(bytes, Head::of(bytes)),
            Some(_) => {
                let (length, class) = self.operator(bytes);
                if length == bytes.len() { class } else { OTHER }
            }
        }
    }

    #[inline]
    pub(crate) fn name_class(&self, name: &[u8], head: Head) -> Class {
        self.names.class(name, head)
    }

    /// The class of an operator of one byte.
    #[inline]
    pub const fn mark(&self, byte: u8) -> Class {
        self.marks[byte as usize]
    }

    /// The length and the class of the operator with which `rest` begins; whatever else there is, is one of one byte.
    #[inline]
    pub(crate) fn operator(&self, rest: &[u8]) -> (usize, Class) {
        let first = rest[0];
        let (start, end) = self.long_places[usize::from(first)];
        if start < end {
            let head = match rest.first_chunk() {
                Some(head) => u32::from_le_bytes(*head),
                None => rest.iter().rev().fold(0, |head, &byte| head << 8 | u32::from(byte)),
            };
            let known = &self.long_operators[usize::from(start)..usize::from(end)];
            if let Some(operator) = known.iter().find(|operator| head & operator.mask == operator.text) {
                return (usize::from(operator.length), operator.class);
            }
        }
        (1, self.mark(first))
    }

    /// Whether the class is that of a keyword.
    #[inline]
    pub const fn is_keyword(&self, class: Class) -> bool {
        class == TRUTH || (class >= FIRST_WORD && class < FIRST_WORD + self.words.keywords.len() as Class)
    }

    /// Whether the class is that of a keyword or an operator.
    pub const fn is_fixed(&self, class: Class) -> bool {
        let end = FIRST_WORD as usize + self.words.keywords.len() + self.words.operators.len();
        self.is_keyword(class) || (class >= FIRST_WORD && (class as usize) < end)
    }

    /// Whether the class is that of a built-in function.
    #[inline]
    pub const fn is_function(&self, class: Class) -> bool {
        let words = &self.words;
        class as usize >= FIRST_WORD as usize + words.keywords.len() + words.operators.len() + words.builtins.len()
    }

    /// Whether a word is a keyword that is no value: no operand ends with it.
    pub fn joins(&self, word: &str) -> bool {
        self.words.keywords.contains(&word) && !self.words.values.contains(&word)
    }

    /// Whether a literal with this prefix is no text.
    pub(crate) fn is_other(&self, prefix: &str) -> bool {
        self.words.prefixes.other.contains(&prefix)
    }

    /// What the letters before a quote mean; `None` if they are no prefix.
    #[inline]
    pub fn prefix(&self, letters: &[u8]) -> Option<Prefix> {
        let prefixes = &self.words.prefixes;
        if letters.len() > prefixes.most {
            return None;
        }
        let mut prefix = Prefix::default();
        for letter in letters {
            let letter = letter.to_ascii_lowercase();
            if !prefixes.letters.contains(&letter) {
                return None;
            }
            prefix.has_fields |= prefixes.with_fields.contains(&letter);
            prefix.is_raw |= prefixes.raw.contains(&letter);
        }
        Some(prefix)
    }
}

/// Some of the classes.
#[derive(Debug, Clone, Copy)]
pub struct ClassSet([bool; 256]);

impl ClassSet {
    /// No class.
    pub const NONE: Self = Self([false; 256]);

    /// Whether a class is one of them.
    #[inline]
    pub const fn has(&self, class: Class) -> bool {
        self.0[class as usize]
    }
}

/// What the letters before a quote say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefix {
    /// Whether expressions may stand in the literal.
    pub has_fields: bool,
    /// Whether a backslash is a backslash.
    pub is_raw: bool,
}

#[cfg(test)]
mod tests;
