//! Two searches with the same settings, held against each other: which groups are new, grown, known, or gone.
//!
//! A group is found again by its id. Where a copy was edited the id is another one, and the copies tell: two copies that
//! stood in one group before are no new duplicate, wherever their files have moved to and whichever of them was edited.
//! Only keys are needed, so that the code of the earlier search need not stay in memory.

mod keys;
mod lineage;

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::Channel;
use keys::{CopyKey, GroupIndex};
pub use keys::{GroupKey, SearchKeys, search_keys};
use lineage::{Lineage, counts};

/// What a group is, compared with an earlier search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It stood there before, with as many copies or more.
    Known,
    /// It stood there, and has copies now that are none of the earlier ones in another form.
    Grown {
        /// How many of its copies stood there before.
        before: usize,
    },
    /// It did not stand there.
    New,
}

/// What became of a group, and by which copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    /// Compared with the earlier search.
    pub change: Change,
    /// The places of the members that made the group new or let it grow: they are new or were edited, and did not stand in
    /// it before. Ascending; none where the group is known, or where it is new by something else than code.
    pub added: Vec<usize>,
}

/// How two searches differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// One for each of the current groups, in their order.
    pub changes: Vec<Change>,
    /// The places of the earlier groups of which no two copies are in one group any more, ascending.
    pub gone: Vec<usize>,
}

/// Holds a search (`after`) against an earlier one (`before`).
///
/// Groups that others tell belong to both: what is told today may have had a story of its own before. A duplicate that
/// was found by its whole code (exact, renamed, near) and now stands in another channel is not new either.
pub fn compare(before: &SearchKeys, after: &SearchKeys) -> Comparison {
    compare_along(&Lineage::new(before, after), before, after)
}

/// What [`compare`] says of each current group, but that two copies which nobody edited are no news: their group may not
/// have been found before, since what speaks for it depends on all of the code and on where files belong, or may have been
/// left out. An intent may have changed all the same.
pub fn compare_edits(before: &SearchKeys, after: &SearchKeys) -> Vec<GroupChange> {
    let lineage = Lineage::new(before, after);
    let is_unedited = |copy: &CopyKey| {
        let old = lineage.ancestors[copy.definition];
        old.is_some_and(|old| before.definitions[old].code == after.definitions[copy.definition].code)
    };
    let unedited = |group: &GroupKey| {
        // A definition may have more than one run of lines in a group.
        let definitions: HashSet<usize> = group.copies.iter().map(|copy| copy.definition).collect();
        let known: HashSet<usize> =
            group.copies.iter().filter(|copy| is_unedited(copy)).map(|copy| copy.definition).collect();
        match known.len() {
            all if all == definitions.len() => Some(Change::Known),
            0 | 1 => None,
            before => Some(Change::Grown { before }),
        }
    };
    let changes = compare_along(&lineage, before, after).changes;
    let search = Search::new(&before.groups, &lineage.ancestors);
    let grouped = changes.into_iter().zip(&after.groups).map(|(change, group)| {
        let unedited = if group.channel == Channel::Intent { None } else { unedited(group) };
        let change = best(Some(change), unedited).unwrap_or(change);
        let stood = search.meant(group).into_iter().flat_map(|found| found.known).collect::<HashSet<usize>>();
        let is_added = |place: &usize| match change {
            Change::Known => false,
            Change::Grown { .. } => !stood.contains(place) && !is_unedited(&group.copies[*place]),
            Change::New => !is_unedited(&group.copies[*place]),
        };
        GroupChange { change, added: (0..group.copies.len()).filter(is_added).collect() }
    });
    grouped.collect()
}

fn compare_along(lineage: &Lineage, before: &SearchKeys, after: &SearchKeys) -> Comparison {
    let (before, after) = (&before.groups[..], &after.groups[..]);
    let mut search = Search::new(before, &lineage.ancestors);
    let mut changes: Vec<Option<Change>> = after.iter().map(|group| search.by_id(group)).collect();
    for (group, change) in after.iter().zip(&mut changes) {
        if *change != Some(Change::Known) {
            *change = best(*change, search.by_copies(group));
        }
    }
    search.settle(after, &mut changes);
    // Two copies that are left stand for their group, in whatever sense they are alike now.
    let current = Search::new(after, &lineage.descendants);
    let is_gone = |place: &usize| !search.is_found[*place] && current.matches(&before[*place], |_| true).is_empty();
    let gone = (0..before.len()).filter(is_gone).collect();
    Comparison { changes: changes.into_iter().map(|change| change.unwrap_or(Change::New)).collect(), gone }
}

/// The one that asks less attention; of two grown ones that with more known copies.
fn best(left: Option<Change>, right: Option<Change>) -> Option<Change> {
    let rank = |change: &Option<Change>| match change {
        Some(Change::Known) => (2, 0),
        Some(Change::Grown { before }) => (1, *before),
        Some(Change::New) | None => (0, 0),
    };
    if rank(&right) > rank(&left) { right } else { left }
}

/// An earlier group and a current one, and what they share.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Match {
    earlier: usize,
    /// The places of those copies of the current group that are copies of the earlier one.
    known: Vec<usize>,
    /// Whether one of them says the same, word for word.
    has_equal_text: bool,
}

/// The groups of one search, by what those of another one may be found by.
struct Search<'a> {
    index: GroupIndex<'a>,
    by_id: HashMap<(Channel, &'a str), usize>,
    /// For each definition of the other search its place in this one.
    counterparts: &'a [Option<usize>],
    is_found: Vec<bool>,
}

impl<'a> Search<'a> {
    fn new(groups: &'a [GroupKey], counterparts: &'a [Option<usize>]) -> Self {
        let by_id = groups.iter().zip(0..).map(|(group, place)| ((group.channel, group.group_id.as_str()), place));
        Self {
            index: GroupIndex::new(groups),
            by_id: by_id.collect(),
            counterparts,
            is_found: vec![false; groups.len()],
        }
    }

    fn earlier(&self, place: usize) -> &'a GroupKey {
        &self.index.groups[place]
    }

    /// The same contents are the same group, whoever holds them now.
    fn by_id(&mut self, group: &GroupKey) -> Option<Change> {
        let earlier = *self.by_id.get(&(group.channel, group.group_id.as_str()))?;
        self.is_found[earlier] = true;
        let before = self.earlier(earlier).copies.len();
        Some(if group.copies.len() > before { Change::Grown { before } } else { Change::Known })
    }

    /// A copy that was in one group with another one of this group before is no new one. Groups are cut anew when one of
    /// their copies changes, so that it takes more than one earlier group to tell.
    fn by_copies(&mut self, group: &GroupKey) -> Option<Change> {
        let matches = self.meant(group);
        self.judge(group, &matches)
    }

    /// The earlier groups that `group` continues. What is not about whole definitions is held only against what has a copy
    /// with the same text: two definitions can share more than one run of lines, or more than one purpose.
    fn meant(&self, group: &GroupKey) -> Vec<Match> {
        let mut matches = self.matches(group, |earlier| is_whole(earlier.channel) || earlier.channel == group.channel);
        matches.retain(|found| is_whole(self.earlier(found.earlier).channel) || found.has_equal_text);
        matches
    }

    /// The text of all copies has changed: each earlier group that is not found yet may be one of the current ones, and
    /// only one of them.
    fn settle(&mut self, after: &[GroupKey], changes: &mut [Option<Change>]) {
        let mut candidates = Vec::new();
        for (place, group) in after.iter().enumerate().filter(|(place, _)| changes[*place].is_none()) {
            let matches = self.matches(group, |earlier| earlier.channel == group.channel);
            candidates.extend(matches.into_iter().map(|found| (place, found)));
        }
        // Stable, so that of equal ones the first groups of either search win.
        candidates.sort_by_key(|(_, found)| std::cmp::Reverse(found.known.len()));
        for (place, found) in candidates {
            if changes[place].is_none() && !self.is_found[found.earlier] {
                changes[place] = self.judge(&after[place], &[found]);
            }
        }
    }

    fn judge(&mut self, group: &GroupKey, matches: &[Match]) -> Option<Change> {
        let mut known: BTreeSet<usize> = BTreeSet::new();
        for found in matches {
            self.is_found[found.earlier] = true;
            known.extend(&found.known);
        }
        match known.len() {
            0 => None,
            all if all == group.copies.len() => Some(Change::Known),
            before => Some(Change::Grown { before }),
        }
    }

    /// The groups of this search that `is_meant` lets through and that have at least two copies of `group`.
    fn matches(&self, group: &GroupKey, is_meant: impl Fn(&GroupKey) -> bool) -> Vec<Match> {
        let counterparts = group.copies.iter().filter_map(|copy| self.counterparts[copy.definition]);
        let earlier = self.index.with(counterparts).into_iter().filter(|earlier| is_meant(self.earlier(*earlier)));
        earlier.map(|earlier| self.shared(earlier, group)).filter(|found| found.known.len() > 1).collect()
    }

    /// Which copies of `group` are among those of the group at `earlier`, each of which counts once.
    fn shared(&self, earlier: usize, group: &GroupKey) -> Match {
        let copies = &self.earlier(earlier).copies;
        let contents: HashSet<[u8; 16]> = copies.iter().map(|copy| copy.content).collect();
        let has_equal_text = group.copies.iter().any(|copy| contents.contains(&copy.content));
        let mut left = counts(copies.iter().map(|copy| copy.definition));
        let mut known = Vec::new();
        for (index, copy) in group.copies.iter().enumerate() {
            let count = self.counterparts[copy.definition].and_then(|counterpart| left.get_mut(&counterpart));
            if let Some(count) = count.filter(|count| **count > 0) {
                *count -= 1;
                known.push(index);
            }
        }
        Match { earlier, known, has_equal_text }
    }
}

/// Whether groups of this channel are about whole definitions and what they do, line by line.
const fn is_whole(channel: Channel) -> bool {
    matches!(channel, Channel::Exact | Channel::Renamed | Channel::Near)
}

#[cfg(test)]
mod tests;
