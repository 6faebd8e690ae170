//! Which lines of two pieces of code belong beside each other, and what differs within them.
//!
//! The terminal, the page and `cds history --diff` show the same rows. Lines are paired in their order, so that the pairs
//! are as similar as possible. Texts too long for that are first divided at the lines that both have exactly once.

mod words;

use std::collections::HashMap;

use self::words::{bag, differences, likeness, words};

/// With more pairs of lines, or of words, both sides are divided, or paired in their order.
const MOST_CELLS: usize = 1_000_000;
/// How often a long text is divided before its lines are paired in their order.
const MOST_DIVISIONS: u8 = 4;
/// To compare two lines takes as long as this many comparisons of two words.
const LINE_COST: u64 = 16;

/// A line of the left and one of the right that belong together, or one of them alone.
pub type Pair = (Option<usize>, Option<usize>);

/// A line as it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its text.
    pub text: &'a str,
    /// Whether no channel compares it: comments, docstrings, blank lines. Such a line is put beside another quiet one.
    pub is_quiet: bool,
}

impl<'a> Line<'a> {
    /// A line that counts.
    pub const fn loud(text: &'a str) -> Self {
        Self { text, is_quiet: false }
    }
}

/// Compares lines and words as long as its allowance lasts; then lines are paired in their order.
#[derive(Debug)]
pub struct Aligner {
    allowance: u64,
}

impl Default for Aligner {
    /// Each comparison has its own bound, and all of them together have none.
    fn default() -> Self {
        Self::new(u64::MAX)
    }
}

/// Lines of both sides, from a first one to the one behind the last.
#[derive(Debug, Clone, Copy)]
struct Segment {
    left: (usize, usize),
    right: (usize, usize),
    division_count: u8,
}

impl Aligner {
    /// An aligner that compares so many pairs of words in all; a pair of lines costs as much as 16 of them.
    pub const fn new(allowance: u64) -> Self {
        Self { allowance }
    }

    /// Pairs the lines of both sides in their order, so that the pairs are as similar as possible.
    pub fn align(&mut self, left: &[Line<'_>], right: &[Line<'_>]) -> Vec<Pair> {
        let loud =
            |lines: &[Line<'_>]| -> Vec<usize> { (0..lines.len()).filter(|line| !lines[*line].is_quiet).collect() };
        let (loud_left, loud_right) = (loud(left), loud(right));
        let left_texts: Vec<&str> = loud_left.iter().map(|line| left[*line].text).collect();
        let right_texts: Vec<&str> = loud_right.iter().map(|line| right[*line].text).collect();
        let together = self.partners(&left_texts, &right_texts);
        let mut rows = Vec::with_capacity(left.len().max(right.len()));
        let (mut row, mut column) = (0, 0);
        let ends = together.into_iter().map(|(row, column)| (loud_left[row], loud_right[column]));
        for (next_row, next_column) in ends.chain([(left.len(), right.len())]) {
            fill(&mut rows, (left, &mut row, next_row), (right, &mut column, next_column));
            if row < left.len() && column < right.len() {
                rows.push((Some(row), Some(column)));
                (row, column) = (row + 1, column + 1);
            }
        }
        rows
    }

    /// The pairs of lines that belong together, in their order.
    fn partners(&mut self, left: &[&str], right: &[&str]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut open = vec![Segment { left: (0, left.len()), right: (0, right.len()), division_count: 0 }];
        while let Some(mut segment) = open.pop() {
            segment.trim(left, right, &mut found);
            let (own, other) = (&left[segment.left.0..segment.left.1], &right[segment.right.0..segment.right.1]);
            if own.is_empty() || other.is_empty() {
                continue;
            }
            let cells = own.len().saturating_mul(other.len());
            let offset = |(row, column): (usize, usize)| (segment.left.0 + row, segment.right.0 + column);
            if cells <= MOST_CELLS && self.spend((cells as u64).saturating_mul(LINE_COST)) {
                found.extend(most_similar(own, other).into_iter().map(offset));
                continue;
            }
            let anchors = if segment.division_count < MOST_DIVISIONS { anchors(own, other) } else { Vec::new() };
            if anchors.is_empty() {
                found.extend((0..own.len().min(other.len())).map(|line| offset((line, line))));
                continue;
            }
            let mut start = (segment.left.0, segment.right.0);
            let ends = anchors.into_iter().map(offset).chain([(segment.left.1, segment.right.1)]);
            for (row, column) in ends {
                let (left, right) = ((start.0, row), (start.1, column));
                open.push(Segment { left, right, division_count: segment.division_count + 1 });
                if row < segment.left.1 {
                    found.push((row, column));
                }
                start = (row + 1, column + 1);
            }
        }
        found.sort_unstable();
        found
    }

    /// The pieces of two lines in their order, each with whether it has no partner in the other line.
    pub fn differences<'a>(&mut self, left: &'a str, right: &'a str) -> [Vec<(&'a str, bool)>; 2] {
        let (left, right) = (words(left), words(right));
        let cells = (left.len() + 1).saturating_mul(right.len() + 1);
        if cells > MOST_CELLS || !self.spend(cells as u64) {
            let all = |words: Vec<&'a str>| words.into_iter().map(|word| (word, !word.trim().is_empty())).collect();
            return [all(left), all(right)];
        }
        differences(&left, &right)
    }

    fn spend(&mut self, cost: u64) -> bool {
        let is_enough = cost <= self.allowance;
        if is_enough {
            self.allowance -= cost;
        }
        is_enough
    }
}

impl Segment {
    /// Takes equal lines off both ends.
    fn trim(&mut self, left: &[&str], right: &[&str], found: &mut Vec<(usize, usize)>) {
        let is_open = |segment: &Self| segment.left.0 < segment.left.1 && segment.right.0 < segment.right.1;
        while is_open(self) && left[self.left.0] == right[self.right.0] {
            found.push((self.left.0, self.right.0));
            (self.left.0, self.right.0) = (self.left.0 + 1, self.right.0 + 1);
        }
        while is_open(self) && left[self.left.1 - 1] == right[self.right.1 - 1] {
            (self.left.1, self.right.1) = (self.left.1 - 1, self.right.1 - 1);
            found.push((self.left.1, self.right.1));
        }
    }
}

/// The lines before the next pair: quiet ones beside quiet ones where both sides have some, all others alone.
fn fill(
    rows: &mut Vec<Pair>,
    (left, row, next_row): (&[Line<'_>], &mut usize, usize),
    (right, column, next_column): (&[Line<'_>], &mut usize, usize),
) {
    while *row < next_row || *column < next_column {
        let has = (*row < next_row, *column < next_column);
        let is_quiet = (has.0 && left[*row].is_quiet, has.1 && right[*column].is_quiet);
        let (takes_left, takes_right) = match (has, is_quiet) {
            ((true, true), (true, true)) => (true, true),
            ((true, false), _) | ((true, true), (true | false, false)) => (true, false),
            _ => (false, true),
        };
        rows.push((takes_left.then_some(*row), takes_right.then_some(*column)));
        *row += usize::from(takes_left);
        *column += usize::from(takes_right);
    }
}

/// Lines that each side has exactly once, the most of them that are in the same order (patience).
fn anchors(left: &[&str], right: &[&str]) -> Vec<(usize, usize)> {
    let mut places: HashMap<&str, [(usize, usize); 2]> = HashMap::new();
    for (side, lines) in [left, right].into_iter().enumerate() {
        for (at, line) in lines.iter().enumerate() {
            let place = &mut places.entry(line).or_default()[side];
            *place = (place.0 + 1, at);
        }
    }
    let is_unique = |[left, right]: &[(usize, usize); 2]| left.0 == 1 && right.0 == 1;
    let mut pairs: Vec<(usize, usize)> =
        places.values().filter(|place| is_unique(place)).map(|[left, right]| (left.1, right.1)).collect();
    pairs.sort_unstable();
    longest_rising(&pairs)
}

/// The longest list of pairs, sorted by their left line, whose right lines rise too.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // The last pair of the best list of each length, and the one before each pair.
    let mut tails: Vec<usize> = Vec::new();
    let mut before = vec![None; pairs.len()];
    for (at, pair) in pairs.iter().enumerate() {
        let length = tails.partition_point(|tail| pairs[*tail].1 < pair.1);
        before[at] = length.checked_sub(1).map(|shorter| tails[shorter]);
        if length == tails.len() { tails.push(at) } else { tails[length] = at }
    }
    let mut rising: Vec<_> =
        std::iter::successors(tails.last().copied(), |at| before[*at]).map(|at| pairs[at]).collect();
    rising.reverse();
    rising
}

/// Which lines of the exact code are not in the normalized code; none of them if the two do not fit together.
pub(crate) fn quiet_lines(raw: &str, normalized: &str) -> Vec<bool> {
    let lines: Vec<&str> = raw.lines().map(str::trim).collect();
    let mut is_quiet = vec![true; lines.len()];
    let mut at = 0;
    for wanted in normalized.lines().map(str::trim) {
        let is_it = |line: &&str| {
            line.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.trim_start().starts_with('#'))
        };
        let Some(step) = lines[at..].iter().position(is_it) else { return vec![false; lines.len()] };
        is_quiet[at + step] = false;
        at += step + 1;
    }
    is_quiet
}

/// The pairs whose likeness adds up to the most.
fn most_similar(left: &[&str], right: &[&str]) -> Vec<(usize, usize)> {
    let (rows, columns) = (left.len(), right.len());
    let bags = [left, right].map(|lines| lines.iter().map(|line| bag(line)).collect::<Vec<_>>());
    let width = columns + 1;
    // The best weight of the lines from here on.
    let mut best = vec![0.0_f64; (rows + 1) * width];
    let gain = |row: usize, column: usize| likeness(&bags[0][row], &bags[1][column]);
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let alone = best[(row + 1) * width + column].max(best[row * width + column + 1]);
            let together = gain(row, column).map_or(0.0, |gain| gain + best[(row + 1) * width + column + 1]);
            best[row * width + column] = alone.max(together);
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut pairs = Vec::with_capacity(rows.min(columns));
    while row < rows && column < columns {
        let here = best[row * width + column];
        let together = gain(row, column).map(|gain| gain + best[(row + 1) * width + column + 1]);
        if together.is_some_and(|together| together >= here) {
            pairs.push((row, column));
            (row, column) = (row + 1, column + 1);
        } else if best[(row + 1) * width + column] >= best[row * width + column + 1] {
            row += 1;
        } else {
            column += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn align(left: &[&str], right: &[&str]) -> Vec<Pair> {
        let [left, right] = [left, right].map(|lines| lines.iter().map(|line| Line::loud(line)).collect::<Vec<_>>());
        Aligner::default().align(&left, &right)
    }

    #[test]
    fn a_line_that_was_added_moves_the_others_along() {
        let left = ["def load(row):", "  price = row.price", "  return price"];
        let right = ["def read(item):", "  log(item)", "  cost = item.cost", "  return cost"];
        let expected = [(Some(0), Some(0)), (None, Some(1)), (Some(1), Some(2)), (Some(2), Some(3))];
        assert_eq!(align(&left, &right), expected);
    }

    #[test]
    fn every_line_stands_once_and_in_its_order() {
        let texts = ["", "a", "a\nb\nc", "x\ny", "a\n\nb", "c\nb\na", "a\nx\nc\nd"];
        for left in texts {
            for right in texts {
                let lines = [left, right].map(|text| text.lines().collect::<Vec<_>>());
                let pairs = align(&lines[0], &lines[1]);
                let lefts: Vec<usize> = pairs.iter().filter_map(|pair| pair.0).collect();
                let rights: Vec<usize> = pairs.iter().filter_map(|pair| pair.1).collect();
                assert_eq!(lefts, (0..lines[0].len()).collect::<Vec<_>>(), "{left:?} {right:?}");
                assert_eq!(rights, (0..lines[1].len()).collect::<Vec<_>>(), "{left:?} {right:?}");
            }
        }
    }

    #[test]
    fn equal_lines_hold_long_texts_together() {
        let left: Vec<String> = (0..2_000).map(|line| format!("line {line}")).collect();
        let mut right = left.clone();
        right.insert(0, "new".to_owned());
        right[1_000] = "other(999)".to_owned();
        right.push("end".to_owned());
        let [left, right] = [left, right].map(|lines| lines.join("\n"));
        let pairs = align(&left.lines().collect::<Vec<_>>(), &right.lines().collect::<Vec<_>>());
        assert_eq!((pairs[0], pairs[1], pairs.len()), ((None, Some(0)), (Some(0), Some(1)), 2_003));
        assert_eq!(pairs[1_000..1_003], [(Some(999), None), (None, Some(1_000)), (Some(1_000), Some(1_001))]);
    }

    #[test]
    fn long_texts_without_common_lines_are_paired_in_order() {
        let left: Vec<String> = (0..2_000).map(|line| format!("left {line}")).collect();
        let right: Vec<String> = (0..1_500).map(|line| format!("right {line}")).collect();
        let [left, right] = [left, right].map(|lines| lines.join("\n"));
        let pairs = align(&left.lines().collect::<Vec<_>>(), &right.lines().collect::<Vec<_>>());
        assert_eq!((pairs.len(), pairs[7], pairs[1_999]), (2_000, (Some(7), Some(7)), (Some(1_999), None)));
    }

    #[test]
    fn quiet_lines_are_beside_quiet_lines() {
        let quiet = |text| Line { text, is_quiet: true };
        let left = [Line::loud("def f(a):"), quiet("# one"), quiet("# two"), Line::loud("return a")];
        let right =
            [Line::loud("def g(a):"), quiet("\"\"\"Doc.\"\"\""), Line::loud("log(1, 2)"), Line::loud("return a")];
        let expected = [(Some(0), Some(0)), (Some(1), Some(1)), (Some(2), None), (None, Some(2)), (Some(3), Some(3))];
        assert_eq!(Aligner::default().align(&left, &right), expected);
    }

    #[test]
    fn without_allowance_lines_are_paired_in_order() {
        let lines = |texts: &[&'static str]| texts.iter().map(|text| Line::loud(text)).collect::<Vec<_>>();
        let (left, right) = (lines(&["a = 1", "b = 2"]), lines(&["c = 0", "a = 1 + 1", "b = 3"]));
        let mut aligner = Aligner::new(10);
        assert_eq!(aligner.align(&left, &right)[..2], [(Some(0), Some(0)), (Some(1), Some(1))]);
        assert_eq!(aligner.differences("a b", "a c")[0], [("a", true), (" ", false), ("b", true)]);
        assert_eq!(Aligner::new(1_000).align(&left, &right)[0], (None, Some(0)));
    }

    #[test]
    fn what_normalization_took_away_is_quiet() {
        let raw = "  def f():  # why\n    \"\"\"Doc.\"\"\"\n\n    return 1\n    # end";
        assert_eq!(quiet_lines(raw, "def f():\n  return 1\n"), [false, true, true, false, true]);
        assert_eq!(quiet_lines(raw, "def f():\n  return 2\n"), [false; 5], "the two do not belong together");
    }
}
