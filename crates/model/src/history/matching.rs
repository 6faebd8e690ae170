//! Which definition of one snapshot is which of another.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

use crate::SymbolKind;

/// The names by which a definition is looked up in another snapshot of the same project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitKey<'a> {
    /// Relative to the root.
    pub file_path: &'a str,
    /// The word for what it is; another program may know other words.
    pub kind: &'a str,
    /// The qualified name, see [`unit_names`](crate::unit_names).
    pub name: &'a str,
    /// 1 for the first of this name and kind in its file.
    pub ordinal: u32,
}

/// Places in the two lists that were matched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matching {
    /// The same names, before and after, in the order of the list of before.
    pub same: Vec<(usize, usize)>,
    /// The same kind and code under other names, in the order of the list of after.
    pub moved: Vec<(usize, usize)>,
    /// Only in the list of before, in its order.
    pub removed: Vec<usize>,
    /// Only in the list of after, in its order.
    pub added: Vec<usize>,
}

/// One side's definitions: the names of each and what its code is told by.
type Units<'a, C> = [(UnitKey<'a>, C)];

/// By what definitions of the same code find each other, the closest first.
#[derive(Debug, Clone, Copy)]
enum Nearness {
    /// The same name in the file that theirs has become.
    MovedWithFile,
    /// Another name in the same file.
    InFile,
    /// The same name in a file of the same name in another folder.
    InFileOfSameName,
    /// The same name anywhere.
    SameName,
    /// Any other.
    Anywhere,
}

const NEARNESS: [Nearness; 5] =
    [Nearness::MovedWithFile, Nearness::InFile, Nearness::InFileOfSameName, Nearness::SameName, Nearness::Anywhere];

/// Matches the definitions of two snapshots; the keys of each side are distinct.
///
/// Equal keys are the same definition. Of what is left on both sides, equal kind and code is a definition that moved;
/// where several could be the same, the closest is taken, and then the first in the order of the lists.
pub fn match_units<C: Copy + Eq + Hash>(before: &Units<'_, C>, after: &Units<'_, C>) -> Matching {
    let mut later: HashMap<UnitKey<'_>, usize> = after.iter().map(|(key, _)| *key).zip(0..).collect();
    let mut matching = Matching::default();
    for (place, (key, _)) in before.iter().enumerate() {
        match later.remove(key) {
            Some(other) => matching.same.push((place, other)),
            None => matching.removed.push(place),
        }
    }
    matching.added = later.into_values().collect();
    matching.added.sort_unstable();
    if matching.removed.is_empty() || matching.added.is_empty() {
        return matching;
    }
    // Where the files went is known before what they hold.
    let mut renamed = HashMap::new();
    for are_files in [true, false] {
        for nearness in NEARNESS {
            let found = pair(before, after, &mut matching, |key, is_before| {
                if (key.kind == SymbolKind::File.as_str()) != are_files {
                    return None;
                }
                let path = if is_before { renamed.get(key.file_path).copied() } else { None };
                Some(told_by(nearness, key, path.unwrap_or(key.file_path)))
            });
            matching.moved.extend(&found);
            if are_files {
                renamed.extend(found.iter().map(|(old, new)| (before[*old].0.file_path, after[*new].0.file_path)));
            }
        }
    }
    matching.moved.sort_unstable_by_key(|(_, new)| *new);
    matching
}

fn told_by<'a>(nearness: Nearness, key: &UnitKey<'a>, path: &'a str) -> (&'a str, &'a str, u32) {
    match nearness {
        Nearness::MovedWithFile => (path, key.name, key.ordinal),
        Nearness::InFile => (key.file_path, "", 0),
        Nearness::InFileOfSameName => {
            (key.file_path.rsplit_once('/').map_or(key.file_path, |(_, name)| name), key.name, 0)
        }
        Nearness::SameName => ("", key.name, 0),
        Nearness::Anywhere => ("", "", 0),
    }
}

/// Takes pairs of equal kind, code and `told` out of what was removed and added.
fn pair<'a, C: Copy + Eq + Hash, T: Eq + Hash>(
    before: &Units<'a, C>,
    after: &Units<'a, C>,
    matching: &mut Matching,
    told: impl Fn(&UnitKey<'a>, bool) -> Option<T>,
) -> Vec<(usize, usize)> {
    let mut gone: HashMap<_, VecDeque<usize>> = HashMap::new();
    for &place in &matching.removed {
        let (key, code) = &before[place];
        if let Some(told) = told(key, true) {
            gone.entry((key.kind, *code, told)).or_default().push_back(place);
        }
    }
    let mut pairs = Vec::new();
    matching.added.retain(|&place| {
        let (key, code) = &after[place];
        let origin = told(key, false).and_then(|told| gone.get_mut(&(key.kind, *code, told))?.pop_front());
        pairs.extend(origin.map(|origin| (origin, place)));
        origin.is_none()
    });
    if !pairs.is_empty() {
        let taken: std::collections::HashSet<usize> = pairs.iter().map(|(origin, _)| *origin).collect();
        matching.removed.retain(|place| !taken.contains(place));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `path kind name code`, one a line; `-` is an empty name.
    fn units(text: &'static str) -> Vec<(UnitKey<'static>, &'static str)> {
        let unit = |line: &'static str| {
            let parts: Vec<&str> = line.split_whitespace().collect();
            let [file_path, kind, name, code] = parts[..] else { panic!("{line}") };
            let (name, ordinal) = name.split_once('#').unwrap_or((name, "1"));
            let name = if name == "-" { "" } else { name };
            (UnitKey { file_path, kind, name, ordinal: ordinal.parse().unwrap() }, code)
        };
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(unit).collect()
    }

    fn moves(before: &'static str, after: &'static str) -> (Vec<String>, Vec<String>, Vec<String>) {
        let (before, after) = (units(before), units(after));
        let shown = |unit: &UnitKey<'_>| format!("{}::{}#{}", unit.file_path, unit.name, unit.ordinal);
        let matching = match_units(&before, &after);
        // Nothing is lost and nothing is there twice.
        let count = matching.same.len() + matching.moved.len();
        assert_eq!((count + matching.removed.len(), count + matching.added.len()), (before.len(), after.len()));
        (
            matching
                .moved
                .iter()
                .map(|(a, b)| format!("{} -> {}", shown(&before[*a].0), shown(&after[*b].0)))
                .collect(),
            matching.removed.iter().map(|place| shown(&before[*place].0)).collect(),
            matching.added.iter().map(|place| shown(&after[*place].0)).collect(),
        )
    }

    #[test]
    fn what_keeps_its_names_is_the_same_whatever_its_code() {
        let before = units("a.py file - 1\na.py function f 2\na.py function f#2 3");
        let after = units("a.py function f#2 2\na.py function f 9\na.py file - 8");
        assert_eq!(match_units(&before, &after).same, [(0, 2), (1, 1), (2, 0)]);
    }

    #[test]
    fn definitions_go_where_their_file_goes() {
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
    fn the_closest_is_taken() {
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
    fn as_many_move_as_are_on_both_sides() {
        let (moved, removed, added) = moves("a.py function f F\nb.py function f F", "c.py function f F");
        assert_eq!(moved, ["a.py::f#1 -> c.py::f#1"]);
        assert_eq!((removed.len(), added.len()), (1, 0));
        assert_eq!(moves("", "c.py function f F").2.len(), 1);
    }
}
