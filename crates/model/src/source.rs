//! Source text that is stored once; its slices share it.
//!
//! A line ends at `\n`, `\r\n` or a lone `\r`, as in Python's universal newlines. Offsets are bytes and fit in `u32`,
//! so a text must be shorter than 4 GiB.

use std::{ops::Deref, ops::Range, sync::Arc};

/// The decoded text of one file with an index of its lines.
#[derive(Debug, Clone)]
pub struct SourceText {
    text: Arc<str>,
    line_starts: Vec<u32>,
}

impl SourceText {
    /// Indexes the lines of `text`.
    ///
    /// # Panics
    ///
    /// If `text` is 4 GiB or longer.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        assert!(u32::try_from(text.len()).is_ok(), "a source text is shorter than 4 GiB");
        let mut line_starts = vec![0];
        let bytes = text.as_bytes();
        for (index, &byte) in bytes.iter().enumerate() {
            let ends_line = byte == b'\n' || (byte == b'\r' && bytes.get(index + 1) != Some(&b'\n'));
            if ends_line && index + 1 < bytes.len() {
                line_starts.push(offset(index + 1));
            }
        }
        Self { text, line_starts }
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The number of lines. An empty text has one; a final line break starts no further line.
    pub fn line_count(&self) -> u32 {
        offset(self.line_starts.len())
    }

    /// The 1-based number of the line that holds the byte at `position`; past the end, the last line.
    pub fn line_of(&self, position: u32) -> u32 {
        offset(self.line_starts.partition_point(|&start| start <= position))
    }

    /// The bytes of the lines `first` to `last` (1-based, inclusive) without the final line break.
    ///
    /// Lines past the end are cut off.
    pub fn line_range(&self, first: u32, last: u32) -> Range<u32> {
        let end_of_text = offset(self.text.len());
        let start = self.line_starts.get(first.max(1) as usize - 1).copied().unwrap_or(end_of_text);
        let next = self.line_starts.get(last as usize).copied().unwrap_or(end_of_text);
        let bytes = &self.text.as_bytes()[start as usize..next as usize];
        let line_break = match bytes {
            [.., b'\r', b'\n'] => 2,
            [.., b'\r' | b'\n'] => 1,
            _ => 0,
        };
        start..next - line_break
    }

    /// The part of the text at `range`; it shares the text.
    ///
    /// # Panics
    ///
    /// If `range` is outside the text or splits a character.
    pub fn slice(&self, range: Range<u32>) -> SourceSlice {
        SourceSlice::new(Arc::clone(&self.text), range)
    }
}

fn offset(position: usize) -> u32 {
    u32::try_from(position).expect("a source text is shorter than 4 GiB")
}

/// A piece of a shared source text.
#[derive(Clone)]
pub struct SourceSlice {
    text: Arc<str>,
    start: u32,
    end: u32,
}

impl SourceSlice {
    fn new(text: Arc<str>, range: Range<u32>) -> Self {
        assert!(text.get(range.start as usize..range.end as usize).is_some(), "a slice lies inside its text");
        Self { text, start: range.start, end: range.end }
    }

    /// The piece itself.
    pub fn as_str(&self) -> &str {
        &self.text[self.start as usize..self.end as usize]
    }
}

impl From<&str> for SourceSlice {
    fn from(text: &str) -> Self {
        Self::new(text.into(), 0..offset(text.len()))
    }
}

impl Deref for SourceSlice {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for SourceSlice {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for SourceSlice {}

impl std::fmt::Debug for SourceSlice {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let source = SourceText::new(text);
        (1..=source.line_count()).map(|line| source.slice(source.line_range(line, line)).to_string()).collect()
    }

    #[test]
    fn python_line_breaks_end_lines() {
        assert_eq!(lines("a\nb\r\nc\rd"), ["a", "b", "c", "d"]);
        assert_eq!(lines("a\n\nb\n"), ["a", "", "b"]);
        assert_eq!(lines("a\r"), ["a"]);
        assert_eq!(lines("a\x0cb\u{2028}c"), ["a\x0cb\u{2028}c"]);
    }

    #[test]
    fn empty_text_has_one_line() {
        assert_eq!(lines(""), [""]);
    }

    #[test]
    fn only_final_line_break_is_dropped() {
        let source = SourceText::new("a\r\n\r\n");
        assert_eq!(source.line_count(), 2);
        assert_eq!(&*source.slice(source.line_range(1, 2)), "a\r\n");
    }

    #[test]
    fn position_maps_to_its_line() {
        let source = SourceText::new("ab\ncd\n");
        assert_eq!([0, 2, 3, 5, 99].map(|position| source.line_of(position)), [1, 1, 2, 2, 2]);
    }
}
