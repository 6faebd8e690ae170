//! The table of a language's names, and the reading of a name by eight bytes at once.

use super::Words;
use crate::class::{Class, OTHER};

/// The places of the table; a power of two.
const SLOTS: usize = 512;

/// Keywords and built-in names by their first bytes, each at its place or at the next free one.
///
/// Every name of every text is looked up here, so the table is made by the compiler, and names are found by a number that
/// the lexer puts together while it reads them.
#[derive(Debug)]
pub(crate) struct NameTable {
    /// 0 where there is none.
    heads: [u64; SLOTS],
    classes: [Class; SLOTS],
    words: [&'static str; SLOTS],
}

impl NameTable {
    pub(super) const fn new(words: &Words) -> Self {
        let mut table = Self { heads: [0; SLOTS], classes: [OTHER; SLOTS], words: [""; SLOTS] };
        let mut place = 0;
        while place < words.keywords.len() {
            table.add(words.keywords[place], super::class_of_keyword(words, place));
            place += 1;
        }
        let first = words.keywords.len() + words.operators.len();
        place = 0;
        while place < words.builtins.len() + words.functions.len() {
            table.add(super::named(words, place), super::class_at(first + place));
            place += 1;
        }
        table
    }

    const fn add(&mut self, word: &'static str, class: Class) {
        let head = Head::of(word.as_bytes());
        let mut slot = head.slot();
        while self.heads[slot] != 0 {
            slot = (slot + 1) % SLOTS;
        }
        self.heads[slot] = head.0;
        self.classes[slot] = class;
        self.words[slot] = word;
    }

    /// The class of a name that begins so; [`OTHER`] if it belongs to the program.
    #[inline]
    pub(crate) fn class(&self, name: &[u8], head: Head) -> Class {
        let mut slot = head.slot();
        loop {
            let known = self.heads[slot];
            if known == 0 {
                return OTHER;
            }
            let word = self.words[slot].as_bytes();
            if known == head.0 && word.len() == name.len() && (name.len() <= 8 || word == name) {
                return self.classes[slot];
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}

/// The first eight bytes of a name as a number, the first one lowest; missing ones are 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head(u64);

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

    /// The first four of them.
    pub(super) const fn low(self) -> u32 {
        self.0 as u32
    }

    #[inline]
    const fn slot(self) -> usize {
        (self.0.wrapping_mul(0xcffa_347b_40f4_5975) >> 55) as usize
    }
}

/// How many bytes the name has with which `rest` begins, and its first ones. Most have less than eight, which are looked
/// at all at once. `parts` says of every byte whether it can stand in a name.
#[inline]
pub(crate) fn name_at(rest: &[u8], parts: &[bool; 256]) -> (usize, Head) {
    let length_from = |start: usize| {
        let more = &rest[start..];
        start + more.iter().position(|&byte| !parts[usize::from(byte)]).unwrap_or(more.len())
    };
    let Some(first) = rest.first_chunk() else {
        let length = length_from(0);
        return (length, Head::of(&rest[..length]));
    };
    let first = u64::from_le_bytes(*first);
    let others = not_of_names(first);
    if others == 0 {
        return (length_from(8), Head(first));
    }
    let length = (others.trailing_zeros() / 8) as usize;
    // What no other language has in its names may be a part of them in this one.
    if parts[usize::from(rest[length])] {
        let length = length_from(length);
        return (length, Head::of(&rest[..length]));
    }
    (length, Head(first & ((1 << (8 * length)) - 1)))
}

/// The highest bit of each of the eight bytes that is no letter, digit or underscore, and no part of a letter outside of
/// ASCII.
#[inline]
const fn not_of_names(bytes: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    /// The highest bit of each byte that is at least `least`; no byte nor `least` is above 0x7f, so that nothing carries.
    const fn from(bytes: u64, least: u8) -> u64 {
        bytes + (0x80 - least as u64) * ONES
    }
    let low = bytes & !HIGH;
    let lower = low | (0x20 * ONES);
    let digit = from(low, b'0') & !from(low, b'9' + 1);
    let letter = from(lower, b'a') & !from(lower, b'z' + 1);
    let line = from(low, b'_') & !from(low, b'_' + 1);
    !(digit | letter | line | bytes) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_are_read_as_one_by_one() {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        for byte in 0..=u8::MAX {
            for neighbour in [0, b'a', 0x7f, 0x80, u8::MAX] {
                for place in 0..8 {
                    let mut bytes = [neighbour; 8];
                    bytes[place] = byte;
                    let expected = u64::from_le_bytes(bytes.map(|byte| if is_part(byte) { 0 } else { 0x80 }));
                    assert_eq!(not_of_names(u64::from_le_bytes(bytes)), expected, "{bytes:?}");
                }
            }
        }
    }
}
