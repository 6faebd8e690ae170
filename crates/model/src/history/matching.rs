//! Matches the definitions of one snapshot with those of another.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::Hash,
};

use super::namesakes::match_namesakes;
use crate::SymbolKind;

/// The names that identify a definition across snapshots of the same project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitKey<'a> {
    /// Relative to the root.
    pub file_path: &'a str,
    /// Its kind as a word; another program may use other words.
    pub kind: &'a str,
    /// The qualified name, see [`unit_names`](crate::unit_names).
    pub name: &'a str,
    /// 1 for the first definition of this name and kind in its file.
    pub ordinal: u32,
}

/// Matched pairs and the rest, as indexes into the two lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matching {
    /// Pairs with the same names (before, after), ordered by `before`.
    pub same: Vec<(usize, usize)>,
    /// Pairs with the same kind and code under other names, ordered by `after`.
    pub moved: Vec<(usize, usize)>,
    /// Only in `before`, in its order.
    pub removed: Vec<usize>,
    /// Only in `after`, in its order.
    pub added: Vec<usize>,
}

/// A definition on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed<'a, C> {
    /// Its names.
    pub key: UnitKey<'a>,
    /// Equal for equal code.
    pub code: C,
    /// Its declaration, if it has one.
    pub declaration: Option<&'a str>,
}

/// The definitions of one side.
type Units<'a, C> = [Followed<'a, C>];

/// How close two definitions of the same code are, closest first.
#[derive(Debug, Clone, Copy)]
enum Nearness {
    /// The same name, in the file that their file was renamed to.
    MovedWithFile,
    /// Another name in the same file.
    InFile,
    /// The same name, in a file of the same name in another folder.
    InFileOfSameName,
    /// The same name anywhere.
    SameName,
    /// Any other.
    Anywhere,
}

const NEARNESS: [Nearness; 5] =
    [Nearness::MovedWithFile, Nearness::InFile, Nearness::InFileOfSameName, Nearness::SameName, Nearness::Anywhere];

/// Matches the definitions of two snapshots; the keys within each side are distinct.
///
/// 1. Equal names are the same definition. [`match_namesakes`] decides between several of one name in a file.
/// 2. Of the rest, equal kind and code is a definition that moved. The closest match wins, then the first in order.
pub fn match_units<C: Copy + Eq + Hash>(before: &Units<'_, C>, after: &Units<'_, C>) -> Matching {
    let mut matching = same_names(before, after);
    if matching.removed.is_empty() || matching.added.is_empty() {
        return matching;
    }
    // Files come first: the other definitions need to know which file became which.
    let mut renamed = HashMap::new();
    for are_files in [true, false] {
        for nearness in NEARNESS {
            let found = pair(before, after, &mut matching, |key, is_before| {
                if (key.kind == SymbolKind::File.as_str()) != are_files {
                    return None;
                }
                let path = if is_before { renamed.get(key.file_path).copied() } else { None };
                Some(search_key(nearness, key, path.unwrap_or(key.file_path)))
            });
            matching.moved.extend(&found);
            if are_files {
                renamed.extend(found.iter().map(|(old, new)| (before[*old].key.file_path, after[*new].key.file_path)));
            }
        }
    }
    matching.moved.sort_unstable_by_key(|(_, new)| *new);
    matching
}

/// Pairs definitions with the same names; all others count as removed or added.
fn same_names<C: Copy + Eq + Hash>(before: &Units<'_, C>, after: &Units<'_, C>) -> Matching {
    let shared: HashSet<UnitKey<'_>> =
        before.iter().chain(after).filter(|unit| unit.key.ordinal > 1).map(|unit| names(unit)).collect();
    let mut matching = Matching::default();
    let mut groups: HashMap<UnitKey<'_>, [Vec<usize>; 2]> = HashMap::new();
    let mut later = HashMap::new();
    for (index, unit) in after.iter().enumerate() {
        if shared.contains(&names(unit)) {
            groups.entry(names(unit)).or_default()[1].push(index);
        } else {
            later.insert(unit.key, index);
        }
    }
    for (index, unit) in before.iter().enumerate() {
        if shared.contains(&names(unit)) {
            groups.entry(names(unit)).or_default()[0].push(index);
        } else if let Some(other) = later.remove(&unit.key) {
            matching.same.push((index, other));
        } else {
            matching.removed.push(index);
        }
    }
    matching.added = later.into_values().collect();
    for [mut old, mut new] in groups.into_values() {
        old.sort_by_key(|index| before[*index].key.ordinal);
        new.sort_by_key(|index| after[*index].key.ordinal);
        pair_namesakes((before, &old), (after, &new), &mut matching);
    }
    matching.same.sort_unstable();
    matching.removed.sort_unstable();
    matching.added.sort_unstable();
    matching
}

/// The names of a definition, without its ordinal.
fn names<'a, C>(unit: &Followed<'a, C>) -> UnitKey<'a> {
    UnitKey { ordinal: 1, ..unit.key }
}

/// Matches definitions that share one name, given by their indexes in the two lists.
fn pair_namesakes<C: Copy + Eq + Hash>(
    (before, old): (&Units<'_, C>, &[usize]),
    (after, new): (&Units<'_, C>, &[usize]),
    matching: &mut Matching,
) {
    let codes =
        |units: &Units<'_, C>, indexes: &[usize]| indexes.iter().map(|index| units[*index].code).collect::<Vec<_>>();
    let declared = |units: &Units<'_, C>, indexes: &[usize]| {
        indexes.iter().map(|index| units[*index].declaration.map(str::to_owned)).collect::<Vec<_>>()
    };
    let pairs =
        match_namesakes(&codes(before, old), &codes(after, new), || [declared(before, old), declared(after, new)]);
    let (mut is_old_paired, mut is_new_paired) = (vec![false; old.len()], vec![false; new.len()]);
    for (one, other) in pairs {
        (is_old_paired[one], is_new_paired[other]) = (true, true);
        matching.same.push((old[one], new[other]));
    }
    let rest = |indexes: &[usize], is_paired: &[bool]| {
        indexes.iter().zip(is_paired).filter(|(_, is_paired)| !**is_paired).map(|(index, _)| *index).collect::<Vec<_>>()
    };
    matching.removed.extend(rest(old, &is_old_paired));
    matching.added.extend(rest(new, &is_new_paired));
}

/// The folder or file and the name that two definitions must share to be this close.
fn search_key<'a>(nearness: Nearness, key: &UnitKey<'a>, path: &'a str) -> (&'a str, &'a str) {
    match nearness {
        Nearness::MovedWithFile => (path, key.name),
        Nearness::InFile => (key.file_path, ""),
        Nearness::InFileOfSameName => {
            (key.file_path.rsplit_once('/').map_or(key.file_path, |(_, name)| name), key.name)
        }
        Nearness::SameName => ("", key.name),
        Nearness::Anywhere => ("", ""),
    }
}

/// Moves pairs of equal kind, code and key out of `removed` and `added`.
fn pair<'a, C: Copy + Eq + Hash, T: Eq + Hash>(
    before: &Units<'a, C>,
    after: &Units<'a, C>,
    matching: &mut Matching,
    key_of: impl Fn(&UnitKey<'a>, bool) -> Option<T>,
) -> Vec<(usize, usize)> {
    let mut unpaired: HashMap<_, VecDeque<usize>> = HashMap::new();
    for &index in &matching.removed {
        let Followed { key, code, .. } = &before[index];
        if let Some(search_key) = key_of(key, true) {
            unpaired.entry((key.kind, *code, search_key)).or_default().push_back(index);
        }
    }
    let mut pairs = Vec::new();
    matching.added.retain(|&index| {
        let Followed { key, code, .. } = &after[index];
        let origin =
            key_of(key, false).and_then(|search_key| unpaired.get_mut(&(key.kind, *code, search_key))?.pop_front());
        pairs.extend(origin.map(|origin| (origin, index)));
        origin.is_none()
    });
    if !pairs.is_empty() {
        let taken: HashSet<usize> = pairs.iter().map(|(origin, _)| *origin).collect();
        matching.removed.retain(|index| !taken.contains(index));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses lines of `path kind name code`; `-` is an empty name.
    fn units(text: &'static str) -> Vec<Followed<'static, &'static str>> {
        let unit = |line: &'static str| {
            let parts: Vec<&str> = line.split_whitespace().collect();
            let [file_path, kind, name, code] = parts[..] else { panic!("{line}") };
            let (name, ordinal) = name.split_once('#').unwrap_or((name, "1"));
            let name = if name == "-" { "" } else { name };
            let key = UnitKey { file_path, kind, name, ordinal: ordinal.parse().unwrap() };
            Followed { key, code, declaration: None }
        };
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(unit).collect()
    }

    fn moves(before: &'static str, after: &'static str) -> (Vec<String>, Vec<String>, Vec<String>) {
        let (before, after) = (units(before), units(after));
        let shown = |unit: &UnitKey<'_>| format!("{}::{}#{}", unit.file_path, unit.name, unit.ordinal);
        let matching = match_units(&before, &after);
        // Nothing is lost and nothing is counted twice.
        let count = matching.same.len() + matching.moved.len();
        assert_eq!((count + matching.removed.len(), count + matching.added.len()), (before.len(), after.len()));
        (
            matching
                .moved
                .iter()
                .map(|(a, b)| format!("{} -> {}", shown(&before[*a].key), shown(&after[*b].key)))
                .collect(),
            matching.removed.iter().map(|index| shown(&before[*index].key)).collect(),
            matching.added.iter().map(|index| shown(&after[*index].key)).collect(),
        )
    }

    #[test]
    fn equal_names_match_despite_edited_code() {
        let before = units("a.py file - 1\na.py function f 2\na.py function g 3");
        let after = units("a.py function g 2\na.py function f 9\na.py file - 8");
        assert_eq!(match_units(&before, &after).same, [(0, 2), (1, 1), (2, 0)]);
    }

    #[test]
    fn namesakes_match_by_their_code() {
        let before = units("a.py function f S\na.py function f#2 B\na.py function f#3 I\na.py method f M");
        let after =
            units("a.py function f P\na.py function f#2 S\na.py function f#3 B\na.py function f#4 I\na.py method f M");
        let matching = match_units(&before, &after);
        assert_eq!(matching.same, [(0, 1), (1, 2), (2, 3), (3, 4)]);
        assert_eq!((matching.added, matching.removed), (vec![0], vec![]));
        // A definition that left its namesakes is found elsewhere.
        let matching =
            match_units(&before, &units("a.py function f B\na.py function f#2 I\nb.py function f S\na.py method f M"));
        assert_eq!((matching.same.len(), matching.moved), (3, vec![(0, 2)]));
    }

    #[test]
    fn definitions_move_with_their_file() {
        let (moved, removed, added) = moves(
            "one/a.py file - A
             one/a.py function f F
             one/b.py file - B
             one/b.py function f F
             one/c.py function g G",
            "two/b.py file - B
             two/b.py function f F
             two/x.py file - A
             two/x.py function f F
             two/x.py function h H",
        );
        let expected = [
            "one/b.py::#1 -> two/b.py::#1",
            "one/b.py::f#1 -> two/b.py::f#1",
            "one/a.py::#1 -> two/x.py::#1",
            "one/a.py::f#1 -> two/x.py::f#1",
        ];
        assert_eq!(moved, expected);
        assert_eq!((removed, added), (vec!["one/c.py::g#1".to_owned()], vec!["two/x.py::h#1".to_owned()]));
    }

    #[test]
    fn closest_candidate_wins() {
        let (moved, removed, added) = moves(
            "a.py method A.run R
             a.py method B.run R
             b.py method A.run R
             c.py class A K",
            "a.py method C.run R
             x/b.py method A.run R
             z.py method B.run R
             z.py function A K",
        );
        let expected =
            ["a.py::A.run#1 -> a.py::C.run#1", "b.py::A.run#1 -> x/b.py::A.run#1", "a.py::B.run#1 -> z.py::B.run#1"];
        assert_eq!(moved, expected);
        assert_eq!((removed, added), (vec!["c.py::A#1".to_owned()], vec!["z.py::A#1".to_owned()]));
    }

    #[test]
    fn moves_pair_up_one_to_one() {
        let (moved, removed, added) = moves("a.py function f F\nb.py function f F", "c.py function f F");
        assert_eq!(moved, ["a.py::f#1 -> c.py::f#1"]);
        assert_eq!((removed.len(), added.len()), (1, 0));
        assert_eq!(moves("", "c.py function f F").2.len(), 1);
    }
}
