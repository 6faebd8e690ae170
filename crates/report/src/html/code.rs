//! The code of the copies: each text once, cut to a readable length, and all of it within a bound.

use std::collections::HashMap;

use serde::Serialize;

use crate::align::Line;

/// Texts of one chunk; the page parses a chunk as a whole.
pub(super) const CHUNK: usize = 64;
const MOST_LINES: usize = 400;
const LONGEST_LINE: usize = 500;
/// Bytes of all texts together.
const MOST_BYTES: usize = 24 << 20;

/// One text as the page shows it.
#[derive(Serialize)]
pub(super) struct Code {
    text: String,
    /// Lines that no channel compares, 0-based: comments, docstrings, blank lines.
    quiet: Vec<usize>,
    /// Lines behind the text that are left out.
    cut_lines: usize,
    /// Whether ends of long lines are left out.
    cut_columns: bool,
}

impl Code {
    /// Its lines as they are compared.
    pub(super) fn lines(&self) -> Vec<Line<'_>> {
        let mut quiet = self.quiet.iter().peekable();
        let mut line = |(at, text)| Line { text, is_quiet: quiet.next_if(|next| **next == at).is_some() };
        self.text.split('\n').enumerate().map(&mut line).collect()
    }
}

/// Every text that some copy has.
#[derive(Default)]
pub(super) struct CodeTable {
    codes: Vec<Code>,
    places: HashMap<String, usize>,
    byte_count: usize,
    /// Copies whose text exceeds the bound.
    pub(super) left_out_count: usize,
}

impl CodeTable {
    /// Where the text of these lines is, each with whether it is quiet; `None` if it exceeds the bound.
    pub(super) fn add<'a>(&mut self, lines: impl Iterator<Item = (&'a str, bool)>) -> Option<usize> {
        let code = cut(lines);
        // Texts that are cut at the same place differ by how much is missing.
        let key = format!("{} {} {}", code.cut_lines, code.cut_columns, code.text);
        if let Some(place) = self.places.get(&key) {
            return Some(*place);
        }
        if self.byte_count + code.text.len() > MOST_BYTES {
            self.left_out_count += 1;
            return None;
        }
        self.byte_count += code.text.len();
        self.codes.push(code);
        self.places.insert(key, self.codes.len() - 1);
        Some(self.codes.len() - 1)
    }

    pub(super) fn codes(&self) -> &[Code] {
        &self.codes
    }

    pub(super) fn chunks(&self) -> impl Iterator<Item = &[Code]> {
        self.codes.chunks(CHUNK)
    }
}

fn cut<'a>(lines: impl Iterator<Item = (&'a str, bool)>) -> Code {
    let (mut text, mut cut_lines, mut cut_columns) = (String::new(), 0, false);
    let mut quiet = Vec::new();
    for (index, (line, is_quiet)) in lines.enumerate() {
        if index >= MOST_LINES {
            cut_lines += 1;
            continue;
        }
        if index > 0 {
            text.push('\n');
        }
        if is_quiet {
            quiet.push(index);
        }
        match line.char_indices().nth(LONGEST_LINE) {
            Some((at, _)) => {
                text.push_str(&line[..at]);
                text.push('…');
                cut_columns = true;
            }
            None => text.push_str(line),
        }
    }
    Code { text, quiet, cut_lines, cut_columns }
}

#[cfg(test)]
impl Code {
    pub(super) fn of(text: &str) -> Self {
        cut(text.lines().map(|line| (line, false)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loud<'a>(lines: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = (&'a str, bool)> {
        lines.into_iter().map(|line| (line, false))
    }

    #[test]
    fn a_text_is_there_once_and_cut() {
        let mut table = CodeTable::default();
        assert_eq!(table.add(loud(["a", "b"])), Some(0));
        assert_eq!(table.add(loud(["a"])), Some(1));
        assert_eq!(table.add(loud(["a", "b"])), Some(0));
        let long = "é".repeat(501);
        assert_eq!(table.add(loud(std::iter::repeat_n(long.as_str(), 402))), Some(2));
        assert_eq!(table.add(loud(std::iter::repeat_n(long.as_str(), 403))), Some(3));
        let code = &table.codes[2];
        assert_eq!((code.cut_lines, code.cut_columns, code.text.lines().count()), (2, true, 400));
        assert_eq!(code.text.lines().next().unwrap().chars().count(), 501);
    }

    #[test]
    fn quiet_lines_stay_quiet() {
        let code = cut([("def f():", false), ("# why", true), ("return 1", false)].into_iter());
        assert_eq!(code.lines().iter().map(|line| line.is_quiet).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn all_texts_together_have_a_bound() {
        let mut table = CodeTable::default();
        let line = "x".repeat(500);
        let added = (0..200).filter(|id: &u32| {
            let own = id.to_string();
            let lines = std::iter::once(own.as_str()).chain(std::iter::repeat_n(line.as_str(), 399));
            table.add(loud(lines)).is_some()
        });
        let added = added.count();
        assert!(added > 100 && added < 200, "{added}");
        assert_eq!(table.left_out_count, 200 - added);
        assert!(table.codes.iter().map(|code| code.text.len()).sum::<usize>() <= MOST_BYTES);
    }
}
