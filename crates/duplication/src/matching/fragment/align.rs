//! The runs of lines that two definitions share.

use std::{cmp::Reverse, ops::Range};

use super::{
    chain::{self, By, Open},
    length::{Least, Length},
    side::{Names, Part, Side},
};
use crate::{
    Settings,
    matching::{lcs::Pattern, ratio::sequence_ratio},
    read::unit::Line,
};

/// The most pairs of lines that are compared for one pair of definitions.
pub(super) const MOST_CELLS_OF_PAIR: u64 = 4_000_000;
/// The most runs of one pair.
const MOST_RUNS: usize = 4;
/// The share of the names that have to correspond, by how often the run has them.
const CONSISTENT: f64 = 0.8;
/// The share of the names that have to be the same in a run that repeats itself.
const EQUAL: f64 = 0.5;
/// The share of the fewest tokens that has to be in equal lines; the rest may be in lines that were changed.
const MATCHED: f64 = 0.7;
/// The weight of the links in a run, in bits, from which it is reported.
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

/// The conditions that a run has to meet.
pub(super) struct Rules<'a> {
    pub(super) settings: &'a Settings,
    /// The weight of a link in bits.
    pub(super) link_bits: &'a (dyn Fn(u32) -> f32 + Sync),
}

/// The best runs: those that may have gaps, and then those that are equal letter by letter, the longest of each first.
pub(super) fn runs(rules: &Rules, (left, right): (&Part, &Part), by: By, pattern: &mut Pattern) -> Vec<Run> {
    found(rules, (left, right), (by, false), pattern)
}

/// The best runs of lines that one definition has twice; a table would be one by its shape, so its lines have to be equal
/// letter by letter.
pub(super) fn repeats(rules: &Rules, part: &Part, pattern: &mut Pattern) -> Vec<Run> {
    found(rules, (part, part), (By::Text, true), pattern)
}

/// The whole definition, as a run that its copies share.
pub(super) fn all(rules: &Rules, part: &Part, pattern: &mut Pattern) -> Vec<Run> {
    let lines = &part.unit.lines[..];
    let chain: Vec<(usize, usize)> = (part.header()..lines.len()).map(|line| (line, line)).collect();
    let pieces = chain::pieces(&chain, (lines, lines), rules.settings.max_gap_lines as usize);
    let is_enough = |piece: &&[(usize, usize)]| {
        Least::verbatim(rules.settings).is_reached(Length::of_chain(lines, lines, piece)) && differ(lines, piece)
    };
    let side = part.side();
    pieces
        .filter(is_enough)
        .filter_map(|piece| as_run((side, side), piece, (piece[0], piece[piece.len() - 1]), pattern))
        .collect()
}

fn found(rules: &Rules, (left, right): (&Part, &Part), (by, is_one): (By, bool), pattern: &mut Pattern) -> Vec<Run> {
    let (rows, lines) = (&left.unit.lines, &right.unit.lines);
    let columns = right.columns(by);
    if columns.cells(rows) > MOST_CELLS_OF_PAIR {
        return Vec::new();
    }
    let gap = rules.settings.max_gap_lines as usize;
    let open = || Open { rows: left.open_lines(), columns: right.open_lines() };
    let (mut open, mut uncovered) = (open(), open());
    let mut found = Vec::new();
    while found.len() < MOST_RUNS {
        let chain = chain::best_chain(rows, columns, &open, gap, is_one);
        let tokens = chain.iter().map(|&(row, _)| rows[row].tokens).sum();
        if chain.is_empty() || !is_matched(rules, tokens) {
            break;
        }
        open.close(&chain);
        let pieces: Vec<&[(usize, usize)]> = chain::pieces(&chain, (rows, lines), gap).collect();
        let sides = (left.side(), right.side());
        let long: Vec<Option<Run>> = pieces.iter().map(|piece| run(rules, sides, (piece, by), pattern)).collect();
        let has_run = long.iter().any(Option::is_some);
        for (run, piece) in long.into_iter().zip(pieces) {
            // The part behind a long gap is a run as well, if it is longer than a line or two.
            let run = run.or_else(|| has_run.then(|| rest(rules, sides, piece, pattern)).flatten());
            if let Some(run) = run {
                uncovered.close(piece);
                found.push(run);
            }
        }
    }
    verbatim(rules, (left, right), (uncovered, is_one), pattern, &mut found);
    found
}

/// Adds the runs that are equal letter by letter, for which fewer tokens are enough.
fn verbatim(
    rules: &Rules,
    (left, right): (&Part, &Part),
    (mut open, is_one): (Open, bool),
    pattern: &mut Pattern,
    found: &mut Vec<Run>,
) {
    let (rows, lines) = (&left.unit.lines[..], &right.unit.lines[..]);
    let least = Least::verbatim(rules.settings);
    let is_enough = |&(row, column, count): &(usize, usize, usize)| {
        least.is_reached(Length::of(&rows[row..row + count]).shorter(Length::of(&lines[column..column + count])))
    };
    let columns = right.columns(By::Text);
    let gap = rules.settings.max_gap_lines as usize;
    let mut all = chain::diagonals((rows, lines), columns, &open, gap, is_one);
    all.retain(is_enough);
    all.sort_by_key(|&(row, column, count)| (Reverse(Length::of(&rows[row..row + count]).tokens), row, column));
    for (row, column, count) in all {
        let chain: Vec<(usize, usize)> =
            (row..row + count).zip(column..).filter(|&(row, column)| open.rows[row] && open.columns[column]).collect();
        let sides = (left.side(), right.side());
        // What another run has taken away is at one end or the other.
        let chain = closed(sides.0, sides.1, &chain);
        let is_whole = chain.last().is_some_and(|last| last.0 + 1 - chain[0].0 == chain.len());
        if found.len() >= MOST_RUNS || !is_whole {
            continue;
        }
        let length = Length::of_chain(rows, lines, chain);
        if least.is_reached(length) && differ(rows, chain) {
            found.extend(as_run(sides, chain, (chain[0], chain[chain.len() - 1]), pattern));
            open.close(chain);
        }
    }
}

/// Whether `tokens` in equal lines are enough for a run.
fn is_matched(rules: &Rules, tokens: u32) -> bool {
    f64::from(tokens) >= MATCHED * f64::from(rules.settings.min_fragment_tokens)
}

/// The run of a chain if it is long enough, consistent and not common code.
fn run(
    rules: &Rules,
    (left, right): (&Side, &Side),
    (chain, by): (&[(usize, usize)], By),
    pattern: &mut Pattern,
) -> Option<Run> {
    let chain = closed(left, right, chain);
    if !is_matched(rules, Length::of_chain(&left.unit.lines, &right.unit.lines, chain).tokens) {
        return None;
    }
    let (first, last) = ends(rules, left, right, chain)?;
    if !Least::usual(rules.settings).is_reached(common_length(left, right, chain, (first, last))) {
        return None;
    }
    let mut shapes: Vec<u32> = chain.iter().map(|&(row, _)| left.unit.lines[row].shape).collect();
    shapes.sort_unstable();
    shapes.dedup();
    let is_covered_by_shape = || {
        let bits = bits(rules, left, chain);
        let is_varied = shapes.len() >= DIFFERENT_LINES || (shapes.len() + 1 == DIFFERENT_LINES && bits >= 2.0 * BITS);
        // Most lines have the shape of another one, as in a table: the same shape elsewhere is no evidence.
        let repeats = 2 * shapes.len() < chain.len();
        is_varied && bits >= BITS && {
            let names = Names::new(left, right, chain);
            names.consistent >= CONSISTENT && (!repeats || names.equal >= EQUAL)
        }
    };
    if !is_verbatim(left, right, chain) && (by == By::Text || !is_covered_by_shape()) {
        return None;
    }
    as_run((left, right), chain, (first, last), pattern)
}

/// The part behind a long gap, if it has half of the lines and tokens of a run.
fn rest(rules: &Rules, (left, right): (&Side, &Side), chain: &[(usize, usize)], pattern: &mut Pattern) -> Option<Run> {
    let chain = closed(left, right, chain);
    let Least { lines, tokens } = Least::usual(rules.settings);
    let least = Least { lines: lines.div_ceil(2), tokens: tokens.div_ceil(2) };
    let is_enough = least.is_reached(Length::of_chain(&left.unit.lines, &right.unit.lines, chain));
    is_enough.then(|| as_run((left, right), chain, (*chain.first()?, *chain.last()?), pattern)).flatten()
}

/// A chain as a run from the first to the last of its lines, or one further.
fn as_run(
    (left, right): (&Side, &Side),
    chain: &[(usize, usize)],
    (first, last): ((usize, usize), (usize, usize)),
    pattern: &mut Pattern,
) -> Option<Run> {
    let (rows, columns) = ((first.0, last.0), (first.1, last.1));
    Some(Run {
        left: left.lines(rows),
        right: right.lines(columns),
        ratio: sequence_ratio(left.classes(rows), right.classes(columns), 0.0, pattern)? as f32,
        equal_lines: chain.len() as u32,
        equal_tokens: chain.iter().map(|&(row, _)| left.unit.lines[row].tokens).sum(),
    })
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

/// Where a chain begins and ends: one line further on each side if the two lines there begin with the same word, so that a
/// change of the first or last line does not shorten the run. A statement that is longer than a gap is not taken in.
fn ends(
    rules: &Rules,
    left: &Side,
    right: &Side,
    chain: &[(usize, usize)],
) -> Option<((usize, usize), (usize, usize))> {
    let (first, last) = (*chain.first()?, *chain.last()?);
    let gap = rules.settings.max_gap_lines.max(1);
    let is_similar = |(row, column): (usize, usize)| {
        let word = |at: u32| left.word(row, at).filter(|&here| right.word(column, at) == Some(here));
        let is_short = |side: &Side, line: usize| Length::of(&side.unit.lines[line..=line]).lines <= gap;
        word(0).is_some_and(|first| left.hands_over(first) || word(1).is_some())
            && is_short(left, row)
            && is_short(right, column)
    };
    let follow = |one: (usize, usize), next: (usize, usize)| {
        chain::distance(&left.unit.lines, one.0, next.0) <= gap as usize
            && chain::distance(&right.unit.lines, one.1, next.1) <= gap as usize
    };
    let before = (first.0 > left.header && first.1 > right.header).then(|| (first.0 - 1, first.1 - 1));
    let before = before.filter(|&before| is_similar(before) && follow(before, first));
    let next = Some((last.0 + 1, last.1 + 1)).filter(|&next| {
        is_similar(next) && follow(last, next) && !left.begins_definition(next.0) && !right.begins_definition(next.1)
    });
    Some((before.unwrap_or(first), next.unwrap_or(last)))
}

/// The normalized lines and the tokens that both have of a run. A line that was changed belongs to it; one that only one of
/// them has makes neither of them longer.
fn common_length(
    left: &Side,
    right: &Side,
    chain: &[(usize, usize)],
    (first, last): ((usize, usize), (usize, usize)),
) -> Length {
    let mut sum = Length::default();
    let mut add = |rows: Range<usize>, columns: Range<usize>| {
        sum = sum.with(Length::of(&left.unit.lines[rows]).shorter(Length::of(&right.unit.lines[columns])));
    };
    let mut next = first;
    for &(row, column) in chain {
        add(next.0..row, next.1..column);
        add(row..row + 1, column..column + 1);
        next = (row + 1, column + 1);
    }
    add(next.0..last.0 + 1, next.1..last.1 + 1);
    sum
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

/// Whether the lines of a chain that is equal letter by letter differ enough from each other; a statement of several lines
/// is no table.
fn differ(rows: &[Line], chain: &[(usize, usize)]) -> bool {
    let mut texts: Vec<(u32, u32)> =
        chain.iter().map(|&(row, _)| (rows[row].text, rows[row].last + 1 - rows[row].first)).collect();
    texts.sort_unstable();
    texts.dedup_by_key(|&mut (text, _)| text);
    texts.iter().map(|&(_, lines)| lines).sum::<u32>() > DIFFERENT_LINES as u32
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
