//! The text as the parser gets it: of the same length, with the lines and the indentation that Python sees.
//!
//! Three things differ, and none of them makes an error: a lone carriage return is no line break to the grammar, a tab is
//! always eight columns wide, and a line that holds only a backslash counts to the indentation of the next. They are
//! mended line by line, without a look at strings and brackets: inside of these the change has no effect.

use std::{borrow::Cow, ops::Range};

/// The grammar counts columns in 16 bits; wider indentation than this is narrowed.
const MAX_COLUMN: usize = 60_000;
/// What narrowed indentation is wider than. A line of `MAX_COLUMN` has room for all of it.
const NARROWED: usize = 50_000;
const TAB: usize = 8;

/// A text for the parser, and what it no longer shows.
pub(super) struct Layout<'t> {
    /// As long as the source: every offset stays what it was.
    pub(super) text: Cow<'t, [u8]>,
    /// Continuations of lines that hold nothing else. Where there are any, rows of the text are not rows of the source.
    pub(super) hidden: Vec<Range<usize>>,
}

impl<'t> Layout<'t> {
    pub(super) fn of(source: &'t str) -> Self {
        let mut text = with_line_feeds(source.as_bytes());
        let mut hidden = Vec::new();
        let mut wide = Vec::new();
        let mut start = 0;
        while start < text.len() {
            let indentation = Indentation::at(&text, start, &mut hidden);
            if indentation.column > MAX_COLUMN {
                wide.push((indentation.column, start..indentation.end));
            } else if !indentation.is_plain {
                indent(&mut text.to_mut()[start..indentation.end], indentation.column);
            }
            let rest = &text[indentation.end..];
            start = memchr::memchr(b'\n', rest).map_or(text.len(), |position| indentation.end + position + 1);
        }
        narrow(&mut text, wide);
        Self { text, hidden }
    }
}

/// Gives every different width its own column, so that what is deeper stays deeper.
fn narrow(text: &mut Cow<'_, [u8]>, mut wide: Vec<(usize, Range<usize>)>) {
    wide.sort_by_key(|(column, _)| *column);
    let mut column = NARROWED;
    for same in wide.chunk_by(|one, other| one.0 == other.0) {
        column = (column + 1).min(MAX_COLUMN);
        for (_, beginning) in same {
            indent(&mut text.to_mut()[beginning.clone()], column);
        }
    }
}

/// Fills the beginning of a line so that the grammar counts `column` columns of indentation.
pub(super) fn indent(beginning: &mut [u8], column: usize) {
    // The width is at most what as many tabs make, so that the tabs and blanks for it always have room.
    let (tab_count, blank_count) = (column / TAB, column % TAB);
    let void = beginning.len().saturating_sub(tab_count + blank_count);
    // A form feed sets the column back to nothing.
    beginning[..void].fill(b'\x0c');
    beginning[void..].fill(b'\t');
    let blank_start = beginning.len() - blank_count.min(beginning.len());
    beginning[blank_start..].fill(b' ');
}

/// The white space before the code of a line, as Python measures it.
pub(super) struct Indentation {
    /// Where the code begins.
    pub(super) end: usize,
    pub(super) column: usize,
    /// Whether the grammar measures the same.
    is_plain: bool,
}

impl Indentation {
    /// Measures from the start of a line, and adds to `hidden` the lines that hold only a backslash.
    pub(super) fn at(text: &[u8], start: usize, hidden: &mut Vec<Range<usize>>) -> Self {
        let (mut end, mut column, mut is_plain) = (start, 0, true);
        // The first backslash that is not at the start of its line decides for all of them.
        let mut continued = 0;
        loop {
            match text[end..] {
                [b' ', ..] => column += 1,
                [b'\t', ..] => {
                    is_plain &= column % TAB == 0;
                    column = (column / TAB + 1) * TAB;
                }
                [b'\x0c', ..] => column = 0,
                [b'\\', b'\n', _, ..] | [b'\\', b'\r', b'\n', _, ..] => {
                    let length = if text[end + 1] == b'\n' { 2 } else { 3 };
                    hidden.push(end..end + length);
                    is_plain = false;
                    continued = if continued == 0 { column } else { continued };
                    end += length - 1;
                }
                _ => break,
            }
            end += 1;
        }
        Self { end, column: if continued == 0 { column } else { continued }, is_plain }
    }
}

fn with_line_feeds(bytes: &[u8]) -> Cow<'_, [u8]> {
    let is_lone = |position: usize| bytes.get(position + 1) != Some(&b'\n');
    if !memchr::memchr_iter(b'\r', bytes).any(is_lone) {
        return Cow::Borrowed(bytes);
    }
    let mut changed = bytes.to_vec();
    for position in memchr::memchr_iter(b'\r', bytes).filter(|&position| is_lone(position)) {
        changed[position] = b'\n';
    }
    Cow::Owned(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str, hidden: &[(usize, usize)]) {
        let layout = Layout::of(source);
        let ranges: Vec<_> = layout.hidden.iter().map(|range| (range.start, range.end)).collect();
        assert_eq!((str::from_utf8(&layout.text), ranges.as_slice()), (Ok(expected), hidden), "{source:?}");
    }

    #[test]
    fn plain_text_is_not_copied() {
        for source in [
            "",
            "x",
            "class A:\n    def f(self):\n\t\treturn 1\r\n",
            "        \tx",
            "\t  x\n  \x0c\tx = '\\\n'\n    \\",
        ] {
            assert!(matches!(Layout::of(source).text, Cow::Borrowed(text) if text == source.as_bytes()), "{source:?}");
        }
    }

    #[test]
    fn a_tab_ends_at_the_next_eighth_column() {
        check("    \tx", "\x0c\x0c\x0c\x0c\tx", &[]);
        check(" \t \t  x", "\x0c\x0c\t\t  x", &[]);
    }

    #[test]
    fn a_line_with_only_a_backslash_joins_the_next() {
        // The column of the first backslash that is not at the start of a line decides.
        check("  \\\n   x", "\x0c\x0c\x0c\x0c\x0c  x", &[(2, 4)]);
        check("\\\n\\\r\n   x", "\x0c\x0c\x0c\x0c\x0c   x", &[(0, 2), (2, 5)]);
        check("x\n \\\n\n", "x\n\x0c\x0c \n", &[(3, 5)]);
    }

    #[test]
    fn a_lone_carriage_return_ends_a_line() {
        check("x\r\ny\r\\\r  z", "x\r\ny\n\x0c\x0c  z", &[(5, 7)]);
    }

    #[test]
    fn wide_indentation_keeps_its_order() {
        let source = [70_001, 70_000, 70_001].map(|width| " ".repeat(width) + "x\n").concat() + &"\t".repeat(7_501);
        let layout = Layout::of(&source);
        let column = |start| Indentation::at(&layout.text, start, &mut Vec::new()).column - NARROWED;
        assert_eq!([0, 70_003, 140_005, 210_008].map(column), [3, 2, 3, 1]);
    }
}
