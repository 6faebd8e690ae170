//! What the author of a change has to know of each group: whether it is new or grown, and by which copies.

use std::collections::{BTreeSet, HashMap};

use super::{
    Change, Search, Verdict,
    keys::{CopyKey, GroupKey, SearchKeys},
    lineage::Lineage,
};

/// How a group changed, and by which copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    /// Compared with the earlier search.
    pub change: Change,
    /// The places of the members that made the group new or let it grow: definitions that did not exist, else those that
    /// were edited. Ascending; empty if the group is known.
    pub added: Vec<usize>,
}

/// As [`compare`](super::compare) for each current group, except that two unedited copies are known. The earlier search
/// may have missed or left out their group: its evidence depends on all of the code, on the area of the files and on the
/// sentences of a model.
pub fn compare_edits(before: &SearchKeys, after: &SearchKeys) -> Vec<GroupChange> {
    let edits = Edits::new(before, after);
    let verdicts =
        Search::new(before, after, &edits.lineage.ancestors, &edits.lineage.extracted).verdicts(&after.groups);
    let changes = verdicts.into_iter().zip(&after.groups).map(|(verdict, group)| {
        let unedited: BTreeSet<usize> =
            (0..group.copies.len()).filter(|member| edits.is_unedited(&group.copies[*member])).collect();
        let verdict = verdict.or(Verdict::of_copies(group, unedited.clone()));
        GroupChange { change: verdict.change(), added: edits.added(group, &verdict, &unedited) }
    });
    changes.collect()
}

/// What was done to each definition.
struct Edits<'a> {
    before: &'a SearchKeys,
    after: &'a SearchKeys,
    lineage: Lineage,
    /// The earlier definitions by their file and name.
    locations: HashMap<u64, usize>,
}

impl<'a> Edits<'a> {
    fn new(before: &'a SearchKeys, after: &'a SearchKeys) -> Self {
        let locations = before.definitions.iter().map(|key| key.location).zip(0..).collect();
        Self { before, after, lineage: Lineage::new(before, after), locations }
    }

    fn is_unedited(&self, copy: &CopyKey) -> bool {
        let old = self.lineage.ancestors[copy.definition];
        old.is_some_and(|old| self.before.definitions[old].code == self.after.definitions[copy.definition].code)
    }

    /// See [`GroupChange::added`].
    fn added(&self, group: &GroupKey, verdict: &Verdict, unedited: &BTreeSet<usize>) -> Vec<usize> {
        let none = BTreeSet::new();
        let stood = match verdict {
            Verdict::Known => return Vec::new(),
            Verdict::Grown { stood, .. } => stood,
            Verdict::New => &none,
        };
        let changed: Vec<usize> = (0..group.copies.len()).filter(|member| !unedited.contains(member)).collect();
        let joined: Vec<usize> = changed.iter().copied().filter(|member| !stood.contains(member)).collect();
        let is_new = |member: &usize| self.lineage.ancestors[group.copies[*member].definition].is_none();
        let new: BTreeSet<usize> =
            joined.iter().copied().filter(is_new).map(|member| self.newer(group, member)).collect();
        // Where no copy is new, the edit of one made it like the others, or another one like it.
        let added = [new.into_iter().collect(), joined, changed];
        added.into_iter().find(|members| !members.is_empty()).unwrap_or_default()
    }

    /// `member`, or the one that was moved away from its place, or copied there from: that one is new where it is.
    fn newer(&self, group: &GroupKey, member: usize) -> usize {
        let key = |copy: &CopyKey| &self.after.definitions[copy.definition];
        let own = key(&group.copies[member]);
        let moved = self.locations.get(&own.location).and_then(|old| self.lineage.descendants[*old]);
        let is_moved = |copy: &CopyKey| moved == Some(copy.definition) && key(copy).sibling != own.sibling;
        group.copies.iter().position(is_moved).unwrap_or(member)
    }
}
