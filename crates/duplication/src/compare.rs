//! Two searches with the same settings, held against each other: which groups are new, grown, known, or gone.
//!
//! A group is found again by its id. Where a copy was edited the id is another one, and the copies tell: two copies that
//! stood in one group before are no new duplicate, wherever their files have moved to and whichever of them was edited.
//! Only the keys of groups are needed, so that the code of the earlier search need not stay in memory.

use std::collections::{BTreeSet, HashMap, HashSet};

use cds_model::{SymbolKind, UnitRow, unit_names};
use rayon::prelude::*;

use crate::{Channel, Definition, Group, Member, hash::Hash};

/// What stays of a search when the code behind it is forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchKeys {
    /// In the order of the groups.
    pub groups: Vec<GroupKey>,
    /// Where there is a definition, in a group or not.
    places: HashSet<u64>,
    /// What definitions there are, and how many of each. A file may say the same as the one function in it.
    codes: HashMap<(SymbolKind, [u8; 16]), usize>,
}

/// What stays of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupKey {
    /// In which sense its copies say the same.
    pub channel: Channel,
    /// As in [`Group::group_id`].
    pub group_id: String,
    /// Whether another group tells its story.
    pub is_told: bool,
    copies: Vec<CopyKey>,
}

/// One copy, by everything under which it may be found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct CopyKey {
    /// Its definition's file, kind and name.
    place: u64,
    kind: SymbolKind,
    /// Its definition's code but for its own name.
    code: [u8; 16],
    /// The lines that the group is about; the same as `code` where that is all of them.
    content: [u8; 16],
}

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

/// How two searches differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// One for each of the current groups, in their order.
    pub changes: Vec<Change>,
    /// The places of the earlier groups of which no two copies are in one group any more, ascending.
    pub gone: Vec<usize>,
}

impl SearchKeys {
    /// How many definitions say this.
    fn count(&self, code: &(SymbolKind, [u8; 16])) -> usize {
        self.codes.get(code).copied().unwrap_or(0)
    }
}

/// The keys of `groups`; `definitions` is what was searched.
pub fn search_keys(groups: &[Group], definitions: &[Definition]) -> SearchKeys {
    let rows: Vec<UnitRow<'_>> = definitions
        .iter()
        .map(|definition| UnitRow {
            kind: definition.kind,
            file_path: &definition.file_path,
            signature: definition.signature.as_deref(),
            start_line: definition.start_line,
            end_line: definition.end_line,
        })
        .collect();
    let names = unit_names(&rows);
    let place = |index: usize| {
        let hash = Hash::new().bytes(definitions[index].file_path.as_bytes()).bytes(&[0]);
        let hash = hash.bytes(definitions[index].kind.as_str().as_bytes()).bytes(&[0]);
        hash.bytes(names[index].qualified.as_bytes()).number(names[index].ordinal).finish()
    };
    let codes: Vec<[u8; 16]> = definitions.par_iter().map(nameless).collect();
    let copy = |member: &Member| {
        let (definition, code) = (&definitions[member.index], codes[member.index]);
        let content = content(definition, member).unwrap_or(code);
        CopyKey { place: place(member.index), kind: definition.kind, code, content }
    };
    let key = |group: &Group| GroupKey {
        channel: group.channel,
        group_id: group.group_id.clone(),
        is_told: group.told_by.is_some(),
        copies: group.members.iter().map(copy).collect(),
    };
    SearchKeys {
        groups: groups.iter().map(key).collect(),
        places: (0..definitions.len()).map(place).collect(),
        codes: counts(definitions.iter().map(|definition| definition.kind).zip(codes.iter().copied())),
    }
}

fn counts<T: Eq + std::hash::Hash>(all: impl Iterator<Item = T>) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    all.for_each(|one| *counts.entry(one).or_default() += 1);
    counts
}

/// The fingerprint of a definition without its own name, so that a copy which is only renamed is the same copy.
fn nameless(definition: &Definition) -> [u8; 16] {
    let code = &*definition.normalized_code;
    let mut start = 0;
    for line in code.split_inclusive('\n') {
        let text = line.trim_start();
        let keyword = ["def ", "async def ", "class "].into_iter().find(|keyword| text.starts_with(keyword));
        if let Some(keyword) = keyword.filter(|_| definition.kind != SymbolKind::File) {
            let name = start + (line.len() - text.len()) + keyword.len();
            let rest = code[name..].trim_start_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
            let mut hash = md5::Context::new();
            hash.consume(&code[..name]);
            hash.consume(rest);
            return hash.finalize().0;
        }
        start += line.len();
    }
    definition.md5sum.0
}

/// The fingerprint of the lines that a group is about; none where it is about the whole definition.
fn content(definition: &Definition, member: &Member) -> Option<[u8; 16]> {
    let (first, last) = member.normalized_lines;
    let lines = definition.normalized_code.lines();
    if first == 0 && last as usize >= lines.clone().count() {
        return None;
    }
    let part: Vec<&str> = lines.skip(first as usize).take(last.saturating_sub(first) as usize).collect();
    Some(md5::compute(part.join("\n")).0)
}

/// Holds a search (`after`) against an earlier one (`before`).
///
/// Groups that others tell belong to both: what is told today may have had a story of its own before. A duplicate that
/// was found by its whole code (exact, renamed, near) and now stands in another channel is not new either.
pub fn compare(before: &SearchKeys, after: &SearchKeys) -> Comparison {
    let mut search = Search::new(before, after);
    let current = Search::new(after, before);
    let (before, after) = (&before.groups, &after.groups);
    let mut changes: Vec<Option<Change>> = after.iter().map(|group| search.by_id(group)).collect();
    for (group, change) in after.iter().zip(&mut changes) {
        if *change != Some(Change::Known) {
            *change = best(*change, search.by_copies(group));
        }
    }
    search.settle_by_places(after, &mut changes);
    // Two copies that are left stand for their group, in whatever sense they are alike now.
    let is_gone = |place: &usize| !search.is_found[*place] && current.matches(&before[*place], |_| true).is_empty();
    let gone = (0..before.len()).filter(is_gone).collect();
    Comparison { changes: changes.into_iter().map(|change| change.unwrap_or(Change::New)).collect(), gone }
}

/// What [`compare`] says of each current group, but that two copies which nobody edited are no news: their group may not
/// have been found before, since what speaks for it depends on all of the code and on where files belong, or may have been
/// left out. An intent may have changed all the same.
pub fn compare_edits(before: &SearchKeys, after: &SearchKeys) -> Vec<Change> {
    let unedited = |group: &GroupKey| {
        // A definition may have more than one run of lines in a group.
        let definitions: HashSet<_> = group.copies.iter().map(|copy| (copy.place, (copy.kind, copy.code))).collect();
        let now = counts(definitions.iter().map(|&(_, code)| code));
        let added = |code| after.count(code).saturating_sub(before.count(code));
        match now.iter().map(|(code, &count)| count.saturating_sub(added(code))).sum::<usize>() {
            known if known == definitions.len() => Some(Change::Known),
            0 | 1 => None,
            before => Some(Change::Grown { before }),
        }
    };
    let mut changes = compare(before, after).changes;
    for (change, group) in changes.iter_mut().zip(&after.groups).filter(|(_, group)| group.channel != Channel::Intent) {
        *change = best(Some(*change), unedited(group)).unwrap_or(*change);
    }
    changes
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

/// The earlier groups, by what they may be found by.
struct Search<'a> {
    before: &'a [GroupKey],
    by_id: HashMap<(Channel, &'a str), usize>,
    by_place: HashMap<u64, BTreeSet<usize>>,
    by_code: HashMap<[u8; 16], BTreeSet<usize>>,
    /// Where there was a definition.
    places: &'a HashSet<u64>,
    /// How many copies of each earlier group are gone; see [`lost`].
    lost: Vec<usize>,
    is_found: Vec<bool>,
}

impl<'a> Search<'a> {
    fn new(before: &'a SearchKeys, after: &SearchKeys) -> Self {
        let mut by_id = HashMap::new();
        let mut by_place: HashMap<_, BTreeSet<usize>> = HashMap::new();
        let mut by_code: HashMap<_, BTreeSet<usize>> = HashMap::new();
        for (place, group) in before.groups.iter().enumerate() {
            by_id.insert((group.channel, group.group_id.as_str()), place);
            for copy in &group.copies {
                by_place.entry(copy.place).or_default().insert(place);
                by_code.entry(copy.code).or_default().insert(place);
            }
        }
        let lost = before.groups.iter().map(|group| lost(group, before, after)).collect();
        let (places, before) = (&before.places, &before.groups[..]);
        Self { before, by_id, by_place, by_code, places, lost, is_found: vec![false; before.len()] }
    }

    /// The same contents are the same group, whoever holds them now.
    fn by_id(&mut self, group: &GroupKey) -> Option<Change> {
        let earlier = *self.by_id.get(&(group.channel, group.group_id.as_str()))?;
        self.is_found[earlier] = true;
        let before = self.before[earlier].copies.len();
        Some(if group.copies.len() > before { Change::Grown { before } } else { Change::Known })
    }

    /// A copy that was in one group with another one of this group before is no new one. Groups are cut anew when one of
    /// their copies changes, so that it takes more than one earlier group to tell.
    ///
    /// What is not about whole definitions is held only against what has a copy with the same text: two definitions can
    /// share more than one run of lines, or more than one purpose.
    fn by_copies(&mut self, group: &GroupKey) -> Option<Change> {
        let mut matches = self.matches(group, |earlier| is_whole(earlier.channel) || earlier.channel == group.channel);
        matches.retain(|found| is_whole(self.before[found.earlier].channel) || found.has_equal_text);
        self.judge(group, &matches)
    }

    /// The text of all copies has changed: each earlier group that is not found yet may be one of the current ones, and
    /// only one of them.
    fn settle_by_places(&mut self, after: &[GroupKey], changes: &mut [Option<Change>]) {
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
        let mut lost = 0;
        for found in matches {
            self.is_found[found.earlier] = true;
            known.extend(&found.known);
            lost = self.lost[found.earlier].max(lost);
        }
        let added = group.copies.len() - known.len();
        // What stood there before in another form was not moved there.
        let is_moved = |(place, copy): (usize, &CopyKey)| known.contains(&place) || !self.places.contains(&copy.place);
        match known.len() {
            0 => None,
            // A copy that is nowhere any more stands for one that is added: it was moved and edited, or written anew.
            _ if added <= lost && group.copies.iter().enumerate().all(is_moved) => Some(Change::Known),
            before => Some(Change::Grown { before }),
        }
    }

    /// The earlier groups that `is_meant` lets through and that have at least two copies of `group`.
    fn matches(&self, group: &GroupKey, is_meant: impl Fn(&GroupKey) -> bool) -> Vec<Match> {
        let mut earlier = BTreeSet::new();
        for copy in &group.copies {
            earlier.extend(self.by_place.get(&copy.place).into_iter().flatten().copied());
            earlier.extend(self.by_code.get(&copy.code).into_iter().flatten().copied());
        }
        earlier
            .into_iter()
            .filter(|earlier| is_meant(&self.before[*earlier]))
            .map(|earlier| shared(earlier, &self.before[earlier].copies, &group.copies))
            .filter(|found| found.known.len() > 1)
            .collect()
    }
}

/// Of how many copies the definition is not there any more, and of its code are less than before.
fn lost(group: &GroupKey, before: &SearchKeys, after: &SearchKeys) -> usize {
    let gone = group.copies.iter().filter(|copy| !after.places.contains(&copy.place));
    let less = |code| before.count(code).saturating_sub(after.count(code));
    counts(gone.map(|copy| (copy.kind, copy.code))).iter().map(|(code, &gone)| gone.min(less(code))).sum()
}

/// Whether groups of this channel are about whole definitions and what they do, line by line.
const fn is_whole(channel: Channel) -> bool {
    matches!(channel, Channel::Exact | Channel::Renamed | Channel::Near)
}

/// Which of the copies `after` are among those `before`, each of which counts once: by their place, and if that is
/// another one by their code.
fn shared(earlier: usize, before: &[CopyKey], after: &[CopyKey]) -> Match {
    let mut by_place: HashMap<u64, Vec<&CopyKey>> = HashMap::new();
    for copy in before {
        by_place.entry(copy.place).or_default().push(copy);
    }
    let contents: HashSet<[u8; 16]> = before.iter().map(|copy| copy.content).collect();
    let has_equal_text = after.iter().any(|copy| contents.contains(&copy.content));
    let mut known = Vec::new();
    let mut moved = Vec::new();
    for (index, copy) in after.iter().enumerate() {
        match by_place.get_mut(&copy.place).and_then(Vec::pop) {
            Some(_) => known.push(index),
            None => moved.push(index),
        }
    }
    let mut left: HashMap<[u8; 16], usize> = HashMap::new();
    for copy in by_place.into_values().flatten() {
        *left.entry(copy.code).or_default() += 1;
    }
    for index in moved {
        if let Some(count) = left.get_mut(&after[index].code).filter(|count| **count > 0) {
            *count -= 1;
            known.push(index);
        }
    }
    Match { earlier, known, has_equal_text }
}

#[cfg(test)]
mod tests;
