//! Pairs of definitions that share enough to be shown, found by what they share instead of by comparing all pairs.
//!
//! Two definitions that share a given part of the weight of their words (or links) share one of the rarest of them: ordered
//! by weight, the first shared entry is where the entries that are left still weigh that much. So only the first
//! entries of each definition are looked up (a prefix filter with weights), and those are the rare ones. This finds
//! every pair that [`Evidence::is_strong`] can accept; the caller computes the ratio.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::{
    corpus::Corpus,
    judge::evidence::{Evidence, LEAST_LINKS, LEAST_WORDS, shared_weight},
    matching::bounds::{Allowances, BATCH, MOST_STEPS_TO_FIND, Spent},
};

/// More than the rounding of sums of weights can take from a share.
const ROUNDING: f32 = 0.999;
/// How many definitions a thread takes at a time.
const AT_ONCE: usize = 32;
/// The cost of judging a pair, in steps of [`Spent`].
const STEPS_TO_JUDGE: u64 = 300;

/// A pair of variants, `left < right`, and its evidence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) evidence: Evidence,
}

/// The pairs for which `is_wanted` holds and whose evidence is strong at the highest ratio, sorted, each once; and how many
/// pairs were not compared because there are too many.
pub(crate) fn candidates(corpus: &Corpus, is_wanted: impl Fn(u32, u32) -> bool + Sync) -> (Vec<Candidate>, u64) {
    let judge = |left: u32, right: u32| {
        let (left, right) = (left.min(right), left.max(right));
        if !is_wanted(left, right) {
            return None;
        }
        let evidence = corpus.evidence(left, right);
        evidence.is_strong(1.0).then_some(Candidate { left, right, evidence })
    };
    let words: Vec<_> = corpus.definition_variants().iter().map(|variant| variant.profile.words()).collect();
    let links: Vec<_> = corpus.definition_variants().iter().map(|variant| variant.profile.links()).collect();
    let (mut found, mut left_out) = Index::new(&words, LEAST_WORDS).pairs(judge);
    let (others, others_left_out) = Index::new(&links, LEAST_LINKS).pairs(judge);
    found.extend(others);
    left_out += others_left_out;
    found.par_sort_unstable_by_key(|candidate| (candidate.left, candidate.right));
    found.dedup_by_key(|candidate| (candidate.left, candidate.right));
    (found, left_out)
}

/// Definitions by their rarest entries.
struct Index<'a> {
    entries: &'a [&'a [(u32, f32)]],
    /// How much of the weight of two has to be shared (Dice).
    share: f32,
    /// Lightest first; whatever follows counts by the place in here.
    lists: Vec<List>,
    /// The places of those that have an entry among their rarest ones, ascending.
    holders: HashMap<u32, Vec<u32>>,
}

/// The entries of one definition.
struct List {
    variant: u32,
    weight: f32,
    /// The rarest entries, each with the weight of itself and all that are more common.
    rarest: Vec<(u32, f32)>,
}

impl List {
    fn new(variant: u32, entries: &[(u32, f32)], least: f32) -> Self {
        let mut rarest = entries.to_vec();
        rarest.sort_unstable_by(|left, right| left.1.total_cmp(&right.1).then_with(|| left.0.cmp(&right.0)));
        let mut weight = 0.0;
        for entry in &mut rarest {
            weight += entry.1;
            entry.1 = weight;
        }
        rarest.retain(|entry| entry.1 >= least * weight);
        rarest.reverse();
        Self { variant, weight, rarest }
    }
}

impl<'a> Index<'a> {
    fn new(entries: &'a [&'a [(u32, f32)]], share: f32) -> Self {
        let shared_by_heavier = heavier(share) * ROUNDING;
        let mut lists: Vec<List> = entries
            .par_iter()
            .zip(0..entries.len() as u32)
            .map(|(entries, variant)| List::new(variant, entries, shared_by_heavier))
            .filter(|list| list.weight > 0.0)
            .collect();
        lists.par_sort_by(|left, right| left.weight.total_cmp(&right.weight));
        let mut holders: HashMap<u32, Vec<u32>> = HashMap::new();
        for (list, place) in lists.iter().zip(0_u32..) {
            for &(entry, _) in list.rarest.iter().take_while(|(_, weight)| *weight >= share * ROUNDING * list.weight) {
                holders.entry(entry).or_default().push(place);
            }
        }
        Self { entries, share, lists, holders }
    }

    /// The verdicts of `judge` on the pairs that share enough, each judged once; and how many pairs were not judged.
    fn pairs<T: Send>(&self, judge: impl Fn(u32, u32) -> Option<T> + Sync) -> (Vec<T>, u64) {
        let mut found = Vec::new();
        let mut allowances = Allowances::new(MOST_STEPS_TO_FIND);
        let mut end = self.lists.len();
        // The heaviest ones take longest.
        while end > 0 {
            let batch = end.saturating_sub(BATCH)..end;
            let may = allowances.each(batch.len());
            let search = |seen: &mut Vec<u32>, block: usize| {
                let (mut found, mut spent) = (Vec::new(), Spent::default());
                for place in batch.clone().rev().skip(block * AT_ONCE).take(AT_ONCE) {
                    spent += self.lighter_partners(place, seen, may, |left, right| {
                        let judged = judge(left, right);
                        let is_some = judged.is_some();
                        found.extend(judged);
                        is_some
                    });
                }
                (found, spent)
            };
            let seen = || vec![u32::MAX; self.lists.len()];
            let blocks = (0..batch.len().div_ceil(AT_ONCE)).into_par_iter();
            let parts: Vec<(Vec<T>, Spent)> = blocks.map_init(seen, search).collect();
            for (part, spent) in parts {
                found.extend(part);
                allowances.spend(spent);
            }
            end = batch.start;
        }
        (found, allowances.left_out)
    }

    /// Hands those that share enough with the one at `place` to `take`, which says whether it took the pair, until it may
    /// spend no more.
    fn lighter_partners(
        &self,
        place: usize,
        seen: &mut [u32],
        may: Spent,
        mut take: impl FnMut(u32, u32) -> bool,
    ) -> Spent {
        let list = &self.lists[place];
        let lightest = heavier(self.share) * ROUNDING * list.weight;
        let first = self.lists[..place].partition_point(|lighter| lighter.weight < lightest) as u32;
        let mut spent = Spent::default();
        let length = |list: &List| self.entries[list.variant as usize].len() as u64;
        for (entry, _) in &list.rarest {
            let holders = self.holders.get(entry).map_or(&[][..], Vec::as_slice);
            let start = holders.partition_point(|&holder| holder < first);
            let end = holders.partition_point(|&holder| (holder as usize) < place);
            for (at, &holder) in holders.iter().enumerate().take(end).skip(start) {
                if spent.is_all_of(&may) {
                    spent.left_out += (end - at) as u64;
                    break;
                }
                spent.steps += 1;
                let is_first = std::mem::replace(&mut seen[holder as usize], place as u32) != place as u32;
                if !is_first {
                    continue;
                }
                let lighter = &self.lists[holder as usize];
                spent.steps += length(list) + length(lighter);
                if self.share_enough(list, lighter) {
                    spent.steps += STEPS_TO_JUDGE;
                    spent.pairs += u64::from(take(list.variant, lighter.variant));
                }
            }
        }
        // One may have been left out for more than one of its entries.
        spent.left_out = spent.left_out.min(place as u64 - u64::from(first));
        spent
    }

    fn share_enough(&self, left: &List, right: &List) -> bool {
        let bits = shared_weight(self.entries[left.variant as usize], self.entries[right.variant as usize]);
        2.0 * bits >= self.share * ROUNDING * (left.weight + right.weight)
    }
}

/// How much of its own weight the heavier one shares at least, which is also how much of it the lighter one weighs: from
/// `shared >= share / 2 * (heavier + lighter)` and `lighter >= shared`.
fn heavier(share: f32) -> f32 {
    share / (2.0 - share)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::judge::evidence::{dice, total};

    /// Definitions that have some of forty entries, of which a few are rare; and some that have none.
    fn entries() -> impl Strategy<Value = Vec<Vec<(u32, f32)>>> {
        let weight = |entry: u32| 0.01 + entry.pow(2) as f32 / 100.0;
        let one = proptest::collection::btree_set(0_u32..40, 0..12);
        let list = move |entries: std::collections::BTreeSet<u32>| {
            entries.into_iter().map(|entry| (entry, weight(entry))).collect::<Vec<_>>()
        };
        proptest::collection::vec(one.prop_map(list), 0..60)
    }

    proptest! {
        #[test]
        fn pair_above_threshold_is_found_once(lists in entries(), share in 0.05_f32..1.0) {
            let slices: Vec<&[(u32, f32)]> = lists.iter().map(Vec::as_slice).collect();
            let is_enough = |left: usize, right: usize| {
                let (left, right) = (slices[left], slices[right]);
                dice(shared_weight(left, right), total(left, right)) >= share
            };
            let (mut found, left_out) = Index::new(&slices, share).pairs(|left, right| Some((left.min(right), left.max(right))));
            prop_assert_eq!(left_out, 0);
            found.sort_unstable();
            prop_assert!(found.windows(2).all(|two| two[0] != two[1]), "{:?}", found);
            // A pair at the border may be there by rounding.
            found.retain(|&(left, right)| is_enough(left as usize, right as usize));
            let mut expected = Vec::new();
            for left in 0..slices.len() {
                expected.extend((left + 1..slices.len()).filter(|&right| is_enough(left, right)).map(|right| (left as u32, right as u32)));
            }
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn no_strong_evidence_is_below_what_is_looked_for(
            words in 0.0_f32..=1.0, word_bits in 0.0_f32..100.0, links in 0.0_f32..=1.0, link_bits in 0.0_f32..100.0,
            share in 0.0_f32..=1.0, prescribed in proptest::option::of(0.0_f32..100.0),
        ) {
            let evidence = Evidence { words, word_bits, links, link_bits, share, prescribed_bits: prescribed };
            let least = (LEAST_WORDS * ROUNDING, LEAST_LINKS * ROUNDING);
            prop_assert!(!evidence.is_strong(1.0) || words >= least.0 || links >= least.1, "{:?}", evidence);
        }

        #[test]
        fn a_higher_ratio_never_weakens_evidence(
            shares in (0.0_f32..=1.0, 0.0_f32..=1.0, 0.0_f32..=1.0), bits in (0.0_f32..60.0, 0.0_f32..60.0),
            prescribed in proptest::option::of(0.0_f32..100.0), ratio in 0.0_f64..=1.0,
        ) {
            let ((words, links, share), (word_bits, link_bits)) = (shares, bits);
            let evidence = Evidence { words, word_bits, links, link_bits, share, prescribed_bits: prescribed };
            prop_assert!(!evidence.is_strong(ratio) || evidence.is_strong(1.0), "{:?}", evidence);
        }
    }

    #[test]
    fn common_entries_form_no_pairs() {
        let lists: Vec<Vec<(u32, f32)>> = (1..100).map(|own| vec![(0, 0.1), (own, 10.0)]).collect();
        let slices: Vec<&[(u32, f32)]> = lists.iter().map(Vec::as_slice).collect();
        assert_eq!(Index::new(&slices, 0.2).pairs(|left, right| Some((left, right))), (Vec::new(), 0));
    }
}
