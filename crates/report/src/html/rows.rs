//! How the code of each copy stands beside that of the first one of its group, as the page draws it.

use std::collections::HashMap;

use serde::Serialize;

use super::code::{CHUNK, Code};
use crate::align::{Aligner, Line, Pair};

/// Pairs of words that are compared for all of a page; a few seconds at most.
const ALLOWANCE: u64 = 200_000_000;

/// The rows of two texts, from above to below.
#[derive(Serialize)]
pub(super) struct Rows {
    /// Rows of one kind in a row: 0 has both lines, 1 only the left one, 2 only the right one; and how many.
    runs: Vec<(u8, u32)>,
    /// What differs within the rows that have both lines.
    marks: Vec<Marks>,
}

/// A row, and what differs in each of its lines: beginnings and ends, in UTF-16 units as a script counts them.
#[derive(Serialize)]
struct Marks(usize, Vec<usize>, Vec<usize>);

/// The rows of every two texts that are shown beside each other.
pub(super) struct RowsTable {
    aligner: Aligner,
    rows: Vec<Rows>,
    places: HashMap<(usize, usize), usize>,
}

impl Default for RowsTable {
    fn default() -> Self {
        Self { aligner: Aligner::new(ALLOWANCE), rows: Vec::new(), places: HashMap::new() }
    }
}

impl RowsTable {
    /// Where the rows of two texts are; `None` if it is one text.
    pub(super) fn add(&mut self, left: usize, right: usize, codes: &[Code]) -> Option<usize> {
        if left == right {
            return None;
        }
        if let Some(place) = self.places.get(&(left, right)) {
            return Some(*place);
        }
        self.rows.push(rows(&codes[left].lines(), &codes[right].lines(), &mut self.aligner));
        self.places.insert((left, right), self.rows.len() - 1);
        Some(self.rows.len() - 1)
    }

    pub(super) fn chunks(&self) -> impl Iterator<Item = &[Rows]> {
        self.rows.chunks(CHUNK)
    }
}

fn rows(left: &[Line<'_>], right: &[Line<'_>], aligner: &mut Aligner) -> Rows {
    let mut rows = Rows { runs: Vec::new(), marks: Vec::new() };
    for (at, pair) in aligner.align(left, right).into_iter().enumerate() {
        let kind = kind(pair);
        match rows.runs.last_mut().filter(|(last, _)| *last == kind) {
            Some((_, count)) => *count += 1,
            None => rows.runs.push((kind, 1)),
        }
        let (Some(row), Some(column)) = pair else { continue };
        let (one, other) = (left[row], right[column]);
        if one.is_quiet || other.is_quiet || one.text.trim() == other.text.trim() {
            continue;
        }
        let [left, right] = aligner.differences(one.text, other.text).map(|pieces| ranges(&pieces));
        rows.marks.push(Marks(at, left, right));
    }
    rows
}

const fn kind(pair: Pair) -> u8 {
    match pair {
        (Some(_), Some(_)) => 0,
        (Some(_), None) => 1,
        (None, _) => 2,
    }
}

/// The beginnings and ends of what is marked.
fn ranges(pieces: &[(&str, bool)]) -> Vec<usize> {
    let mut ranges = Vec::new();
    let mut at = 0;
    for (text, is_marked) in pieces {
        let end = at + text.encode_utf16().count();
        if *is_marked {
            if ranges.last() == Some(&at) {
                ranges.pop()
            } else {
                ranges.push(at);
                None
            };
            ranges.push(end);
        }
        at = end;
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_say_what_is_beside_what() {
        let lines = |texts: &[&'static str]| texts.iter().map(|text| Line::loud(text)).collect::<Vec<_>>();
        let left =
            [lines(&["def f(a):"]), vec![Line { text: "# 加", is_quiet: true }], lines(&["return \"𝒳\" + a"])].concat();
        let right = lines(&["def f(a):", "log(1, 2)", "return \"𝒳\" + b.c"]);
        let rows = rows(&left, &right, &mut Aligner::default());
        assert_eq!(rows.runs, [(0, 1), (1, 1), (2, 1), (0, 1)]);
        let [Marks(row, left, right)] = &rows.marks[..] else { panic!("{:?}", rows.marks.len()) };
        assert_eq!((row, &left[..], &right[..]), (&3, &[14, 15][..], &[14, 17][..]));
    }

    #[test]
    fn equal_texts_need_no_rows() {
        let codes = [Code::of("a\nb"), Code::of("a\nc")];
        let mut table = RowsTable::default();
        assert_eq!(table.add(0, 0, &codes), None);
        assert_eq!(
            (table.add(0, 1, &codes), table.add(1, 0, &codes), table.add(0, 1, &codes)),
            (Some(0), Some(1), Some(0))
        );
    }
}
