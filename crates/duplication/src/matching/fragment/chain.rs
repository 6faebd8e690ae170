//! Chains of lines that two definitions have in common, in their order.

use std::ops::Range;

use crate::read::unit::Line;

/// When two lines count as equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The tokens, names and literals abstracted.
    Shape,
    /// Every letter.
    Text,
}

impl By {
    const fn key(self, line: &Line) -> u32 {
        match self {
            Self::Shape => line.shape,
            Self::Text => line.text,
        }
    }
}

/// Lines indexed by what has to be equal, so that only lines equal to a given one are visited.
pub(super) struct Columns {
    by: By,
    places: Vec<(u32, u32)>,
}

impl Columns {
    pub(super) fn new(lines: &[Line], by: By) -> Self {
        let mut places: Vec<(u32, u32)> = lines.iter().map(|line| by.key(line)).zip(0..).collect();
        places.sort_unstable();
        Self { by, places }
    }

    /// The lines that are equal to `line`, in their order.
    fn equal(&self, line: &Line) -> &[(u32, u32)] {
        let key = self.by.key(line);
        let start = self.places.partition_point(|&(other, _)| other < key);
        let count = self.places[start..].partition_point(|&(other, _)| other == key);
        &self.places[start..start + count]
    }

    /// How many pairs of equal lines there are: what a search for chains costs.
    pub(super) fn cells(&self, rows: &[Line]) -> u64 {
        rows.iter().map(|line| self.equal(line).len() as u64).sum()
    }
}

/// Which lines are still open.
pub(super) struct Open {
    pub(super) rows: Vec<bool>,
    pub(super) columns: Vec<bool>,
}

impl Open {
    pub(super) fn close(&mut self, chain: &[(usize, usize)]) {
        for &(row, column) in chain {
            self.rows[row] = false;
            self.columns[column] = false;
        }
    }
}

/// Two equal lines at the end of a chain. There may be millions, so that they are small.
struct Cell {
    row: u32,
    column: u32,
    /// The tokens of the chain.
    score: u32,
    previous: Option<u32>,
}

/// The chain of equal lines with the most tokens that skips no more than `gap` lines at once in either definition. Within one
/// definition, each line is compared with later ones only, and the chain ends before its counterpart begins.
pub(super) fn best_chain(
    rows: &[Line],
    columns: &Columns,
    open: &Open,
    gap: usize,
    is_one: bool,
) -> Vec<(usize, usize)> {
    let reach = gap + 1;
    let mut cells: Vec<Cell> = Vec::new();
    // Of the last rows, the cell of each column, and which cells they are.
    let mut recent: Vec<(Vec<Option<u32>>, Range<usize>)> = vec![(vec![None; open.columns.len()], 0..0); reach + 1];
    let mut best: Option<u32> = None;
    for (row, line) in rows.iter().enumerate() {
        let (forgotten, of_it) = &mut recent[row % (reach + 1)];
        cells[of_it.clone()].iter().for_each(|cell| forgotten[cell.column as usize] = None);
        let first = cells.len();
        let equal = columns.equal(line).iter().map(|&(_, column)| column as usize);
        for column in equal.filter(|&column| open.rows[row] && open.columns[column] && (!is_one || column > row)) {
            let score = |cell: u32| cells[cell as usize].score;
            let mut previous: Option<u32> = None;
            // The nearest of those with the most tokens.
            for (of_row, _) in (row.saturating_sub(reach)..row).rev().map(|row| &recent[row % (reach + 1)]) {
                for &cell in of_row[column.saturating_sub(reach)..column].iter().rev().flatten() {
                    if previous.is_none_or(|previous| score(cell) > score(previous)) {
                        previous = Some(cell);
                    }
                }
            }
            let own = previous.map_or(0, score) + line.tokens;
            if best.is_none_or(|best| own > score(best)) {
                best = Some(cells.len() as u32);
            }
            cells.push(Cell { row: row as u32, column: column as u32, score: own, previous });
        }
        let (of_row, of_it) = &mut recent[row % (reach + 1)];
        *of_it = first..cells.len();
        for (cell, place) in cells[first..].iter().zip(first as u32..) {
            of_row[cell.column as usize] = Some(place);
        }
    }
    let mut chain = Vec::new();
    while let Some(cell) = best.map(|cell| &cells[cell as usize]) {
        chain.push((cell.row as usize, cell.column as usize));
        best = cell.previous;
    }
    chain.reverse();
    if is_one && let Some(&(_, first)) = chain.first() {
        chain.truncate(chain.partition_point(|&(row, _)| row < first));
    }
    chain
}

/// Pairs of lines that follow each other in both definitions without another one between them, as far as that goes: the
/// first two lines, and how many there are. Lines that are further apart than `gap` lines, because what stood between
/// them was left out, do not follow each other. Within one definition, no run overlaps its
/// counterpart.
pub(super) fn diagonals(
    (rows, lines): (&[Line], &[Line]),
    columns: &Columns,
    open: &Open,
    gap: usize,
    is_one: bool,
) -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    // The columns of the last row that were equal, ascending, each with how many lines before it were equal as well.
    let mut before: Vec<(usize, usize)> = Vec::new();
    for (row, line) in rows.iter().enumerate() {
        let equal = columns.equal(line).iter().map(|&(_, column)| column as usize);
        let mut now: Vec<(usize, usize)> = Vec::new();
        let mut extended = 0;
        for column in equal.filter(|&column| open.rows[row] && open.columns[column] && (!is_one || column > row)) {
            while before.get(extended).is_some_and(|&(last, _)| last + 1 < column) {
                found.push(ended(row, before[extended]));
                extended += 1;
            }
            let mut count = 1;
            if let Some(&(last, so_far)) = before.get(extended).filter(|(last, _)| last + 1 == column) {
                extended += 1;
                let follows = distance(rows, row - 1, row) <= gap && distance(lines, last, column) <= gap;
                if follows && !(is_one && so_far == column - row) {
                    count += so_far;
                } else {
                    found.push(ended(row, (last, so_far)));
                }
            }
            now.push((column, count));
        }
        found.extend(before[extended..].iter().map(|&last| ended(row, last)));
        before = now;
    }
    found.extend(before.iter().map(|&last| ended(rows.len(), last)));
    found
}

/// Where equal lines began of which the last one stands before `row`.
const fn ended(row: usize, (column, count): (usize, usize)) -> (usize, usize, usize) {
    (row - count, column + 1 - count, count)
}

/// How many lines stand between two.
pub(super) const fn distance(lines: &[Line], from: usize, to: usize) -> usize {
    (lines[to].first as usize).saturating_sub(lines[from].last as usize + 1)
}

/// A chain cut where more than `gap` lines are skipped in either definition: a statement may have many lines.
pub(super) fn pieces<'c>(
    chain: &'c [(usize, usize)],
    (rows, columns): (&[Line], &[Line]),
    gap: usize,
) -> impl Iterator<Item = &'c [(usize, usize)]> {
    chain.chunk_by(move |one, next| distance(rows, one.0, next.0) <= gap && distance(columns, one.1, next.1) <= gap)
}
