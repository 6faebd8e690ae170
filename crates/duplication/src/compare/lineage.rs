//! Which definition of an earlier search each one of a later search was.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    hash::Hash,
};

use super::keys::{DefinitionKey, GroupIndex, GroupKey, SearchKeys};

/// So many copies of a group that are new, and so many that are lost, are held against each other.
const MOST_COPIES: usize = 200;

/// The definitions of the earlier and of the later search.
type Sides<'a> = (&'a [DefinitionKey], &'a [DefinitionKey]);

/// Pairs of definitions that are one, each at most once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lineage {
    /// For each definition of the later search its place in the earlier one.
    pub(super) ancestors: Vec<Option<usize>>,
    /// For each definition of the earlier search its place in the later one.
    pub(super) descendants: Vec<Option<usize>>,
}

impl Lineage {
    /// What is surest first: the same place and code, the same code elsewhere, the same place, and the same name where
    /// only one on either side is left that has it. Of what is left then, a copy that is nowhere any more may be one that
    /// was added to its group, if no copy that stayed is more like that.
    pub(super) fn new(before: &SearchKeys, after: &SearchKeys) -> Self {
        let mut lineage =
            Self { ancestors: vec![None; after.definitions.len()], descendants: vec![None; before.definitions.len()] };
        let sides = (&before.definitions[..], &after.definitions[..]);
        lineage.pair(sides, |key| (key.place, key.code));
        lineage.pair(sides, |key| (key.name, key.code));
        lineage.pair(sides, |key| (key.kind, key.code));
        lineage.pair(sides, |key| key.place);
        lineage.pair_unique(sides, |key| key.name);
        lineage.pair_copies(before, after);
        lineage
    }

    fn join(&mut self, old: usize, new: usize) {
        (self.descendants[old], self.ancestors[new]) = (Some(new), Some(old));
    }

    /// Pairs what is left on both sides and `told` the same, the first with the first.
    fn pair<T: Eq + Hash>(&mut self, sides: Sides<'_>, told: impl Fn(&DefinitionKey) -> T) {
        let (mut old, new) = self.left(sides, told);
        for (told, place) in new {
            if let Some(origin) = old.get_mut(&told).and_then(VecDeque::pop_front) {
                self.join(origin, place);
            }
        }
    }

    /// The same for what only one on each side is told by.
    fn pair_unique<T: Copy + Eq + Hash>(&mut self, sides: Sides<'_>, told: impl Fn(&DefinitionKey) -> T) {
        let (old, new) = self.left(sides, told);
        let counts = counts(new.iter().map(|(told, _)| *told));
        for (told, place) in new {
            if let (Some(origins), 1) = (old.get(&told), counts[&told])
                && origins.len() == 1
            {
                self.join(origins[0], place);
            }
        }
    }

    /// What is without a pair.
    #[expect(clippy::type_complexity, reason = "the two sides, as their loops need them")]
    fn left<T: Eq + Hash>(
        &self,
        (before, after): Sides<'_>,
        told: impl Fn(&DefinitionKey) -> T,
    ) -> (HashMap<T, VecDeque<usize>>, Vec<(T, usize)>) {
        let mut old: HashMap<T, VecDeque<usize>> = HashMap::new();
        for (place, key) in before.iter().enumerate().filter(|(place, _)| self.descendants[*place].is_none()) {
            old.entry(told(key)).or_default().push_back(place);
        }
        let new = after.iter().enumerate().filter(|(place, _)| self.ancestors[*place].is_none());
        (old, new.map(|(place, key)| (told(key), place)).collect())
    }

    /// Pairs copies that are added to a group with those that it lost, the most similar first.
    fn pair_copies(&mut self, before: &SearchKeys, after: &SearchKeys) {
        let earlier = GroupIndex::new(&before.groups);
        let mut candidates = Vec::new();
        for group in &after.groups {
            self.candidates(group, &earlier, (&before.definitions, &after.definitions), &mut candidates);
        }
        // The places decide between equal ones, so that the order of the groups does not.
        candidates.sort_by(|left: &(f64, usize, usize), right| {
            right.0.total_cmp(&left.0).then((left.1, left.2).cmp(&(right.1, right.2)))
        });
        for (_, old, new) in candidates {
            if self.descendants[old].is_none() && self.ancestors[new].is_none() {
                self.join(old, new);
            }
        }
    }

    /// Pairs of a lost copy and an added one, and how similar the two are, where that is not less than with any copy that
    /// stayed: what is more like one of those was copied from it.
    fn candidates(
        &self,
        group: &GroupKey,
        earlier: &GroupIndex<'_>,
        (before, after): Sides<'_>,
        candidates: &mut Vec<(f64, usize, usize)>,
    ) {
        let definitions: BTreeSet<usize> = group.copies.iter().map(|copy| copy.definition).collect();
        let (stayed, added): (Vec<usize>, Vec<usize>) =
            definitions.into_iter().partition(|place| self.ancestors[*place].is_some());
        if stayed.is_empty() || added.is_empty() {
            return;
        }
        let origins = stayed.iter().filter_map(|place| self.ancestors[*place]);
        let groups = earlier.with(origins.clone());
        let copies = groups.into_iter().flat_map(|place| &earlier.groups[place].copies);
        let lost: BTreeSet<usize> =
            copies.map(|copy| copy.definition).filter(|place| self.descendants[*place].is_none()).collect();
        if lost.is_empty() {
            return;
        }
        let kept: HashSet<&[u64]> = stayed
            .iter()
            .map(|place| &*after[*place].lines)
            .chain(origins.map(|place| &*before[place].lines))
            .collect();
        for &new in added.iter().take(MOST_COPIES) {
            let lines = &after[new].lines;
            let nearest = kept.iter().take(MOST_COPIES).map(|kept| alike(kept, lines)).fold(0.0, f64::max);
            for &old in lost.iter().take(MOST_COPIES).filter(|old| before[**old].kind == after[new].kind) {
                let ratio = alike(&before[old].lines, lines);
                if ratio >= nearest {
                    candidates.push((ratio, old, new));
                }
            }
        }
    }
}

pub(super) fn counts<T: Eq + Hash>(all: impl Iterator<Item = T>) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    all.for_each(|one| *counts.entry(one).or_default() += 1);
    counts
}

/// The share of lines that two definitions have in common, 0 to 1 (Sørensen–Dice); both are ascending.
fn alike(left: &[u64], right: &[u64]) -> f64 {
    let (mut from_left, mut from_right, mut common) = (0, 0, 0_usize);
    while let (Some(one), Some(other)) = (left.get(from_left), right.get(from_right)) {
        common += usize::from(one == other);
        from_left += usize::from(one <= other);
        from_right += usize::from(other <= one);
    }
    let total = left.len() + right.len();
    if total == 0 { 0.0 } else { 2.0 * common as f64 / total as f64 }
}
