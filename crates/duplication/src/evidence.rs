//! How much two definitions share beyond a shape that many others have as well.
//!
//! What is shared is measured in bits, `log2((N + 1000) / n)` for what stands in `n` of `N` definitions (inverse document
//! frequency; the thousand stands for all the code that is not in this code base, so that a small one can be judged).

use std::collections::HashMap;

use crate::unit::Unit;

/// Definitions that are assumed beside those of the code base.
const ELSEWHERE: f64 = 1000.0;

/// How common names, literals and shapes of lines are.
pub(crate) struct Weights {
    words: HashMap<u32, f32>,
    shapes: HashMap<u32, f32>,
    rarest: f32,
}

/// What a pair shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Evidence {
    /// Share of the names and literals, by weight, from 0 to 1 (Dice).
    pub(crate) words: f32,
    /// The weight of the shared names and literals, in bits.
    pub(crate) word_bits: f32,
    /// Share of the lines' shapes, by weight, from 0 to 1 (Dice).
    pub(crate) shapes: f32,
    /// The weight of the shared shapes, in bits.
    pub(crate) shape_bits: f32,
}

impl Weights {
    pub(crate) fn new<'a>(units: impl Iterator<Item = &'a Unit>) -> Self {
        let mut words: HashMap<u32, f32> = HashMap::new();
        let mut shapes: HashMap<u32, f32> = HashMap::new();
        let mut count = 0_u32;
        for unit in units {
            count += 1;
            for &word in &unit.words {
                *words.entry(word).or_default() += 1.0;
            }
            for &link in &unit.links {
                *shapes.entry(link).or_default() += 1.0;
            }
        }
        let all = f64::from(count) + ELSEWHERE;
        let bits = |count: &mut f32| *count = (all / f64::from(*count)).log2() as f32;
        words.values_mut().for_each(bits);
        shapes.values_mut().for_each(bits);
        Self { words, shapes, rarest: all.log2() as f32 }
    }

    pub(crate) fn word(&self, word: u32) -> f32 {
        self.words.get(&word).copied().unwrap_or(self.rarest)
    }

    pub(crate) fn shape(&self, shape: u32) -> f32 {
        self.shapes.get(&shape).copied().unwrap_or(self.rarest)
    }

    /// The weights of a unit, sorted for [`Profile::compare`].
    pub(crate) fn profile(&self, unit: &Unit) -> Profile {
        let words = unit.words.iter().map(|&word| (word, self.word(word))).collect();
        let shapes = unit.links.iter().map(|&link| (link, self.shape(link))).collect();
        Profile { words, shapes }
    }
}

/// A definition's names, literals and line shapes with their weights, each sorted.
pub(crate) struct Profile {
    words: Vec<(u32, f32)>,
    shapes: Vec<(u32, f32)>,
}

impl Profile {
    pub(crate) fn compare(&self, other: &Self) -> Evidence {
        let (words, word_bits) = shared(&self.words, &other.words);
        let (shapes, shape_bits) = shared(&self.shapes, &other.shapes);
        Evidence { words, word_bits, shapes, shape_bits }
    }
}

/// The Dice coefficient by weight and the weight of what two sorted lists share.
fn shared(left: &[(u32, f32)], right: &[(u32, f32)]) -> (f32, f32) {
    let total: f32 = left.iter().chain(right).map(|&(_, weight)| weight).sum();
    let (mut i, mut j, mut bits) = (0, 0, 0.0);
    while i < left.len() && j < right.len() {
        match left[i].0.cmp(&right[j].0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                bits += left[i].1;
                i += 1;
                j += 1;
            }
        }
    }
    if total > 0.0 { (2.0 * bits / total, bits) } else { (0.0, 0.0) }
}

impl Evidence {
    /// Whether the pair shares more than what many others have as well.
    pub(crate) fn is_strong(&self, ratio: f64) -> bool {
        let _ = ratio;
        self.words >= 0.4 || self.shape_bits + self.word_bits >= 60.0
    }
}
