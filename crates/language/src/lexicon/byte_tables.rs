//! What each byte means to the lexer, as tables that the compiler makes from the [`Words`] of a language.

use super::{Head, LongOperator, MOST_LONG_OPERATORS, Start, Words, class_at};
use crate::class::{Class, OTHER};

pub(super) const fn name_parts(words: &Words) -> [bool; 256] {
    let mut parts = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let is_letter = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_' || byte >= 0x80;
        parts[byte] = is_letter;
        byte += 1;
    }
    let mut place = 0;
    while place < words.name_marks.len() {
        parts[words.name_marks[place] as usize] = true;
        place += 1;
    }
    parts
}

pub(super) const fn starts(words: &Words, name_parts: &[bool; 256]) -> [Start; 256] {
    let mut starts = [Start::Operator; 256];
    let mut byte = 0;
    while byte < 256 {
        starts[byte] = match byte as u8 {
            b'0'..=b'9' => Start::Digit,
            b' ' | b'\t' | b'\r' | 0x0c | 0 => Start::Blank,
            b'\n' => Start::LineBreak,
            b'(' | b'[' | b'{' => Start::Open,
            b')' | b']' | b'}' => Start::Close,
            b'\\' if words.continues_lines => Start::Continuation,
            b'.' if words.numbers.may_begin_with_point => Start::Point,
            b'/' if words.has_regular_expressions => Start::Comment,
            _ if name_parts[byte] => Start::Name,
            _ => Start::Operator,
        };
        byte += 1;
    }
    let mut place = 0;
    while place < words.line_comments.len() {
        starts[words.line_comments[place].as_bytes()[0] as usize] = Start::Comment;
        place += 1;
    }
    place = 0;
    while place < words.block_comments.len() {
        starts[words.block_comments[place].open.as_bytes()[0] as usize] = Start::Comment;
        place += 1;
    }
    place = 0;
    while place < words.strings.len() {
        starts[words.strings[place].open.as_bytes()[0] as usize] = Start::Quote;
        place += 1;
    }
    starts
}

pub(super) const fn string_stops(words: &Words) -> [bool; 256] {
    let mut stops = [false; 256];
    stops[b'\\' as usize] = true;
    stops[b'\n' as usize] = true;
    let mut place = 0;
    while place < words.strings.len() {
        stops[words.strings[place].close.as_bytes()[0] as usize] = true;
        place += 1;
    }
    stops
}

pub(super) const fn marks(words: &Words) -> [Class; 256] {
    let mut marks = [OTHER; 256];
    let mut place = 0;
    while place < words.operators.len() {
        let operator = words.operators[place].as_bytes();
        if operator.len() == 1 {
            marks[operator[0] as usize] = class_at(words.keywords.len() + place);
        }
        place += 1;
    }
    marks
}

pub(super) const fn long_operators(words: &Words) -> ([LongOperator; MOST_LONG_OPERATORS], [(u8, u8); 256]) {
    let mut found = [LongOperator { text: 0, mask: 0, length: 0, class: OTHER }; MOST_LONG_OPERATORS];
    let mut places = [(0, 0); 256];
    let mut count = 0;
    let mut byte = 0;
    while byte < 256 {
        let start = count;
        let mut length = 4;
        while length > 1 {
            let mut place = 0;
            while place < words.operators.len() {
                let operator = words.operators[place].as_bytes();
                assert!(operator.len() <= 4, "an operator has at most four bytes");
                if operator.len() == length && operator[0] as usize == byte {
                    let class = class_at(words.keywords.len() + place);
                    let mask = u32::MAX >> (32 - 8 * length);
                    found[count] = LongOperator { text: Head::of(operator).low(), mask, length: length as u8, class };
                    count += 1;
                }
                place += 1;
            }
            length -= 1;
        }
        places[byte] = (start as u8, count as u8);
        byte += 1;
    }
    (found, places)
}
