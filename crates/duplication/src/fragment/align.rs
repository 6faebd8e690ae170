//! The runs of lines that two definitions share.

use std::{collections::HashMap, ops::Range, sync::OnceLock};

use crate::{
    Settings,
    corpus::sequence_ratio,
    layout,
    lcs::Pattern,
    lexer::Token,
    shape::{self, Class},
    unit::{Line, Unit},
};

/// The most pairs of lines that are looked at for one pair of definitions.
const MOST_CELLS: usize = 4_000_000;
/// The most runs of one pair.
const MOST_RUNS: usize = 4;
/// The share of the names that have to go together, by how often they stand in the run.
const CONSISTENT: f64 = 0.8;
/// The share of the names that have to be the same in a run that repeats itself.
const EQUAL: f64 = 0.5;
/// The share of the fewest tokens that has to be in equal lines; the rest may be in lines that were changed.
const MATCHED: f64 = 0.7;
/// The weight of the links in a run, in bits, from which it is worth telling.
const BITS: f32 = 16.0;
/// The fewest different lines of a run; fewer are a table.
const DIFFERENT_LINES: usize = 4;

/// Lines of two definitions, each as normalized lines with the last one excluded.
pub(super) struct Run {
    pub(super) left: (u32, u32),
    pub(super) right: (u32, u32),
    /// `2·LCS/(length + length)` over the tokens of the two runs, names and literals abstracted, lines that were skipped
    /// included.
    pub(super) ratio: f32,
    /// The logical lines that are equal but for names and literals.
    pub(super) equal_lines: u32,
    /// Their tokens.
    pub(super) equal_tokens: u32,
}

/// What a run has to be.
pub(super) struct Rules<'a> {
    pub(super) settings: &'a Settings,
    /// The weight of a link in bits.
    pub(super) link_bits: &'a (dyn Fn(u32) -> f32 + Sync),
}

/// One of the two pieces of code.
pub(super) struct Part<'a> {
    code: &'a str,
    unit: &'a Unit,
    /// How many lines are no part of a run: the header of a definition says what it is called.
    header: usize,
    by_shape: OnceLock<ByShape>,
    side: OnceLock<Side<'a>>,
}

impl<'a> Part<'a> {
    pub(super) const fn definition(code: &'a str, unit: &'a Unit) -> Self {
        Self { code, unit, header: 1, by_shape: OnceLock::new(), side: OnceLock::new() }
    }

    /// Code that may begin with any line.
    pub(super) fn any(code: &'a str, unit: &'a Unit) -> Self {
        let mut part = Self::definition(code, unit);
        part.header = usize::from(part.side().begins_definition(0));
        part
    }

    /// How many lines are no part of a run.
    pub(super) const fn header(&self) -> usize {
        self.header
    }

    fn side(&self) -> &Side<'a> {
        self.side.get_or_init(|| Side::new(self))
    }

    fn open_lines(&self) -> Vec<bool> {
        (0..self.unit.lines.len()).map(|line| line >= self.header).collect()
    }
}

/// The best runs, longest first.
pub(super) fn runs(rules: &Rules, left: &Part, right: &Part, pattern: &mut Pattern) -> Vec<Run> {
    let (rows, columns) = (&left.unit.lines, &right.unit.lines);
    if rows.len() * columns.len() > MOST_CELLS {
        return Vec::new();
    }
    let mut found = Vec::new();
    let by_shape = right.by_shape.get_or_init(|| ByShape::new(columns));
    let (mut open_rows, mut open_columns) = (left.open_lines(), right.open_lines());
    while found.len() < MOST_RUNS {
        let gap = rules.settings.max_gap_lines as usize;
        let chain = best_chain(rows, by_shape, &open_rows, &open_columns, gap);
        let tokens = chain.iter().map(|&(row, _)| rows[row].tokens).sum();
        if chain.is_empty() || !is_matched(rules, tokens) {
            break;
        }
        found.extend(run(rules, (left.side(), right.side()), &chain, pattern));
        for &(row, column) in &chain {
            open_rows[row] = false;
            open_columns[column] = false;
        }
    }
    found
}

/// Whether so many tokens in equal lines are enough for a run.
fn is_matched(rules: &Rules, tokens: u32) -> bool {
    f64::from(tokens) >= MATCHED * f64::from(rules.settings.min_fragment_tokens)
}

/// Lines by their shape, so that only those that are equal to a given one are looked at.
struct ByShape(Vec<(u32, u32)>);

impl ByShape {
    fn new(lines: &[Line]) -> Self {
        let mut places: Vec<(u32, u32)> = lines.iter().map(|line| line.shape).zip(0..).collect();
        places.sort_unstable();
        Self(places)
    }

    /// The lines of this shape, in their order.
    fn of(&self, shape: u32) -> impl Iterator<Item = usize> {
        let start = self.0.partition_point(|&(other, _)| other < shape);
        self.0[start..].iter().take_while(move |&&(other, _)| other == shape).map(|&(_, place)| place as usize)
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

/// The chain of equal lines with the most tokens in which no gap is longer than `gap` lines.
fn best_chain(
    rows: &[Line],
    columns: &ByShape,
    open_rows: &[bool],
    open_columns: &[bool],
    gap: usize,
) -> Vec<(usize, usize)> {
    let reach = gap + 1;
    let mut cells: Vec<Cell> = Vec::new();
    // Of the last rows, the cell of each column, and which cells they are.
    let mut recent: Vec<(Vec<Option<u32>>, Range<usize>)> = vec![(vec![None; open_columns.len()], 0..0); reach + 1];
    let mut best: Option<u32> = None;
    for (row, line) in rows.iter().enumerate() {
        let (forgotten, of_it) = &mut recent[row % (reach + 1)];
        cells[of_it.clone()].iter().for_each(|cell| forgotten[cell.column as usize] = None);
        let first = cells.len();
        for column in columns.of(line.shape).filter(|&column| open_rows[row] && open_columns[column]) {
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
    chain
}

/// The run of a chain if it is long enough, consistent and not what everybody writes.
fn run(rules: &Rules, (left, right): (&Side, &Side), chain: &[(usize, usize)], pattern: &mut Pattern) -> Option<Run> {
    let chain = closed(left, right, chain);
    let equal_tokens = chain.iter().map(|&(row, _)| left.unit.lines[row].tokens).sum();
    if !is_matched(rules, equal_tokens) {
        return None;
    }
    let (first, last) = ends(left, right, chain)?;
    let (rows, columns) = ((first.0, last.0), (first.1, last.1));
    let (left_lines, right_lines) = (left.lines(rows), right.lines(columns));
    let (line_count, token_count) = common_length(left, right, chain, (first, last));
    if line_count < rules.settings.min_fragment_lines || token_count < rules.settings.min_fragment_tokens {
        return None;
    }
    let mut shapes: Vec<u32> = chain.iter().map(|&(row, _)| left.unit.lines[row].shape).collect();
    shapes.sort_unstable();
    shapes.dedup();
    let is_told_by_shape = || {
        let bits = bits(rules, left, chain);
        let is_varied = shapes.len() >= DIFFERENT_LINES || (shapes.len() + 1 == DIFFERENT_LINES && bits >= 2.0 * BITS);
        // Most lines have the shape of another one, as in a table: that others look like it says nothing.
        let repeats = 2 * shapes.len() < chain.len();
        is_varied && bits >= BITS && {
            let names = Names::new(left, right, chain);
            names.consistent >= CONSISTENT && (!repeats || names.equal >= EQUAL)
        }
    };
    if !is_verbatim(left, right, chain) && !is_told_by_shape() {
        return None;
    }
    let ratio = sequence_ratio(left.classes(rows), right.classes(columns), 0.0, pattern)?;
    let equal_lines = chain.len() as u32;
    Some(Run { left: left_lines, right: right_lines, ratio: ratio as f32, equal_lines, equal_tokens })
}

/// One of the two definitions with its tokens.
struct Side<'a> {
    code: &'a str,
    unit: &'a Unit,
    header: usize,
    tokens: Vec<Token>,
    classes: Vec<Class>,
}

impl<'a> Side<'a> {
    fn new(part: &Part<'a>) -> Self {
        let tokens = layout::tokens(part.code);
        let classes = shape::classes(&tokens);
        Self { code: part.code, unit: part.unit, header: part.header, tokens, classes }
    }

    /// The text of a token of a line, if it has that many.
    fn word(&self, line: usize, at: u32) -> Option<&'a str> {
        let line = self.unit.lines.get(line).filter(|line| at < line.tokens)?;
        Some(self.tokens[(line.token + at) as usize].text(self.code))
    }

    /// Whether a line only begins a definition: its header, or a decorator. Without the body it says nothing.
    fn begins_definition(&self, line: usize) -> bool {
        let last = self.unit.lines.get(line).map_or(0, |line| line.tokens.saturating_sub(1));
        match (self.word(line, 0), self.word(line, 1)) {
            (Some("@"), _) => true,
            (Some("def" | "class"), _) | (Some("async"), Some("def")) => self.word(line, last) == Some(":"),
            _ => false,
        }
    }

    /// How many normalized lines and tokens some of the logical lines have.
    fn length(&self, lines: Range<usize>) -> (u32, u32) {
        let first = |line: usize| self.unit.lines.get(line).map_or(self.unit.line_count, |line| line.first);
        (first(lines.end) - first(lines.start), self.unit.lines[lines].iter().map(|line| line.tokens).sum())
    }

    /// The tokens of the lines from `from` to `to`, abstracted, with the structure between them.
    fn classes(&self, (from, to): (usize, usize)) -> &[Class] {
        let (first, last) = (&self.unit.lines[from], &self.unit.lines[to]);
        &self.classes[first.token as usize..(last.token + last.tokens) as usize]
    }

    /// The normalized lines of the logical ones from `from` to `to`, the last one excluded.
    fn lines(&self, (from, to): (usize, usize)) -> (u32, u32) {
        let lines = &self.unit.lines;
        (lines[from].first, lines.get(to + 1).map_or(self.unit.line_count, |next| next.first))
    }
}

/// The chain without definitions of which it has the header alone.
fn closed<'c>(left: &Side, right: &Side, mut chain: &'c [(usize, usize)]) -> &'c [(usize, usize)] {
    while let [before @ .., (row, column)] = chain
        && (left.begins_definition(*row) || right.begins_definition(*column))
    {
        chain = before;
    }
    chain
}

/// Where a chain begins and ends: one line further on each side where the two lines there begin alike, so that a
/// change of the first or last line does not shorten the run.
fn ends(left: &Side, right: &Side, chain: &[(usize, usize)]) -> Option<((usize, usize), (usize, usize))> {
    let (mut first, mut last) = (*chain.first()?, *chain.last()?);
    let begin_alike = |row: usize, column: usize| {
        let word = |at: u32| left.word(row, at).filter(|&here| right.word(column, at) == Some(here));
        word(0).is_some_and(|first| ["return", "raise", "yield"].contains(&first) || word(1).is_some())
    };
    if first.0 > left.header && first.1 > right.header && begin_alike(first.0 - 1, first.1 - 1) {
        first = (first.0 - 1, first.1 - 1);
    }
    let next = (last.0 + 1, last.1 + 1);
    if begin_alike(next.0, next.1) && !left.begins_definition(next.0) && !right.begins_definition(next.1) {
        last = next;
    }
    Some((first, last))
}

/// The normalized lines and the tokens that both have of a run. A line that was changed belongs to it; one that only one of
/// them has makes neither of them longer.
fn common_length(
    left: &Side,
    right: &Side,
    chain: &[(usize, usize)],
    (first, last): ((usize, usize), (usize, usize)),
) -> (u32, u32) {
    let (mut lines, mut tokens) = (0, 0);
    let mut add = |rows: Range<usize>, columns: Range<usize>| {
        let (left, right) = (left.length(rows), right.length(columns));
        lines += left.0.min(right.0);
        tokens += left.1.min(right.1);
    };
    let mut next = first;
    for &(row, column) in chain {
        add(next.0..row, next.1..column);
        add(row..row + 1, column..column + 1);
        next = (row + 1, column + 1);
    }
    add(next.0..last.0 + 1, next.1..last.1 + 1);
    (lines, tokens)
}

/// Whether most of the lines are the same as they are, and enough of them differ from each other.
fn is_verbatim(left: &Side, right: &Side, chain: &[(usize, usize)]) -> bool {
    let equal = chain.iter().filter(|&&(row, column)| left.unit.lines[row].text == right.unit.lines[column].text);
    let mut texts: Vec<u32> = equal.map(|&(row, _)| left.unit.lines[row].text).collect();
    let most = texts.len() * 5 >= chain.len() * 4;
    texts.sort_unstable();
    texts.dedup();
    most && texts.len() > DIFFERENT_LINES
}

/// The weight of the links in the run: how seldom lines follow each other like that elsewhere.
fn bits(rules: &Rules, side: &Side, chain: &[(usize, usize)]) -> f32 {
    let mut links: Vec<u32> = chain
        .windows(2)
        .filter(|pair| pair[1].0 == pair[0].0 + 1 && pair[1].1 == pair[0].1 + 1)
        .map(|pair| side.unit.lines[pair[0].0].link)
        .collect();
    links.sort_unstable();
    links.dedup();
    links.into_iter().map(rules.link_bits).sum::<f32>()
}

/// How the names of two runs go together, as shares of all of them from 0 to 1; 1 where there are none.
struct Names {
    /// Those that stand for one and the same name nearly everywhere.
    consistent: f64,
    /// Those that are spelled alike.
    equal: f64,
}

impl Names {
    fn new(left: &Side, right: &Side, chain: &[(usize, usize)]) -> Self {
        let mut pairs: HashMap<(u8, &str), HashMap<&str, u32>> = HashMap::new();
        let (mut count, mut equal) = (0_u32, 0_u32);
        for &(row, column) in chain {
            let (row, column) = (&left.unit.lines[row], &right.unit.lines[column]);
            for offset in 0..row.tokens {
                let class = left.classes[(row.token + offset) as usize];
                if shape::is_name(class) {
                    let name = left.tokens[(row.token + offset) as usize].text(left.code);
                    let other = right.tokens[(column.token + offset) as usize].text(right.code);
                    *pairs.entry((shape::space(class), name)).or_default().entry(other).or_default() += 1;
                    count += 1;
                    equal += u32::from(name == other);
                }
            }
        }
        let together: u32 = pairs.values().filter_map(|others| others.values().max()).sum();
        let share = |part: u32| if count == 0 { 1.0 } else { f64::from(part) / f64::from(count) };
        Self { consistent: share(together), equal: share(equal) }
    }
}
