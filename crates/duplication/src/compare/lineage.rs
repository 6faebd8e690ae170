//! Pairs each definition of a later search with the one of an earlier search that it was.

mod likeness;

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    hash::Hash,
};

use cds_model::SymbolKind;

use super::keys::{DefinitionKey, GroupIndex, GroupKey, SearchKeys, counts};
use crate::Channel;
use likeness::{Likeness, without};

/// Two definitions with this share of equal lines are one definition more likely than two of the same name are.
const MIN_LIKENESS: f64 = 0.5;
/// The most copies that a group lost, and the most that were added to it, that are compared with each other.
const MOST_COPIES: usize = 200;
/// The most lines that are read to compare definitions, about a second's work. The rest is not paired.
const MOST_LINES: usize = 500_000_000;

/// Pairs of definitions that are one, each at most once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lineage {
    /// For each definition of the later search which one of the earlier it was.
    pub(super) ancestors: Vec<Option<usize>>,
    /// For each definition of the earlier search which one of the later it is.
    pub(super) descendants: Vec<Option<usize>>,
    /// For each definition of the later search that was none of the earlier from which copy of a group its lines were taken,
    /// as far as that one is no copy any more; each at most once.
    pub(super) extracted: Vec<Option<usize>>,
}

impl Lineage {
    /// In steps, the most certain first. A definition that was moved, renamed and edited at once is only found if it is a
    /// copy of a group.
    pub(super) fn new(before: &SearchKeys, after: &SearchKeys) -> Self {
        Self::within(MOST_LINES, before, after)
    }

    fn within(lines_left: usize, before: &SearchKeys, after: &SearchKeys) -> Self {
        let (ancestors, descendants) = (vec![None; after.definitions.len()], vec![None; before.definitions.len()]);
        let lineage = Self { extracted: ancestors.clone(), ancestors, descendants };
        let mut pairing = Pairing { before: &before.definitions, after: &after.definitions, lineage, lines_left };
        let earlier = GroupIndex::new(&before.groups);
        // It was not edited.
        pairing.pair(|key| (key.location, key.code));
        // Another one of its name came before it.
        pairing.pair(|key| (key.sibling, key.code));
        // It was edited, even if its old code is elsewhere now; but two that only changed places were not.
        let (lost, added) = pairing.codes();
        let has_moved = |old: &DefinitionKey, new: &DefinitionKey| {
            added.contains(&(old.kind, old.code)) && lost.contains(&(new.kind, new.code))
        };
        pairing.pair_if(|key| key.location, |old, new| !has_moved(old, new) && is_similar(old, new));
        // It was renamed or moved, whatever is in its place now.
        pairing.pair(|key| (key.file, key.kind, key.code));
        pairing.pair(|key| (key.tail, key.code));
        pairing.pair(|key| (key.name, key.code));
        pairing.pair(|key| (key.kind, key.code));
        pairing.pair_if(|key| key.location, is_similar);
        // It was moved, renamed and edited, whatever has its name now.
        pairing.pair_copies(after, &earlier, MIN_LIKENESS);
        // It was rewritten, or moved and rewritten.
        pairing.pair(|key| key.location);
        pairing.pair_unique(|key| key.tail);
        pairing.pair_unique(|key| key.name);
        // It was moved, renamed and edited, as every copy of its group.
        pairing.pair_orphans(after, &earlier);
        // Some of its group stayed, and it differs from that only in names or literals.
        pairing.pair_copies(after, &earlier, 0.0);
        // A part of it was.
        pairing.find_extracted(after, &earlier);
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

/// The code of a definition, with its kind.
type Code = (SymbolKind, [u8; 16]);

fn is_similar(old: &DefinitionKey, new: &DefinitionKey) -> bool {
    Likeness::of(&old.lines, &new.lines).ratio >= MIN_LIKENESS
}

/// Two definitions that may be one.
struct Candidate {
    ratio: f64,
    /// Whether it is in another file, and of another name.
    is_elsewhere: (bool, bool),
    old: usize,
    new: usize,
}

impl<'a> Pairing<'a> {
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

    /// The kinds and codes of what is without a pair in the earlier and in the later search.
    fn codes(&self) -> (HashSet<Code>, HashSet<Code>) {
        let code = |key: &DefinitionKey| (key.kind, key.code);
        let lost = self.lost().map(|old| code(&self.before[old])).collect();
        (lost, self.added().map(|new| code(&self.after[new])).collect())
    }

    /// Pairs what is left on both sides and has the same key, the first with the first.
    fn pair<T: Eq + Hash>(&mut self, key: impl Fn(&DefinitionKey) -> T) {
        self.pair_if(key, |_, _| true);
    }

    /// The same, if the two are one.
    fn pair_if<T: Eq + Hash>(
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
        self.pair_if(&key, |old, _| is_alone(old));
    }

    /// Pairs the copies of groups that kept no member with lost copies whose ratio is at least [`MIN_LIKENESS`]. Of equally
    /// similar ones, those in one file or of one name come first.
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
            let Some(own) = self.candidates_by_line(new, &by_line) else { break };
            candidates.extend(own);
        }
        self.join_best(candidates);
    }

    /// The definitions with a ratio of at least [`MIN_LIKENESS`], found by their rare lines; `None` if no more lines may be
    /// read.
    fn candidates_by_line(&mut self, new: usize, by_line: &HashMap<u32, BTreeSet<usize>>) -> Option<Vec<Candidate>> {
        let after = self.after;
        let lines: BTreeSet<&u32> = after[new].lines.iter().collect();
        let rare = lines.into_iter().filter_map(|line| by_line.get(line)).filter(|olds| olds.len() <= MOST_COPIES);
        let rare: Vec<&BTreeSet<usize>> = rare.collect();
        self.lines_left = self.lines_left.checked_sub(rare.iter().map(|olds| olds.len()).sum())?;
        let mut olds: Vec<(usize, usize)> = counts(rare.into_iter().flatten().copied()).into_iter().collect();
        olds.sort_unstable_by_key(|&(old, count)| (Reverse(count), old));
        let mut candidates = Vec::new();
        for (old, _) in olds.into_iter().take(MOST_COPIES) {
            let ratio = self.likeness(&self.before[old].lines, &after[new].lines)?.ratio;
            if ratio >= MIN_LIKENESS && self.before[old].kind == after[new].kind {
                candidates.push(self.candidate(ratio, old, new));
            }
        }
        Some(candidates)
    }

    /// Pairs copies that are added to a group with those that it lost, if they have at least a given share of equal lines.
    fn pair_copies(&mut self, after: &SearchKeys, earlier: &GroupIndex<'_>, least: f64) {
        let before = self.before;
        for group in &after.groups {
            let is_wanted = |old| earlier.may_continue(old, group);
            let Some(joined) = self.joined(group, earlier, is_wanted) else { continue };
            let copies = joined.earlier.iter().filter(|old| self.lineage.descendants[**old].is_none());
            let lost = copies.map(|old| (*old, Cow::Borrowed(&*before[*old].lines))).collect();
            let candidates = self.candidates_for(&joined, &lost, least);
            self.join_best(candidates);
        }
    }

    /// Finds, for copies that were added to a group, the definitions from which they were extracted: the added copy has at
    /// least [`MIN_LIKENESS`] of their former lines, and they are no copies any more.
    fn find_extracted(&mut self, after: &SearchKeys, earlier: &GroupIndex<'_>) {
        let mut wholes = BTreeSet::new();
        for group in &after.groups {
            let is_wanted = |old: usize| earlier.groups[old].channel != Channel::Intent;
            let Some(joined) = self.joined(group, earlier, is_wanted) else { continue };
            let mut lost = Lost::new();
            for &old in joined.earlier.difference(&wholes) {
                let left = self.lineage.descendants[old].filter(|now| !joined.definitions.contains(now));
                let Some((was, now)) = left.map(|now| (&self.before[old].lines, &self.after[now].lines)) else {
                    continue;
                };
                let Some(lines_left) = self.lines_left.checked_sub(was.len() + now.len()) else { break };
                self.lines_left = lines_left;
                let lines = without(was, now);
                if !lines.is_empty() {
                    lost.insert(old, Cow::Owned(lines));
                }
            }
            for Candidate { old, new, .. } in best_first(self.candidates_for(&joined, &lost, MIN_LIKENESS)) {
                if self.lineage.extracted[new].is_none() && wholes.insert(old) {
                    self.lineage.extracted[new] = Some(old);
                }
            }
        }
    }

    /// The copies of a group, if some of them stayed and others were added; `None` for other groups.
    fn joined(
        &self,
        group: &GroupKey,
        earlier: &GroupIndex<'_>,
        is_wanted: impl Fn(usize) -> bool,
    ) -> Option<Joined<'a>> {
        let definitions: BTreeSet<usize> = group.copies.iter().map(|copy| copy.definition).collect();
        let (stayed, added): (Vec<usize>, Vec<usize>) =
            definitions.iter().partition(|new| self.lineage.ancestors[**new].is_some());
        if stayed.is_empty() || added.is_empty() {
            return None;
        }
        let origins: Vec<usize> = stayed.iter().filter_map(|new| self.lineage.ancestors[*new]).collect();
        let groups = earlier.counts(origins.iter().copied()).into_keys();
        let copies = groups
            .filter(|earlier_group| is_wanted(*earlier_group))
            .flat_map(|earlier_group| &earlier.groups[earlier_group].copies)
            .map(|copy| copy.definition);
        let pairs = stayed.iter().zip(&origins);
        let kept = pairs.map(|(new, old)| Kept { now: &self.after[*new].lines, was: &self.before[*old].lines });
        Some(Joined { earlier: copies.collect(), added, kept: kept.collect(), definitions })
    }

    /// The added copies of a group with those of `lost` that have at least a given share of equal lines, and from which
    /// they come rather than from one that was kept.
    fn candidates_for(&mut self, joined: &Joined<'_>, lost: &Lost<'_>, least: f64) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for &new in joined.added.iter().take(if lost.is_empty() { 0 } else { MOST_COPIES }) {
            let Some(own) = self.candidates_beside(new, lost, &joined.kept, least) else { break };
            candidates.extend(own);
        }
        candidates
    }

    /// The `lost` definitions with at least this ratio. A definition that has more in common with a copy that stayed was
    /// copied from that one. So was a definition that has more in common with the copy as it is now, if the two differ by
    /// fewer lines than the lost one and that copy did: all copies may have been edited the same way. `None` if no more
    /// lines may be read.
    fn candidates_beside(
        &mut self,
        new: usize,
        lost: &Lost<'_>,
        kept: &BTreeSet<Kept<'_>>,
        least: f64,
    ) -> Option<Vec<Candidate>> {
        let (before, key) = (self.before, &self.after[new]);
        let mut own: Vec<(f64, usize)> = Vec::new();
        for (&old, lines) in lost.iter().filter(|(old, _)| before[**old].kind == key.kind).take(MOST_COPIES) {
            let ratio = self.likeness(lines, &key.lines)?.ratio;
            if ratio >= least {
                own.push((ratio, old));
            }
        }
        for &Kept { now, was } in kept {
            if own.is_empty() {
                break;
            }
            let from_was = self.likeness(was, &key.lines)?;
            own.retain(|(ratio, _)| *ratio >= from_was.ratio);
            let from_now = self.likeness(now, &key.lines)?;
            let mut others = Vec::new();
            for (ratio, old) in own {
                if from_now.ratio <= ratio || self.likeness(was, &lost[&old])?.differ <= from_now.differ {
                    others.push((ratio, old));
                }
            }
            own = others;
        }
        Some(own.into_iter().map(|(ratio, old)| self.candidate(ratio, old, new)).collect())
    }

    fn candidate(&self, ratio: f64, old: usize, new: usize) -> Candidate {
        let (one, other) = (&self.before[old], &self.after[new]);
        Candidate { ratio, is_elsewhere: (one.file != other.file, one.name != other.name), old, new }
    }

    /// Joins the most similar ones first, and none twice.
    fn join_best(&mut self, candidates: Vec<Candidate>) {
        for Candidate { old, new, .. } in best_first(candidates) {
            if self.lineage.descendants[old].is_none() && self.lineage.ancestors[new].is_none() {
                self.join(old, new);
            }
        }
    }

    /// [`Likeness::of`] as long as more lines may be read.
    fn likeness(&mut self, left: &[u32], right: &[u32]) -> Option<Likeness> {
        self.lines_left = self.lines_left.checked_sub(left.len() + right.len())?;
        Some(Likeness::of(left, right))
    }
}

fn best_first(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by(|left, right| {
        let rest = |one: &Candidate| (one.is_elsewhere, one.old, one.new);
        right.ratio.total_cmp(&left.ratio).then_with(|| rest(left).cmp(&rest(right)))
    });
    candidates
}

/// Definitions of the earlier search by their places, with their lines to find.
type Lost<'a> = BTreeMap<usize, Cow<'a, [u32]>>;

/// A group that copies were added to.
struct Joined<'a> {
    /// The copies of the wanted earlier groups that the copies which stayed belonged to.
    earlier: BTreeSet<usize>,
    /// Its own, of which some were added.
    definitions: BTreeSet<usize>,
    added: Vec<usize>,
    kept: BTreeSet<Kept<'a>>,
}

/// The lines of a copy that stayed.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kept<'a> {
    now: &'a [u32],
    was: &'a [u32],
}

#[cfg(test)]
mod tests;
