//! What stays of a search when the code behind it is forgotten.

use std::collections::{BTreeSet, HashMap};

use cds_model::{SymbolKind, UnitName, UnitRow, unit_names};
use rayon::prelude::*;

use crate::{Channel, Definition, Group, Member, hash::Hash};

/// A search by what its groups and definitions may be found again in another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchKeys {
    /// In the order of the groups.
    pub groups: Vec<GroupKey>,
    /// Everything that was searched, in a group or not.
    pub(super) definitions: Vec<DefinitionKey>,
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
    /// In the order of the members.
    pub(super) copies: Vec<CopyKey>,
}

/// One copy; a definition may have more than one run of lines in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CopyKey {
    /// Its place among the definitions.
    pub(super) definition: usize,
    /// The fingerprint of the lines that the group is about.
    pub(super) content: [u8; 16],
}

/// What a definition may be found again by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DefinitionKey {
    pub(super) kind: SymbolKind,
    /// Its file, kind and name.
    pub(super) place: u64,
    /// Its kind and name; of a file the last part of its path.
    pub(super) name: u64,
    /// Its code but for its own name.
    pub(super) code: [u8; 16],
    /// Its lines as numbers, ascending; only of members of groups.
    pub(super) lines: Box<[u64]>,
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
    let members: BTreeSet<usize> = groups.iter().flat_map(|group| &group.members).map(|member| member.index).collect();
    let keys = (0..definitions.len()).into_par_iter().map(|index| {
        let lines = if members.contains(&index) { lines(&definitions[index]) } else { Box::default() };
        definition_key(&definitions[index], &names[index], lines)
    });
    let keys: Vec<DefinitionKey> = keys.collect();
    let copy = |member: &Member| CopyKey {
        definition: member.index,
        content: content(&definitions[member.index], member).unwrap_or(keys[member.index].code),
    };
    let group = |group: &Group| GroupKey {
        channel: group.channel,
        group_id: group.group_id.clone(),
        is_told: group.told_by.is_some(),
        copies: group.members.iter().map(copy).collect(),
    };
    SearchKeys { groups: groups.iter().map(group).collect(), definitions: keys }
}

fn definition_key(definition: &Definition, name: &UnitName, lines: Box<[u64]>) -> DefinitionKey {
    let path = &*definition.file_path;
    let of = |file: &str| Hash::new().bytes(file.as_bytes()).bytes(&[0]).bytes(definition.kind.as_str().as_bytes());
    let named = |hash: Hash| hash.bytes(&[0]).bytes(name.qualified.as_bytes()).number(name.ordinal).finish();
    let own_file = match definition.kind {
        SymbolKind::File => path.rsplit_once('/').map_or(path, |(_, name)| name),
        _ => "",
    };
    DefinitionKey {
        kind: definition.kind,
        place: named(of(path)),
        name: named(of(own_file)),
        code: nameless(definition),
        lines,
    }
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

fn lines(definition: &Definition) -> Box<[u64]> {
    let lines = definition.normalized_code.lines().map(|line| Hash::new().bytes(line.trim().as_bytes()).finish());
    let mut lines: Vec<u64> = lines.collect();
    lines.sort_unstable();
    lines.into_boxed_slice()
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

/// The groups of one search by the definitions in them.
pub(super) struct GroupIndex<'a> {
    pub(super) groups: &'a [GroupKey],
    by_definition: HashMap<usize, BTreeSet<usize>>,
}

impl<'a> GroupIndex<'a> {
    pub(super) fn new(groups: &'a [GroupKey]) -> Self {
        let mut by_definition: HashMap<usize, BTreeSet<usize>> = HashMap::new();
        for (place, group) in groups.iter().enumerate() {
            for copy in &group.copies {
                by_definition.entry(copy.definition).or_default().insert(place);
            }
        }
        Self { groups, by_definition }
    }

    /// The places of the groups that have one of these definitions, ascending.
    pub(super) fn with(&self, definitions: impl Iterator<Item = usize>) -> BTreeSet<usize> {
        definitions.filter_map(|definition| self.by_definition.get(&definition)).flatten().copied().collect()
    }
}
