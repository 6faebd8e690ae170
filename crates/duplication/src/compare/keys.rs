//! The keys of a search, which are kept without its code.

use std::collections::{BTreeSet, HashMap};

use cds_language::name_of;
use cds_model::{SymbolKind, UnitName, UnitRow, unit_names};
use rayon::prelude::*;

use crate::{
    Channel, Definition, Group, Member,
    read::{hash::Hash, layout},
};

/// The keys by which the groups and definitions of a search are found in another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchKeys {
    /// In the order of the groups.
    pub groups: Vec<GroupKey>,
    /// Everything that was searched, in a group or not.
    pub(super) definitions: Vec<DefinitionKey>,
}

/// The keys of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupKey {
    /// The kind of duplicate.
    pub channel: Channel,
    /// As in [`Group::group_id`].
    pub group_id: String,
    /// Whether another group covers it.
    pub is_covered: bool,
    /// In the order of the members.
    pub(super) copies: Vec<CopyKey>,
}

/// One copy; a definition may have more than one run of lines in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CopyKey {
    /// Its place among the definitions.
    pub(super) definition: usize,
    /// The lines that the group shares, 0-based, the last one excluded.
    pub(super) lines: (u32, u32),
    /// Their fingerprint.
    pub(super) content: [u8; 16],
}

/// The keys of a definition. Files, classes and functions are never matched with each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DefinitionKey {
    /// A method counts as a function, since it may have been one.
    pub(super) kind: SymbolKind,
    /// The path of its file.
    pub(super) file: u64,
    /// Its file, kind, name, and which one of that name it is.
    pub(super) location: u64,
    /// The same, whichever one of that name it is.
    pub(super) sibling: u64,
    /// The same as `location` with no more of the path than its last part.
    pub(super) tail: u64,
    /// The same without a path; of a file the last part of it.
    pub(super) name: u64,
    /// Its code but for its own name and for layout.
    pub(super) code: [u8; 16],
    /// Its lines as numbers, ascending.
    pub(super) lines: Box<[u32]>,
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
    let names = unit_names(&rows, name_of);
    let keys = definitions.par_iter().zip(&names).map(|(definition, name)| definition_key(definition, name));
    let keys: Vec<DefinitionKey> = keys.collect();
    let copy = |member: &Member| CopyKey {
        definition: member.index,
        lines: member.normalized_lines,
        content: content(&definitions[member.index], member).unwrap_or(keys[member.index].code),
    };
    let group = |group: &Group| GroupKey {
        channel: group.channel,
        group_id: group.group_id.clone(),
        is_covered: group.covered_by.is_some(),
        copies: group.members.iter().map(copy).collect(),
    };
    SearchKeys { groups: groups.iter().map(group).collect(), definitions: keys }
}

fn definition_key(definition: &Definition, name: &UnitName) -> DefinitionKey {
    let kind = match definition.kind {
        SymbolKind::Method => SymbolKind::Function,
        kind => kind,
    };
    let path = &*definition.file_path;
    let file = path.rsplit_once('/').map_or(path, |(_, file)| file);
    let hash = |path: &str, ordinal: u32| {
        let hash = Hash::new().bytes(path.as_bytes()).bytes(&[0]).bytes(kind.as_str().as_bytes()).bytes(&[0]);
        hash.bytes(name.qualified.as_bytes()).number(ordinal).finish()
    };
    DefinitionKey {
        kind,
        file: Hash::new().bytes(path.as_bytes()).finish(),
        location: hash(path, name.ordinal),
        sibling: hash(path, 0),
        tail: hash(file, name.ordinal),
        name: hash(if kind == SymbolKind::File { file } else { "" }, name.ordinal),
        code: code(definition),
        lines: lines(definition),
    }
}

/// The fingerprint of a definition without its own name and without layout, so that a copy which is only renamed or
/// formatted is the same copy.
fn code(definition: &Definition) -> [u8; 16] {
    let is_named = definition.kind != SymbolKind::File;
    let fingerprint = layout::fingerprint(definition.language(), &definition.normalized_code, is_named);
    fingerprint.unwrap_or(definition.md5sum.0)
}

fn lines(definition: &Definition) -> Box<[u32]> {
    let hash = |line: &str| Hash::new().bytes(line.trim().as_bytes()).finish() as u32;
    let mut lines: Vec<u32> = definition.normalized_code.lines().map(hash).collect();
    lines.sort_unstable();
    lines.into_boxed_slice()
}

/// The fingerprint of the lines that a group shares; `None` if it shares the whole definition.
fn content(definition: &Definition, member: &Member) -> Option<[u8; 16]> {
    let (first, last) = member.normalized_lines;
    let lines = definition.normalized_code.lines();
    if first == 0 && last as usize >= lines.clone().count() {
        return None;
    }
    let part: Vec<&str> = lines.skip(first as usize).take(last.saturating_sub(first) as usize).collect();
    Some(md5::compute(part.join("\n")).0)
}

/// The groups of one search by what is in them.
pub(super) struct GroupIndex<'a> {
    pub(super) groups: &'a [GroupKey],
    by_definition: HashMap<usize, Vec<usize>>,
    /// Only of channels that are not about whole definitions.
    by_content: HashMap<(Channel, [u8; 16]), BTreeSet<usize>>,
}

impl<'a> GroupIndex<'a> {
    pub(super) fn new(groups: &'a [GroupKey]) -> Self {
        let mut by_definition: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut by_content: HashMap<_, BTreeSet<usize>> = HashMap::new();
        for (group, key) in groups.iter().enumerate() {
            for copy in &key.copies {
                let own = by_definition.entry(copy.definition).or_default();
                if own.last() != Some(&group) {
                    own.push(group);
                }
                if !is_whole(key.channel) {
                    by_content.entry((key.channel, copy.content)).or_default().insert(group);
                }
            }
        }
        Self { groups, by_definition, by_content }
    }

    /// Whether some group has this definition.
    pub(super) fn has(&self, definition: usize) -> bool {
        self.by_definition.contains_key(&definition)
    }

    /// The groups that have one of these definitions, and in how many copies; a definition may be there more than once.
    pub(super) fn counts(&self, definitions: impl Iterator<Item = usize>) -> HashMap<usize, usize> {
        counts(definitions.filter_map(|definition| self.by_definition.get(&definition)).flatten().copied())
    }

    /// Whether `group`, which is of another search, may be the one at `earlier`. That one is about whole definitions, or
    /// both have the same channel and a copy with the same text. The definitions alone are not enough: two of them can
    /// share more than one run of lines, or more than one purpose.
    pub(super) fn may_continue(&self, earlier: usize, group: &GroupKey) -> bool {
        let channel = self.groups[earlier].channel;
        let has_equal_text = |copy: &CopyKey| {
            self.by_content.get(&(channel, copy.content)).is_some_and(|groups| groups.contains(&earlier))
        };
        is_whole(channel) || (channel == group.channel && group.copies.iter().any(has_equal_text))
    }
}

/// Whether groups of this channel are about whole definitions and what they do, line by line.
const fn is_whole(channel: Channel) -> bool {
    matches!(channel, Channel::Exact | Channel::Renamed | Channel::Near)
}

pub(super) fn counts<T: Eq + std::hash::Hash>(all: impl Iterator<Item = T>) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    all.for_each(|one| *counts.entry(one).or_default() += 1);
    counts
}
