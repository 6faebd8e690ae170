//! Compares two searches with the same settings: which groups are new, grown, known, or removed.
//!
//! A group is found again by its id. An edited copy changes the id; then the copies decide. Two copies that were in one
//! group before are not a new duplicate, wherever their files moved and whichever of them was edited. Keys are enough, so
//! the code of the earlier search need not stay in memory.

mod edits;
mod keys;
mod lineage;

use std::collections::{BTreeSet, HashMap};

use crate::Channel;
pub use edits::{GroupChange, compare_edits};
use keys::{CopyKey, DefinitionKey, GroupIndex, counts};
pub use keys::{GroupKey, SearchKeys, search_keys};
use lineage::Lineage;

/// The state of a group, compared with an earlier search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It has no copy that is added.
    Known,
    /// At least two of its copies were in one group before, or are unedited, and it has other copies too.
    Grown {
        /// How many copies it had, if it was found by its id; else how many of its copies the earlier search had.
        before: usize,
    },
    /// The earlier search had nothing like it.
    New,
}

/// How two searches differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// One for each of the current groups, in their order.
    pub changes: Vec<Change>,
    /// The indices of the earlier groups of which no two copies are in one group any more, ascending.
    pub removed: Vec<usize>,
}

/// Compares a search (`after`) with an earlier one (`before`).
///
/// Both include covered groups: a group that is covered today may have been shown before, and the other way round. A
/// duplicate that was found by its whole code (exact, renamed, near) and is now in another channel is not new either.
pub fn compare(before: &SearchKeys, after: &SearchKeys) -> Comparison {
    let lineage = Lineage::new(before, after);
    let mut search = Search::new(before, after, &lineage.ancestors, &lineage.extracted);
    let verdicts = search.verdicts(&after.groups);
    // Two copies that are left keep their group alive, in whichever channel they are now.
    let current = Search::new(after, before, &lineage.descendants, &[]);
    let is_removed = |group: &usize| !search.is_found[*group] && !current.has_two(&before.groups[*group]);
    Comparison {
        changes: verdicts.iter().map(Verdict::change).collect(),
        removed: (0..before.groups.len()).filter(is_removed).collect(),
    }
}

/// A [`Change`], and which members were in the group before.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Known,
    Grown { before: usize, stood: BTreeSet<usize> },
    New,
}

impl Verdict {
    /// By the members that were in one group before; members of a single definition prove nothing.
    fn of_copies(group: &GroupKey, stood: BTreeSet<usize>) -> Self {
        let definitions: BTreeSet<usize> = stood.iter().map(|member| group.copies[*member].definition).collect();
        match stood.len() {
            all if all == group.copies.len() => Self::Known,
            before if definitions.len() > 1 => Self::Grown { before, stood },
            _ => Self::New,
        }
    }

    /// The less urgent of two verdicts; of two grown ones, the one with more known copies.
    fn or(self, other: Self) -> Self {
        let rank = |verdict: &Self| match verdict {
            Self::Known => (2, 0),
            Self::Grown { before, .. } => (1, *before),
            Self::New => (0, 0),
        };
        if rank(&other) > rank(&self) { other } else { self }
    }

    fn change(&self) -> Change {
        match self {
            Self::Known => Change::Known,
            Self::Grown { before, .. } => Change::Grown { before: *before },
            Self::New => Change::New,
        }
    }
}

/// The groups of one search, indexed so that those of another one can be found.
struct Search<'a> {
    index: GroupIndex<'a>,
    definitions: &'a [DefinitionKey],
    /// Of the other search.
    others: &'a [DefinitionKey],
    by_id: HashMap<(Channel, &'a str), usize>,
    /// For each definition of the other search, the definition of this one that it corresponds to.
    counterparts: &'a [Option<usize>],
    /// If the other search is the later one: for each of its definitions, the one of this search from which it was extracted.
    extracted: &'a [Option<usize>],
    is_found: Vec<bool>,
}

impl<'a> Search<'a> {
    fn new(
        search: &'a SearchKeys,
        other: &'a SearchKeys,
        counterparts: &'a [Option<usize>],
        extracted: &'a [Option<usize>],
    ) -> Self {
        let groups = &search.groups[..];
        let by_id = groups.iter().zip(0..).map(|(key, group)| ((key.channel, key.group_id.as_str()), group));
        Self {
            index: GroupIndex::new(groups),
            definitions: &search.definitions,
            others: &other.definitions,
            by_id: by_id.collect(),
            counterparts,
            extracted,
            is_found: vec![false; groups.len()],
        }
    }

    fn earlier(&self, group: usize) -> &'a GroupKey {
        &self.index.groups[group]
    }

    /// The verdict on each group of the other search, which is the later one.
    fn verdicts(&mut self, after: &[GroupKey]) -> Vec<Verdict> {
        let mut verdicts: Vec<Verdict> = after.iter().map(|group| self.by_id(group)).collect();
        for (group, verdict) in after.iter().zip(&mut verdicts).filter(|(_, verdict)| **verdict != Verdict::Known) {
            let by_copies = self.by_copies(group);
            *verdict = std::mem::replace(verdict, Verdict::New).or(by_copies);
        }
        self.settle(after, &mut verdicts);
        verdicts
    }

    /// A group of the same contents is known, in whichever definitions they are now, unless it has more copies.
    fn by_id(&mut self, group: &GroupKey) -> Verdict {
        let Some(&earlier) = self.by_id.get(&(group.channel, group.group_id.as_str())) else { return Verdict::New };
        self.is_found[earlier] = true;
        match self.earlier(earlier).copies.len() {
            before if group.copies.len() > before => Verdict::Grown { before, stood: self.shared(earlier, group) },
            _ => Verdict::Known,
        }
    }

    /// A copy that was in one earlier group with another copy of this group is not new. An edit of one copy may divide its
    /// group differently, so more than one earlier group may have to be read.
    fn by_copies(&mut self, group: &GroupKey) -> Verdict {
        let mut stood = BTreeSet::new();
        let is_wanted = |earlier| {
            self.index.may_continue(earlier, group) || self.has_part(earlier, group) || self.has_whole(earlier, group)
        };
        for (earlier, shared) in self.matches(group, is_wanted) {
            self.is_found[earlier] = true;
            stood.extend(shared);
        }
        Verdict::of_copies(group, stood)
    }

    /// Whether a run of lines in an unedited definition lies in one of the earlier group. That run was cut in two by
    /// lines inserted into another copy.
    fn has_part(&self, earlier: usize, group: &GroupKey) -> bool {
        let earlier = self.earlier(earlier);
        let is_part = |copy: &CopyKey, whole: &CopyKey| {
            self.counterparts[copy.definition] == Some(whole.definition)
                && self.definitions[whole.definition].code == self.others[copy.definition].code
                && whole.lines.0 <= copy.lines.0
                && copy.lines.1 <= whole.lines.1
        };
        earlier.channel == group.channel
            && group.copies.iter().any(|copy| earlier.copies.iter().any(|whole| is_part(copy, whole)))
    }

    /// The definition of this search that corresponds to a copy of the other one.
    fn counterpart(&self, copy: &CopyKey) -> Option<usize> {
        self.counterparts[copy.definition].or_else(|| self.whole(copy))
    }

    fn whole(&self, copy: &CopyKey) -> Option<usize> {
        self.extracted.get(copy.definition).copied().flatten()
    }

    /// Whether a copy was extracted from one of the earlier group: its lines were shared before, as a smaller part.
    fn has_whole(&self, earlier: usize, group: &GroupKey) -> bool {
        let earlier = self.earlier(earlier);
        let is_whole = |whole: usize| earlier.copies.iter().any(|copy| copy.definition == whole);
        earlier.channel != Channel::Intent && group.copies.iter().filter_map(|copy| self.whole(copy)).any(is_whole)
    }

    /// Handles groups in which the text of all copies changed. Each earlier group that is not found yet may be one of the
    /// current ones, and only one of them.
    fn settle(&mut self, after: &[GroupKey], verdicts: &mut [Verdict]) {
        let mut candidates = Vec::new();
        for (place, group) in after.iter().enumerate().filter(|(place, _)| verdicts[*place] == Verdict::New) {
            let matches = self.matches(group, |earlier| self.earlier(earlier).channel == group.channel);
            candidates.extend(matches.into_iter().map(|(earlier, stood)| (place, earlier, stood)));
        }
        // Stable, so that of equal ones the first groups of either search win.
        candidates.sort_by_key(|(.., stood)| std::cmp::Reverse(stood.len()));
        for (place, earlier, stood) in candidates {
            if verdicts[place] == Verdict::New && !self.is_found[earlier] {
                self.is_found[earlier] = true;
                verdicts[place] = Verdict::of_copies(&after[place], stood);
            }
        }
    }

    /// The groups of this search that `is_wanted` accepts and that have at least two copies of `group`, in their order, each
    /// with the members of `group` that are these copies.
    fn matches(&self, group: &GroupKey, is_wanted: impl Fn(usize) -> bool) -> Vec<(usize, BTreeSet<usize>)> {
        let mut groups: Vec<usize> = self.with_two(group).filter(|earlier| is_wanted(*earlier)).collect();
        groups.sort_unstable();
        let matches = groups.into_iter().map(|earlier| (earlier, self.shared(earlier, group)));
        matches.filter(|(_, shared)| shared.len() > 1).collect()
    }

    /// The groups of this search that may have two copies of `group`.
    fn with_two(&self, group: &GroupKey) -> impl Iterator<Item = usize> + use<> {
        let counterparts = group.copies.iter().filter_map(|copy| self.counterpart(copy));
        self.index.counts(counterparts).into_iter().filter(|(_, count)| *count > 1).map(|(earlier, _)| earlier)
    }

    /// Whether some group of this search has two copies of `group`.
    fn has_two(&self, group: &GroupKey) -> bool {
        self.with_two(group).any(|earlier| self.shared(earlier, group).len() > 1)
    }

    /// Which members of `group` are copies of the group at `earlier`, each of which counts once.
    fn shared(&self, earlier: usize, group: &GroupKey) -> BTreeSet<usize> {
        let mut left = counts(self.earlier(earlier).copies.iter().map(|copy| copy.definition));
        let mut shared = BTreeSet::new();
        for (member, copy) in group.copies.iter().enumerate() {
            let count = self.counterpart(copy).and_then(|counterpart| left.get_mut(&counterpart));
            if let Some(count) = count.filter(|count| **count > 0) {
                *count -= 1;
                shared.insert(member);
            }
        }
        shared
    }
}

#[cfg(test)]
mod real_tests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
