//! What each byte adds to the outline of its line.

use super::{Layout, Words};

/// What needs a look at what follows.
pub(crate) const SPECIAL: u64 = u64::MAX;

/// What stands for a whole string literal.
pub(crate) const TEXT_MARK: u64 = 0x94d0_49bb_1331_11eb << 16;

/// The mark of a byte of an operator: a number of its own above the lowest 16 bits.
pub(crate) const fn mark_of(byte: u8) -> u64 {
    let value = (byte as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((value ^ (value >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)) << 16
}

/// The marks of all bytes. The lowest 16 bits count the brackets that a byte opens; braces that make blocks count for none.
pub(super) const fn outline_marks(words: &Words) -> [u64; 256] {
    let mut marks = [0; 256];
    let braces_are_blocks = matches!(words.layout, Layout::Braces { .. });
    let mut place = 0;
    while place < words.operators.len() {
        let operator = words.operators[place].as_bytes();
        let mut at = 0;
        while at < operator.len() {
            let byte = operator[at];
            marks[byte as usize] = match byte {
                b'{' | b'}' if braces_are_blocks => mark_of(byte),
                b'(' | b'[' | b'{' => mark_of(byte) + 1,
                b')' | b']' | b'}' => mark_of(byte).wrapping_sub(1),
                _ => mark_of(byte),
            };
            at += 1;
        }
        place += 1;
    }
    mark_special(words, &mut marks);
    marks
}

const fn mark_special(words: &Words, marks: &mut [u64; 256]) {
    let mut digit = b'0';
    while digit <= b'9' {
        marks[digit as usize] = SPECIAL;
        digit += 1;
    }
    marks[b'\n' as usize] = SPECIAL;
    marks[b'\\' as usize] = SPECIAL;
    let mut place = 0;
    while place < words.line_comments.len() {
        marks[words.line_comments[place].as_bytes()[0] as usize] = SPECIAL;
        place += 1;
    }
    place = 0;
    while place < words.block_comments.len() {
        marks[words.block_comments[place].open.as_bytes()[0] as usize] = SPECIAL;
        place += 1;
    }
    place = 0;
    while place < words.strings.len() {
        marks[words.strings[place].open.as_bytes()[0] as usize] = SPECIAL;
        place += 1;
    }
}
