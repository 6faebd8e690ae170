//! Which definition of an earlier search each one of a later search was.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap, VecDeque},
    hash::Hash,
};

use super::keys::{DefinitionKey, GroupIndex, SearchKeys, counts};

/// With such a share of equal lines two definitions are more likely one than what has the same name.
const ALIKE: f64 = 0.5;
/// So many copies that a group lost, and so many that were added, are held against each other.
const MOST_COPIES: usize = 200;
/// So many lines are looked at to compare definitions, about a second's work; what is left then is no pair.
const MOST_LINES: usize = 500_000_000;

/// Pairs of definitions that are one, each at most once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lineage {
    /// For each definition of the later search which one of the earlier it was.
    pub(super) ancestors: Vec<Option<usize>>,
    /// For each definition of the earlier search which one of the later it is.
    pub(super) descendants: Vec<Option<usize>>,
}

impl Lineage {
    /// In steps, the surest first. Of what was moved, renamed and edited at once only copies of groups are looked for.
    pub(super) fn new(before: &SearchKeys, after: &SearchKeys) -> Self {
        let (ancestors, descendants) = (vec![None; after.definitions.len()], vec![None; before.definitions.len()]);
        let lineage = Self { ancestors, descendants };
        let mut pairing =
            Pairing { before: &before.definitions, after: &after.definitions, lineage, lines_left: MOST_LINES };
        let earlier = GroupIndex::new(&before.groups);
        let always = |_: &DefinitionKey, _: &DefinitionKey| true;
        // Nobody touched it.
        pairing.pair(|key| (key.location, key.code), always);
        // Another one of its name came before it.
        pairing.pair(|key| (key.sibling, key.code), always);
        // It was edited, wherever else there is what it said.
        pairing.pair(|key| key.location, |old, new| alike(&old.lines, &new.lines) >= ALIKE);
        // It was renamed or moved, whatever stands in its place now.
        pairing.pair(|key| (key.file, key.kind, key.code), always);
        pairing.pair(|key| (key.tail, key.code), always);
        pairing.pair(|key| (key.name, key.code), always);
        pairing.pair(|key| (key.kind, key.code), always);
        // It was moved, renamed and edited, whatever has its name now.
        pairing.pair_copies(after, &earlier, ALIKE);
        // It was written anew, or moved and written anew.
        pairing.pair(|key| key.location, always);
        pairing.pair_unique(|key| key.tail);
        pairing.pair_unique(|key| key.name);
        // It was moved, renamed and edited, as every copy of its group.
        pairing.pair_orphans(after, &earlier);
        // Of its group something stayed, and it is like that by names or literals alone.
        pairing.pair_copies(after, &earlier, 0.0);
        pairing.lineage
    }
}

/// Definitions of both searches on their way to a [`Lineage`].
struct Pairing<'a> {
    before: &'a [DefinitionKey],
    after: &'a [DefinitionKey],
    lineage: Lineage,
    lines_left: usize,
}

/// Two definitions that may be one.
struct Candidate {
    ratio: f64,
    /// Whether it is in another file, and of another name.
    is_elsewhere: (bool, bool),
    old: usize,
    new: usize,
}

impl Pairing<'_> {
    fn join(&mut self, old: usize, new: usize) {
        (self.lineage.descendants[old], self.lineage.ancestors[new]) = (Some(new), Some(old));
    }

    /// The definitions of the earlier search that are without a pair.
    fn lost(&self) -> impl Iterator<Item = usize> {
        let descendants = self.lineage.descendants.iter().enumerate();
        descendants.filter(|(_, descendant)| descendant.is_none()).map(|(old, _)| old)
    }

    /// The definitions of the later search that are without a pair.
    fn added(&self) -> impl Iterator<Item = usize> {
        let ancestors = self.lineage.ancestors.iter().enumerate();
        ancestors.filter(|(_, ancestor)| ancestor.is_none()).map(|(new, _)| new)
    }

    /// Pairs what is left on both sides and has the same key, the first with the first, if `is_one`.
    fn pair<T: Eq + Hash>(
        &mut self,
        key: impl Fn(&DefinitionKey) -> T,
        is_one: impl Fn(&DefinitionKey, &DefinitionKey) -> bool,
    ) {
        let mut lost: HashMap<T, VecDeque<usize>> = HashMap::new();
        self.lost().for_each(|old| lost.entry(key(&self.before[old])).or_default().push_back(old));
        for new in self.added().collect::<Vec<_>>() {
            let Some(olds) = lost.get_mut(&key(&self.after[new])) else { continue };
            if let Some(&old) = olds.front()
                && is_one(&self.before[old], &self.after[new])
            {
                olds.pop_front();
                self.join(old, new);
            }
        }
    }

    /// Pairs what is left on both sides and alone has its key there.
    fn pair_unique<T: Eq + Hash>(&mut self, key: impl Fn(&DefinitionKey) -> T) {
        let lost = counts(self.lost().map(|old| key(&self.before[old])));
        let added = counts(self.added().map(|new| key(&self.after[new])));
        let is_alone = |one: &DefinitionKey| {
            let key = key(one);
            lost.get(&key) == Some(&1) && added.get(&key) == Some(&1)
        };
        self.pair(&key, |old, _| is_alone(old));
    }

    /// Pairs copies of groups in which nothing stayed that could tell more with lost ones that are [`ALIKE`]; of equal ones
    /// those in one file or of one name.
    fn pair_orphans(&mut self, after: &SearchKeys, earlier: &GroupIndex<'_>) {
        let (mut orphans, mut others) = (BTreeSet::new(), BTreeSet::new());
        for group in &after.groups {
            let definitions = group.copies.iter().map(|copy| copy.definition);
            let has_kin = definitions.clone().any(|new| self.lineage.ancestors[new].is_some());
            if has_kin { &mut others } else { &mut orphans }.extend(definitions);
        }
        let mut by_line: HashMap<u32, BTreeSet<usize>> = HashMap::new();
        for old in self.lost().filter(|old| earlier.has(*old)) {
            self.before[old].lines.iter().for_each(|line| _ = by_line.entry(*line).or_default().insert(old));
        }
        let mut candidates = Vec::new();
        for &new in orphans.difference(&others) {
            let own: BTreeSet<&u32> = self.after[new].lines.iter().collect();
            let rare = own.into_iter().filter_map(|line| by_line.get(line)).filter(|olds| olds.len() <= MOST_COPIES);
            let mut olds: Vec<(usize, usize)> = counts(rare.flatten().copied()).into_iter().collect();
            olds.sort_unstable_by_key(|&(old, count)| (Reverse(count), old));
            for (old, _) in olds.into_iter().take(MOST_COPIES) {
                let Some(ratio) = self.counted(&self.before[old].lines, &self.after[new].lines) else { return };
                if ratio >= ALIKE && self.before[old].kind == self.after[new].kind {
                    candidates.push(self.candidate(ratio, old, new));
                }
            }
        }
        self.join_best(candidates);
    }

    /// Pairs copies that are added to a group with those that it lost, if they have at least such a share of equal lines.
    fn pair_copies(&mut self, after: &SearchKeys, earlier: &GroupIndex<'_>, least: f64) {
        let (before, later) = (self.before, self.after);
        for group in &after.groups {
            let definitions: BTreeSet<usize> = group.copies.iter().map(|copy| copy.definition).collect();
            let (stayed, added): (Vec<usize>, Vec<usize>) =
                definitions.into_iter().partition(|new| self.lineage.ancestors[*new].is_some());
            if stayed.is_empty() || added.is_empty() {
                continue;
            }
            let origins: Vec<usize> = stayed.iter().filter_map(|new| self.lineage.ancestors[*new]).collect();
            let groups = earlier.counts(origins.iter().copied()).into_keys();
            let lost: BTreeSet<usize> = groups
                .filter(|earlier_group| earlier.may_continue(*earlier_group, group))
                .flat_map(|earlier_group| &earlier.groups[earlier_group].copies)
                .map(|copy| copy.definition)
                .filter(|old| self.lineage.descendants[*old].is_none())
                .collect();
            let stayed = stayed.iter().map(|new| &*later[*new].lines);
            let kept = stayed.chain(origins.iter().map(|old| &*before[*old].lines)).collect();
            self.pair_alike(&lost, &added, &kept, least);
        }
    }

    /// Pairs `lost` and `added` definitions, the most similar first, if they have at least such a share of equal lines. What
    /// has more of them in common with something that was `kept` was copied from that.
    fn pair_alike(&mut self, lost: &BTreeSet<usize>, added: &[usize], kept: &BTreeSet<&[u32]>, least: f64) {
        let (before, after) = (self.before, self.after);
        let mut candidates = Vec::new();
        for &new in added.iter().take(MOST_COPIES) {
            let key = &after[new];
            let olds = lost.iter().filter(|old| before[**old].kind == key.kind).take(MOST_COPIES);
            let mut own: Vec<(f64, usize)> = Vec::new();
            for &old in olds {
                let Some(ratio) = self.counted(&before[old].lines, &key.lines) else { return };
                if ratio >= least {
                    own.push((ratio, old));
                }
            }
            let best = own.iter().map(|(ratio, _)| *ratio).fold(0.0, f64::max);
            let mut nearest = 0.0;
            for lines in kept {
                if own.is_empty() || nearest > best {
                    break;
                }
                let Some(ratio) = self.counted(lines, &key.lines) else { return };
                nearest = f64::max(nearest, ratio);
            }
            own.retain(|(ratio, _)| *ratio >= nearest);
            candidates.extend(own.into_iter().map(|(ratio, old)| self.candidate(ratio, old, new)));
        }
        self.join_best(candidates);
    }

    fn candidate(&self, ratio: f64, old: usize, new: usize) -> Candidate {
        let (one, other) = (&self.before[old], &self.after[new]);
        Candidate { ratio, is_elsewhere: (one.file != other.file, one.name != other.name), old, new }
    }

    /// Joins the most similar ones first, and none twice.
    fn join_best(&mut self, mut candidates: Vec<Candidate>) {
        candidates.sort_by(|left, right| {
            let rest = |one: &Candidate| (one.is_elsewhere, one.old, one.new);
            right.ratio.total_cmp(&left.ratio).then_with(|| rest(left).cmp(&rest(right)))
        });
        for Candidate { old, new, .. } in candidates {
            if self.lineage.descendants[old].is_none() && self.lineage.ancestors[new].is_none() {
                self.join(old, new);
            }
        }
    }

    /// [`alike`] as long as lines may be looked at.
    fn counted(&mut self, left: &[u32], right: &[u32]) -> Option<f64> {
        self.lines_left = self.lines_left.checked_sub(left.len() + right.len())?;
        Some(alike(left, right))
    }
}

/// The share of lines that two definitions have in common, 0 to 1 (Sørensen–Dice); both are ascending.
fn alike(left: &[u32], right: &[u32]) -> f64 {
    let (mut from_left, mut from_right, mut common) = (0, 0, 0_usize);
    while let (Some(one), Some(other)) = (left.get(from_left), right.get(from_right)) {
        common += usize::from(one == other);
        from_left += usize::from(one <= other);
        from_right += usize::from(other <= one);
    }
    let total = left.len() + right.len();
    if total == 0 { 0.0 } else { 2.0 * common as f64 / total as f64 }
}

#[cfg(test)]
mod tests;
