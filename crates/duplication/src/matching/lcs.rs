//! The length of a longest common subsequence, 64 positions at a time, given up as soon as it cannot reach a cut-off.
//!
//! The recurrence is Hyyrö's (*Bit-Parallel LCS-length Computation Revisited*, 2004): a word holds 64 positions of the
//! pattern, a zero bit is a position where the length grows. Only the words inside of the band that a common
//! subsequence of the wanted length can touch are computed, and every few rows the bound `found so far + rows left` is
//! compared with the cut-off.

use std::collections::HashMap;

/// The rows between two tests of the bound.
const ROWS_BETWEEN_BOUNDS: usize = 16;

/// A sequence that many others are compared with; reusable for the next one without a new allocation.
#[derive(Default)]
pub(crate) struct Pattern {
    /// For each of the 256 symbols `words` words whose set bits are the symbol's positions.
    positions: Vec<u64>,
    state: Vec<u64>,
    words: usize,
    length: usize,
}

impl Pattern {
    /// Forgets the last sequence and takes `sequence` instead.
    pub(crate) fn set(&mut self, sequence: &[u8]) {
        self.words = sequence.len().div_ceil(64).max(1);
        self.length = sequence.len();
        self.positions.clear();
        self.positions.resize(self.words * 256, 0);
        for (position, &symbol) in sequence.iter().enumerate() {
            self.positions[usize::from(symbol) * self.words + position / 64] |= 1 << (position % 64);
        }
    }

    /// The length of a longest common subsequence with `other` if it is at least `cutoff`.
    pub(crate) fn at_least(&mut self, other: &[u8], cutoff: usize) -> Option<usize> {
        if cutoff > self.length || cutoff > other.len() {
            return None;
        }
        let found = match self.words {
            1 => unrolled::<1>(&self.positions, other, cutoff),
            2 => unrolled::<2>(&self.positions, other, cutoff),
            3 => unrolled::<3>(&self.positions, other, cutoff),
            4 => unrolled::<4>(&self.positions, other, cutoff),
            5 => unrolled::<5>(&self.positions, other, cutoff),
            6 => unrolled::<6>(&self.positions, other, cutoff),
            _ => self.banded(other, cutoff),
        };
        found.filter(|&length| length >= cutoff)
    }

    /// Like [`Pattern::at_least`] for several sequences at once, each with its cut-off. The steps of one comparison wait
    /// for each other, those of four do not; so short patterns are compared with four sequences side by side.
    pub(crate) fn at_least_each(&mut self, others: [(&[u8], usize); LANES]) -> [Option<usize>; LANES] {
        let found = match self.words {
            1 => side_by_side::<1>(&self.positions, others),
            2 => side_by_side::<2>(&self.positions, others),
            3 => side_by_side::<3>(&self.positions, others),
            _ => return others.map(|(other, cutoff)| self.at_least(other, cutoff)),
        };
        let mut lane = 0;
        found.map(|length| {
            lane += 1;
            length.filter(|&length| length >= others[lane - 1].1)
        })
    }

    fn banded(&mut self, other: &[u8], cutoff: usize) -> Option<usize> {
        let (spare_left, spare_right) = (self.length - cutoff, other.len() - cutoff);
        self.state.clear();
        self.state.resize(self.words, !0);
        for (row, &symbol) in other.iter().enumerate() {
            let first = row.saturating_sub(spare_right + 1) / 64;
            let last = (row + spare_left + 1).div_ceil(64).min(self.words);
            let start = usize::from(symbol) * self.words;
            let matches = &self.positions[start + first..start + last];
            let mut carry = 0;
            for (state, &found) in self.state[first..last].iter_mut().zip(matches) {
                let hit = *state & found;
                let (sum, over) = state.overflowing_add(hit);
                let (sum, over_again) = sum.overflowing_add(carry);
                carry = u64::from(over | over_again);
                *state = sum | (*state - hit);
            }
            if row % (4 * ROWS_BETWEEN_BOUNDS) == 4 * ROWS_BETWEEN_BOUNDS - 1
                && zeros(&self.state) + (other.len() - row - 1) < cutoff
            {
                return None;
            }
        }
        Some(zeros(&self.state))
    }
}

fn zeros(state: &[u64]) -> usize {
    state.iter().map(|word| word.count_zeros() as usize).sum()
}

/// How many sequences are compared side by side.
pub(crate) const LANES: usize = 4;

fn side_by_side<const WORDS: usize>(positions: &[u64], others: [(&[u8], usize); LANES]) -> [Option<usize>; LANES] {
    let mut states = [[!0_u64; WORDS]; LANES];
    let common = others.iter().map(|(other, _)| other.len()).min().unwrap_or(0);
    let bounded = |states: &[[u64; WORDS]; LANES], done: usize| {
        (0..LANES).all(|lane| zeros(&states[lane]) + others[lane].0.len() - done < others[lane].1)
    };
    let mut row = 0;
    while row < common {
        let end = (row + ROWS_BETWEEN_BOUNDS).min(common);
        let rows = others.map(|(other, _)| &other[row..end]);
        for at in 0..end - row {
            for (state, rows) in states.iter_mut().zip(&rows) {
                step(positions, state, rows[at]);
            }
        }
        row = end;
        if bounded(&states, row) {
            return [None; LANES];
        }
    }
    let mut lane = 0;
    others.map(|(other, _)| {
        let state = &mut states[lane];
        lane += 1;
        other[common..].iter().for_each(|&symbol| step(positions, state, symbol));
        Some(zeros(state))
    })
}

/// One row of the recurrence.
#[inline]
fn step<const WORDS: usize>(positions: &[u64], state: &mut [u64; WORDS], symbol: u8) {
    let start = usize::from(symbol) * WORDS;
    let Some(matches) = positions.get(start..start + WORDS) else { return };
    let mut carry = 0;
    for word in 0..WORDS {
        let hit = state[word] & matches[word];
        let (sum, over) = state[word].overflowing_add(hit);
        let (sum, over_again) = sum.overflowing_add(carry);
        carry = u64::from(over | over_again);
        state[word] = sum | (state[word] - hit);
    }
}

fn unrolled<const WORDS: usize>(positions: &[u64], other: &[u8], cutoff: usize) -> Option<usize> {
    let mut state = [!0_u64; WORDS];
    let mut left = other.len();
    for rows in other.chunks(ROWS_BETWEEN_BOUNDS) {
        for &symbol in rows {
            step(positions, &mut state, symbol);
        }
        left -= rows.len();
        if zeros(&state) + left < cutoff {
            return None;
        }
    }
    Some(zeros(&state))
}

/// The length of a longest common subsequence of characters, by one bit a character of `left`.
///
/// Source: H. Hyyrö, Bit-Parallel LCS-length Computation Revisited, 2004.
pub(crate) fn common_characters(left: &str, right: &str) -> usize {
    let count = left.chars().count();
    let block_count = count.div_ceil(64);
    let mut places: HashMap<char, Vec<u64>> = HashMap::new();
    for (place, character) in left.chars().enumerate() {
        places.entry(character).or_insert_with(|| vec![0; block_count])[place / 64] |= 1 << (place % 64);
    }
    let mut state = vec![u64::MAX; block_count];
    for character in right.chars() {
        let Some(places) = places.get(&character) else { continue };
        let mut carry = false;
        for (block, places) in state.iter_mut().zip(places) {
            let matched = *block & places;
            let (sum, has_first) = block.overflowing_add(matched);
            let (sum, has_second) = sum.overflowing_add(carry.into());
            carry = has_first || has_second;
            *block = sum | (*block - matched);
        }
    }
    // Bits behind the last character never match, so that they stay set.
    state.iter().map(|block| block.count_zeros() as usize).sum()
}

/// About how many steps it takes to compare two sequences of these lengths; the threshold leaves half of the cells out.
pub(crate) const fn steps(left: usize, right: usize) -> u64 {
    (left.div_ceil(64) as u64).saturating_mul(right as u64) / 2
}

/// The smallest length of a common subsequence with which two sequences of `total` symbols together reach `threshold`.
pub(crate) fn length_for(threshold: f64, total: usize) -> usize {
    let mut length = (threshold * total as f64 / 2.0).floor() as usize;
    while length > 0 && ratio(length - 1, total) >= threshold {
        length -= 1;
    }
    while ratio(length, total) < threshold {
        length += 1;
    }
    length
}

/// The normalized indel ratio `2·LCS/(|a|+|b|)`, from 0 to 1; two empty sequences are equal.
pub(crate) fn ratio(common: usize, total: usize) -> f64 {
    if total == 0 { 1.0 } else { 2.0 * common as f64 / total as f64 }
}
