//! How much two definitions share beyond a shape that many others have as well.
//!
//! The unit is bits: an item that `n` of `N` definitions have weighs `log2((N + 1000) / n)` (inverse document frequency).
//! The thousand stands for code outside of this code base, so that the weights hold for a small one too.

use std::collections::HashMap;

use crate::{judge::rules::Measures, read::unit::Unit};

/// Definitions that are assumed beside those of the code base.
pub(crate) const ELSEWHERE: f64 = 1000.0;

/// No pair whose evidence is strong shares less of its words than this and less of its links than [`LEAST_LINKS`].
pub(crate) const LEAST_WORDS: f32 = 0.4;
/// See [`LEAST_WORDS`].
pub(crate) const LEAST_LINKS: f32 = 0.2;
/// The bits that two prescribed methods have to share beyond what other methods of their names share.
const LEAST_PRESCRIBED_BITS: f32 = 40.0;

/// How common names, literals and links of lines are.
pub(crate) struct Weights {
    words: Rarity,
    links: Rarity,
}

/// How rare things are of which a definition may have many.
pub(crate) struct Rarity {
    bits: HashMap<u32, f32>,
    rarest: f32,
}

impl Rarity {
    /// From what each definition has.
    pub(crate) fn new(owners: impl Iterator<Item = impl Iterator<Item = u32>>) -> Self {
        let mut counts: HashMap<u32, f32> = HashMap::new();
        let (mut count, mut own) = (0_u32, Vec::new());
        for things in owners {
            count += 1;
            own.clear();
            own.extend(things);
            own.sort_unstable();
            own.dedup();
            for &thing in &own {
                *counts.entry(thing).or_default() += 1.0;
            }
        }
        let all = f64::from(count) + ELSEWHERE;
        for count in counts.values_mut() {
            *count = (all / f64::from(*count)).log2() as f32;
        }
        Self { bits: counts, rarest: all.log2() as f32 }
    }

    /// `log2((N + 1000) / n)` for an item that `n` of `N` definitions have; as for 1 if none has it.
    pub(crate) fn bits(&self, thing: u32) -> f32 {
        self.bits.get(&thing).copied().unwrap_or(self.rarest)
    }
}

/// What a pair shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Evidence {
    /// Share of the names and literals, by weight, from 0 to 1 (Dice).
    pub(crate) words: f32,
    /// The weight of the shared names and literals, in bits.
    pub(crate) word_bits: f32,
    /// Share of the links, by weight, from 0 to 1 (Dice).
    pub(crate) links: f32,
    /// The weight of the shared links, in bits.
    pub(crate) link_bits: f32,
    /// Share of both together, by weight, from 0 to 1 (Dice).
    pub(crate) share: f32,
    /// If the language or many classes prescribe both methods: the bits that both share beyond the other methods of their
    /// name, or of both names.
    pub(crate) prescribed_bits: Option<f32>,
}

impl Weights {
    pub(crate) fn new<'a>(units: impl Iterator<Item = &'a Unit> + Clone) -> Self {
        Self {
            words: Rarity::new(units.clone().map(|unit| unit.words.iter().copied())),
            links: Rarity::new(units.map(|unit| unit.links.iter().copied())),
        }
    }

    pub(crate) fn word(&self, word: u32) -> f32 {
        self.words.bits(word)
    }

    pub(crate) fn link(&self, link: u32) -> f32 {
        self.links.bits(link)
    }

    /// The weights of a unit, sorted for [`Profile::compare`].
    pub(crate) fn profile(&self, unit: &Unit) -> Profile {
        let words = unit.words.iter().map(|&word| (word, self.word(word))).collect();
        let links = unit.links.iter().map(|&link| (link, self.link(link))).collect();
        Profile { words, links, is_special: unit.is_special }
    }
}

/// A definition's names, literals and links with their weights, each sorted.
#[derive(Default)]
pub(crate) struct Profile {
    words: Vec<(u32, f32)>,
    links: Vec<(u32, f32)>,
    /// See [`Unit::is_special`].
    is_special: bool,
}

impl Profile {
    /// The words with their weights.
    pub(crate) fn words(&self) -> &[(u32, f32)] {
        &self.words
    }

    /// The links with their weights.
    pub(crate) fn links(&self) -> &[(u32, f32)] {
        &self.links
    }

    pub(crate) fn compare(&self, other: &Self) -> Evidence {
        let (word_bits, all_words) = (shared_weight(&self.words, &other.words), total(&self.words, &other.words));
        let (link_bits, all_links) = (shared_weight(&self.links, &other.links), total(&self.links, &other.links));
        Evidence {
            words: dice(word_bits, all_words),
            word_bits,
            links: dice(link_bits, all_links),
            link_bits,
            share: dice(word_bits + link_bits, all_words + all_links),
            prescribed_bits: (self.is_special && other.is_special).then_some(word_bits + link_bits),
        }
    }
}

/// The Dice coefficient by weight: the shared part of all that both have.
pub(crate) fn dice(shared: f32, total: f32) -> f32 {
    if total > 0.0 { 2.0 * shared / total } else { 0.0 }
}

/// The weight of two lists together.
pub(crate) fn total(left: &[(u32, f32)], right: &[(u32, f32)]) -> f32 {
    left.iter().chain(right).map(|&(_, weight)| weight).sum()
}

/// The weight of what two sorted lists share.
pub(crate) fn shared_weight(left: &[(u32, f32)], right: &[(u32, f32)]) -> f32 {
    let (mut i, mut j, mut bits) = (0, 0, 0.0);
    while i < left.len() && j < right.len() {
        let (one, other) = (left[i], right[j]);
        // Without a branch, since no processor can predict which of the two is lower.
        bits += if one.0 == other.0 { one.1 } else { 0.0 };
        i += usize::from(one.0 <= other.0);
        j += usize::from(other.0 <= one.0);
    }
    bits
}

impl Evidence {
    /// Whether two prescribed methods share little more than what their names prescribe.
    pub(crate) fn is_only_prescribed(&self) -> bool {
        self.prescribed_bits.is_some_and(|bits| bits < LEAST_PRESCRIBED_BITS)
    }

    /// Whether the pair shares more than a shape that others have as well; see [`rules`](crate::judge::rules).
    pub(crate) fn is_strong(&self, ratio: f64) -> bool {
        let measures = Measures::new(self, ratio);
        measures.excluded_by().is_none() && measures.supported_by().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a renamed copy of a few lines shares.
    const COPY: Evidence =
        Evidence { words: 0.6, word_bits: 30.0, links: 0.5, link_bits: 20.0, share: 0.55, prescribed_bits: None };

    #[test]
    fn what_differs_must_not_outweigh_what_is_shared() {
        let outweighed = Evidence { words: 0.35, share: 0.39, ..COPY };
        assert!(!outweighed.is_strong(0.8));
        assert!(Evidence { share: 0.41, ..outweighed }.is_strong(0.8));
        // Of a copy with all names replaced nothing but the order of the lines is left.
        assert!(Evidence { words: 0.05, word_bits: 0.0, link_bits: 27.0, ..outweighed }.is_strong(0.8));
        // So few tokens differ that the words may differ, if not the lines as well.
        assert!(outweighed.is_strong(0.9));
        assert!(!Evidence { links: 0.05, link_bits: 2.0, words: 0.6, ..outweighed }.is_strong(0.9));
    }

    #[test]
    fn methods_that_are_prescribed_need_more() {
        let prescribed = Evidence { prescribed_bits: Some(39.0), ..COPY };
        assert!(!prescribed.is_strong(1.0));
        assert!(Evidence { prescribed_bits: Some(41.0), ..prescribed }.is_strong(1.0));
        assert!(Evidence { prescribed_bits: None, ..prescribed }.is_strong(1.0));
    }

    #[test]
    fn one_pair_of_lines_in_common_is_an_idiom() {
        let idiom = Evidence { words: 0.0, word_bits: 0.0, links: 0.5, link_bits: 10.0, share: 0.2, ..COPY };
        assert!(!idiom.is_strong(0.89));
        assert!(Evidence { words: 0.2, word_bits: 8.0, share: 0.41, ..idiom }.is_strong(0.89));
        assert!(Evidence { links: 1.0, share: 0.4, ..idiom }.is_strong(0.89));
        // Hardly a token differs.
        assert!(idiom.is_strong(0.9));
        assert!(!Evidence { link_bits: 9.0, ..idiom }.is_strong(1.0));
    }

    #[test]
    fn short_ones_need_more_of_what_they_have() {
        let short = Evidence { words: 0.0, word_bits: 0.0, links: 0.2, link_bits: 9.5, share: 0.2, ..COPY };
        assert!(short.is_strong(0.9) && !Evidence { links: 0.19, ..short }.is_strong(0.9));
        assert!(!short.is_strong(0.89));
        let named = Evidence { words: 0.1, word_bits: 8.0, links: 0.25, share: 0.4, ..short };
        assert!(named.is_strong(0.85) && !named.is_strong(0.84));
        assert!(
            !Evidence { links: 0.24, ..named }.is_strong(0.85) && !Evidence { words: 0.09, ..named }.is_strong(0.85)
        );
        assert!(Evidence { links: 0.6, ..short }.is_strong(0.85) && !Evidence { links: 0.59, ..short }.is_strong(0.85));
    }

    #[test]
    fn nothing_is_strong_below_the_least_shares() {
        let mut least_words = f32::MAX;
        for (words, links) in (0..=100).flat_map(|words| (0..=100).map(move |links| (words as f32, links as f32))) {
            let found =
                Evidence { words: words / 100.0, word_bits: 99.0, links: links / 100.0, link_bits: 99.0, ..COPY };
            if [0.72, 0.85, 0.9, 1.0].iter().any(|&ratio| found.is_strong(ratio)) {
                assert!(found.words >= LEAST_WORDS || found.links >= LEAST_LINKS, "{found:?}");
                if found.links < LEAST_LINKS {
                    least_words = least_words.min(found.words);
                }
            }
        }
        // Nor is more given up than has to be.
        assert!(least_words < LEAST_WORDS + 0.02, "{least_words}");
    }

    #[test]
    fn renamed_and_changed_pairs_need_more_lines() {
        let renamed = Evidence { words: 0.0, word_bits: 0.0, links: 0.3, link_bits: 22.0, share: 0.2, ..COPY };
        assert!(!renamed.is_strong(0.8));
        assert!(Evidence { links: 0.4, ..renamed }.is_strong(0.8));
        assert!(!Evidence { links: 0.4, link_bits: 19.0, ..renamed }.is_strong(0.8));
        assert!(Evidence { link_bits: 27.0, ..renamed }.is_strong(0.8));
    }

    #[test]
    fn words_alone_decide_without_links() {
        let wrapper = Evidence { links: 0.0, link_bits: 0.0, word_bits: 34.0, ..COPY };
        assert!(!wrapper.is_strong(1.0));
        assert!(Evidence { word_bits: 36.0, ..wrapper }.is_strong(1.0));
        assert!(Evidence { links: 0.1, link_bits: 4.0, ..wrapper }.is_strong(1.0));
    }

    /// The rules as one expression, as they were found.
    fn as_one_expression(found: &Evidence, ratio: f64) -> bool {
        let bits = found.word_bits + found.link_bits;
        let is_excluded = (found.links < 0.1 && found.words < 0.75 && ratio < 0.85)
            || (found.share < 0.4 && found.words >= 0.1 && (ratio < 0.85 || found.links < 0.1))
            || found.is_only_prescribed();
        let by_words = found.words >= 0.55 && found.word_bits >= if found.links > 0.0 { 18.0 } else { 35.0 };
        let by_links = found.links >= 0.2
            && found.link_bits >= 16.0
            && (ratio >= 0.85
                || found.words >= 0.25
                || found.link_bits >= 26.0
                || (found.links >= 0.4 && found.link_bits >= 20.0));
        let as_short = found.links >= 0.2
            && found.link_bits >= 9.5
            && (ratio >= 0.9 || (ratio >= 0.85 && (found.links >= 0.6 || (found.links >= 0.25 && found.words >= 0.1))));
        let by_both = found.words + found.links >= 0.6
            && found.links > 0.0
            && bits >= 20.0
            && (ratio >= 0.85 || found.words >= 0.5 || found.link_bits >= 16.0);
        !is_excluded && (by_words || by_links || as_short || by_both)
    }

    proptest::proptest! {
        #[test]
        fn table_decides_as_one_expression(
            shares in proptest::array::uniform4(0_u32..=40),
            bits in proptest::array::uniform2(0_u32..=80),
            prescribed in proptest::option::of(0_u32..=80),
        ) {
            // Steps that meet every bound exactly.
            let share = |step: u32| step as f32 / 40.0;
            let found = Evidence {
                words: share(shares[0]),
                word_bits: bits[0] as f32 / 2.0,
                links: share(shares[1]),
                link_bits: bits[1] as f32 / 2.0,
                share: share(shares[2]),
                prescribed_bits: prescribed.map(|bits| bits as f32),
            };
            let ratio = f64::from(shares[3]) / 40.0;
            proptest::prop_assert_eq!(found.is_strong(ratio), as_one_expression(&found, ratio), "{:?} {}", found, ratio);
        }
    }
}
