//! All pairs of sequences whose normalized indel ratio reaches a threshold, without comparing all pairs.
//!
//! Sorted by length, a sequence can only pair with a window of shorter ones: the common subsequence is no longer than
//! the shorter of the two. Inside of the window three counts bound the number of insertions and deletions `d` from
//! below, each a sum of absolute differences over a few dozen bytes: how often each symbol occurs (folded into 32, then
//! 128 buckets; an edit changes one count by one), and how often each pair of neighbours occurs (256 buckets; an edit
//! takes at most two pairs away and adds one, or the other way round, so the sum is at most `3·d`). What is left is
//! compared bit-parallel with a cut-off. Every filter is a lower bound, so no pair is lost.

use rayon::prelude::*;

use crate::matching::{
    bounds::{Allowances, BATCH, MOST_STEPS, Spent},
    lcs::{self, LANES, Pattern, length_for},
};

const COARSE: usize = 32;
const FINE: usize = 128;
const NEIGHBOURS: usize = 256;
/// How many sequences a thread takes at a time.
const AT_ONCE: usize = 16;
/// The cost of finding that two are too different, in steps of [`Spent`].
const STEPS_TO_FILTER: u64 = 20;

/// Two sequences by their places in the input, `left < right`, and the length of their longest common subsequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) common: u32,
}

struct Index<'a> {
    /// Places in the input, shortest sequence first.
    order: Vec<u32>,
    sequences: Vec<&'a [u8]>,
    coarse: Vec<[u8; COARSE]>,
    fine: Vec<[u8; FINE]>,
    neighbours: Vec<[u8; NEIGHBOURS]>,
}

/// Every pair of `sequences` with a ratio of at least `threshold`, sorted; empty sequences pair with nothing. And how many
/// pairs were not compared because there are too many.
pub(crate) fn self_join(sequences: &[&[u8]], threshold: f64) -> (Vec<Pair>, u64) {
    let index = Index::new(sequences);
    let mut pairs: Vec<Pair> = Vec::new();
    let mut allowances = Allowances::new(MOST_STEPS);
    let mut end = index.order.len();
    while end > 0 {
        let batch = end.saturating_sub(BATCH)..end;
        let may = allowances.each(batch.len());
        let search = |pattern: &mut Pattern, block: usize| {
            let (mut found, mut spent) = (Vec::new(), Spent::default());
            for place in batch.clone().rev().skip(block * AT_ONCE).take(AT_ONCE) {
                spent += index.shorter_partners(place, threshold, pattern, may, &mut found);
            }
            (found, spent)
        };
        let blocks = (0..batch.len().div_ceil(AT_ONCE)).into_par_iter();
        let parts: Vec<(Vec<Pair>, Spent)> = blocks.map_init(Pattern::default, search).collect();
        for (part, spent) in parts {
            pairs.extend(part);
            allowances.spend(spent);
        }
        end = batch.start;
    }
    pairs.par_sort_unstable();
    (pairs, allowances.left_out)
}

impl<'a> Index<'a> {
    fn new(input: &[&'a [u8]]) -> Self {
        let mut order: Vec<u32> = (0..input.len() as u32).filter(|&place| !input[place as usize].is_empty()).collect();
        order.sort_by_key(|&place| input[place as usize].len());
        let sequences: Vec<&[u8]> = order.iter().map(|&place| input[place as usize]).collect();
        let ranks = ranks(&sequences);
        let coarse = sequences.par_iter().map(|sequence| counts(sequence, |symbol| ranks[symbol] % COARSE)).collect();
        let fine = sequences.par_iter().map(|sequence| counts(sequence, |symbol| ranks[symbol] % FINE)).collect();
        let neighbours = sequences.par_iter().map(|sequence| neighbour_counts(sequence)).collect();
        Self { order, sequences, coarse, fine, neighbours }
    }

    fn shorter_partners(
        &self,
        place: usize,
        threshold: f64,
        pattern: &mut Pattern,
        may: Spent,
        found: &mut Vec<Pair>,
    ) -> Spent {
        let before = found.len();
        let mut spent = Spent::default();
        let sequence = self.sequences[place];
        let shortest = self.sequences[..place]
            .partition_point(|shorter| shorter.len() < length_for(threshold, shorter.len() + sequence.len()));
        // Far below this the bound is so wide that hardly any pair fails it.
        let neighbours_decide = threshold >= 0.76;
        let mut is_set = false;
        let mut length = 0;
        let (mut cutoff, mut edits) = (0, 0);
        let (mut waiting, mut count) = ([(0, 0); LANES], 0);
        for partner in shortest..place {
            spent.pairs = (found.len() - before) as u64;
            if spent.is_all_of(&may) {
                spent.left_out = (place - partner) as u64;
                break;
            }
            spent.steps += STEPS_TO_FILTER;
            let other = self.sequences[partner];
            if other.len() != length {
                length = other.len();
                cutoff = length_for(threshold, length + sequence.len());
                edits = (length + sequence.len() - 2 * cutoff) as u32;
            }
            if distance(&self.coarse[place], &self.coarse[partner]) > edits
                || distance(&self.fine[place], &self.fine[partner]) > edits
                || (neighbours_decide && distance(&self.neighbours[place], &self.neighbours[partner]) > 3 * edits)
            {
                continue;
            }
            if !is_set {
                pattern.set(sequence);
                is_set = true;
            }
            spent.steps += lcs::steps(sequence.len(), other.len());
            waiting[count] = (partner, cutoff);
            count += 1;
            if count == LANES {
                self.compare(place, &waiting, pattern, found);
                count = 0;
            }
        }
        for &(partner, cutoff) in &waiting[..count] {
            let common = pattern.at_least(self.sequences[partner], cutoff);
            found.extend(common.map(|common| self.pair(place, partner, common)));
        }
        Spent { pairs: (found.len() - before) as u64, ..spent }
    }

    fn compare(&self, place: usize, partners: &[(usize, usize); LANES], pattern: &mut Pattern, found: &mut Vec<Pair>) {
        let common = pattern.at_least_each(partners.map(|(partner, cutoff)| (self.sequences[partner], cutoff)));
        for (&(partner, _), common) in partners.iter().zip(common) {
            found.extend(common.map(|common| self.pair(place, partner, common)));
        }
    }

    fn pair(&self, place: usize, partner: usize, common: usize) -> Pair {
        let (left, right) = (self.order[place], self.order[partner]);
        Pair { left: left.min(right), right: left.max(right), common: common as u32 }
    }
}

/// The sum of absolute differences. Sixteen bytes at a time, which is one instruction for the compiler.
fn distance<const BUCKETS: usize>(left: &[u8; BUCKETS], right: &[u8; BUCKETS]) -> u32 {
    let sixteen = |left: &[u8; 16], right: &[u8; 16]| -> u32 {
        (0..16).map(|place| u32::from(left[place].abs_diff(right[place]))).sum()
    };
    left.as_chunks().0.iter().zip(right.as_chunks().0).map(|(left, right)| sixteen(left, right)).sum()
}

/// The symbols by frequency, so that the frequent ones fall into different buckets.
fn ranks(sequences: &[&[u8]]) -> [usize; 256] {
    let mut frequency = [(0_u64, 0_usize); 256];
    for (symbol, entry) in frequency.iter_mut().enumerate() {
        entry.1 = symbol;
    }
    for &symbol in sequences.iter().copied().flatten() {
        frequency[usize::from(symbol)].0 += 1;
    }
    frequency.sort_unstable_by(|left, right| right.cmp(left));
    let mut ranks = [0; 256];
    for (rank, &(_, symbol)) in frequency.iter().enumerate() {
        ranks[symbol] = rank;
    }
    ranks
}

/// Counts stop at 255, which can only make a distance smaller.
fn counts<const BUCKETS: usize>(sequence: &[u8], bucket: impl Fn(usize) -> usize) -> [u8; BUCKETS] {
    let mut counts = [0_u8; BUCKETS];
    for &symbol in sequence {
        let count = &mut counts[bucket(usize::from(symbol))];
        *count = count.saturating_add(1);
    }
    counts
}

fn neighbour_counts(sequence: &[u8]) -> [u8; NEIGHBOURS] {
    let mut counts = [0_u8; NEIGHBOURS];
    for pair in sequence.windows(2) {
        let mixed = (u32::from(pair[0]) << 8 | u32::from(pair[1])).wrapping_mul(0x9E37_79B1);
        let count = &mut counts[(mixed >> 24) as usize];
        *count = count.saturating_add(1);
    }
    counts
}
