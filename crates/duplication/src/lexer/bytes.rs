//! What single bytes, and eight at once, say about where a token ends.

use crate::words::Head;

/// How many bytes of `rest` are its first operator; whatever else there is, is one of one byte.
pub(super) fn operator_length(rest: &[u8]) -> usize {
    match rest {
        [b'*', b'*', b'=', ..]
        | [b'/', b'/', b'=', ..]
        | [b'<', b'<', b'=', ..]
        | [b'>', b'>', b'=', ..]
        | [b'.', b'.', b'.', ..] => 3,
        [b'*' | b'/' | b'<' | b'>' | b'=' | b'!' | b'+' | b'-' | b'%' | b'@' | b'&' | b'|' | b'^' | b':', b'=', ..]
        | [b'*', b'*', ..]
        | [b'/', b'/', ..]
        | [b'<', b'<', ..]
        | [b'>' | b'-', b'>', ..] => 2,
        _ => 1,
    }
}

const fn those(marks: &[u8]) -> [bool; 256] {
    let mut is_one = [false; 256];
    let mut place = 0;
    while place < marks.len() {
        is_one[marks[place] as usize] = true;
        place += 1;
    }
    is_one
}

/// All other bytes of a string say nothing about where it ends.
pub(super) static ENDS_OR_CHANGES_A_STRING: [bool; 256] = those(b"\\\n\"'{}");

static OF_NAMES: [bool; 256] = {
    let mut of_names = those(b"_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    let mut byte = 0x80;
    while byte < 256 {
        of_names[byte] = true;
        byte += 1;
    }
    of_names
};

#[inline]
pub(super) fn is_name(byte: u8) -> bool {
    OF_NAMES[usize::from(byte)]
}

/// How many bytes the name has with which `rest` begins, and its first ones. Most have less than eight, which are looked
/// at all at once.
#[inline]
pub(super) fn name_at(rest: &[u8]) -> (usize, Head) {
    let Some(first) = rest.first_chunk() else {
        let length = rest.iter().position(|&byte| !is_name(byte)).unwrap_or(rest.len());
        return (length, Head::of(&rest[..length]));
    };
    let first = u64::from_le_bytes(*first);
    let others = not_of_names(first);
    if others == 0 {
        let more = &rest[8..];
        return (8 + more.iter().position(|&byte| !is_name(byte)).unwrap_or(more.len()), Head(first));
    }
    let length = others.trailing_zeros() / 8;
    (length as usize, Head(first & ((1 << (8 * length)) - 1)))
}

/// The highest bit of each of the eight bytes that is no part of a name.
#[inline]
pub(super) const fn not_of_names(bytes: u64) -> u64 {
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
