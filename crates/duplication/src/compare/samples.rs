//! Keys of invented searches, in a short notation.

use cds_model::SymbolKind;

use super::keys::{CopyKey, DefinitionKey, GroupKey, SearchKeys};
use crate::{Channel, read::hash::Hash};

/// A group written as `channel id: place=code place=code …`, and its definitions. Each letter of a code is a line; a
/// content that is not all of the code is behind a `/`. The lines of
/// a content may be behind it as `@2-9`. A place may be `folder/file.name#2`, and a class is in capitals.
fn group(text: &str, definitions: &mut Vec<DefinitionKey>) -> GroupKey {
    let (head, copies) = text.split_once(": ").unwrap();
    let (channel, group_id) = head.split_once(' ').unwrap();
    let copy = |text: &str| {
        let (place, code) = text.split_once('=').unwrap();
        let (code, content) = code.split_once('/').unwrap_or((code, code));
        let (content, lines) =
            content.split_once('@').map_or((content, None), |(text, lines)| (text, lines.split_once('-')));
        // No two are parts of each other unless they say so.
        let own = content.bytes().fold(0, |sum, letter| (31 * sum + u32::from(letter)) % 1_000_000);
        let lines = lines.map_or((own, own + 1), |(from, to)| (from.parse().unwrap(), to.parse().unwrap()));
        CopyKey { definition: put(definition(place, code), definitions), lines, content: md5::compute(content).0 }
    };
    GroupKey {
        channel: Channel::ALL.into_iter().find(|known| known.as_str() == channel).unwrap(),
        group_id: group_id.to_owned(),
        is_covered: false,
        copies: copies.split(' ').map(copy).collect(),
    }
}

pub(super) fn definition(place: &str, code: &str) -> DefinitionKey {
    let number = |text: &str| Hash::new().bytes(text.as_bytes()).finish();
    let behind = |separator: char| place.rsplit_once(separator).map_or(place, |(_, rest)| rest);
    let mut lines: Vec<u32> = code.bytes().map(u32::from).collect();
    lines.sort_unstable();
    DefinitionKey {
        kind: if behind('.').starts_with(char::is_uppercase) { SymbolKind::Class } else { SymbolKind::Function },
        file: number(place.split('.').next().unwrap()),
        location: number(place),
        sibling: number(place.split('#').next().unwrap()),
        tail: number(behind('/')),
        name: number(behind('.')),
        code: md5::compute(code).0,
        lines: lines.into(),
    }
}

/// Where `definition` is; a definition is there once, however many groups it is in.
pub(super) fn put(definition: DefinitionKey, definitions: &mut Vec<DefinitionKey>) -> usize {
    let found = definitions.iter().position(|known| *known == definition);
    found.unwrap_or_else(|| {
        definitions.push(definition);
        definitions.len() - 1
    })
}

/// Groups, and as `place=code` definitions that are in none.
pub(super) fn keys(texts: &[&str]) -> SearchKeys {
    let (groups, alone): (Vec<&str>, Vec<&str>) = texts.iter().partition(|text| text.contains(": "));
    let mut definitions = Vec::new();
    let groups = groups.iter().map(|text| group(text, &mut definitions)).collect();
    for text in alone {
        let (place, code) = text.split_once('=').unwrap();
        put(definition(place, code), &mut definitions);
    }
    SearchKeys { groups, definitions }
}
