//! Lines of normalized code, as they are compared one by one.

use crate::read::unit::word_hash;

/// A line of normalized code as what it is compared by, its indentation left out.
pub(crate) fn line_hash(line: &str) -> u32 {
    word_hash(line.trim())
}

/// The lines of `code` from the first to the last, that one excluded.
pub(crate) fn texts(code: &str, (first, last): (u32, u32)) -> impl Iterator<Item = &str> {
    code.lines().take(last as usize).skip(first as usize)
}
