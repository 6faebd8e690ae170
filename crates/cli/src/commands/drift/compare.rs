//! A snapshot and a tree side by side. Pure: rows and records in, differences out.

use std::{collections::HashSet, sync::Arc};

use cds_language::name_of;
use cds_model::{
    AnalyzerError, Fingerprint, Followed, Record, RecordHashes, UnitKey, UnitName, UnitRow, UnreadPaths, match_units,
    record_fields, unit_names,
};
use cds_persistence::StateRow;

/// A definition or file, identified by its names and its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) kind: String,
    pub(super) file_path: Arc<str>,
    pub(super) name: UnitName,
    pub(super) start_line: u32,
    pub(super) end_line: u32,
    pub(super) code: Fingerprint,
    pub(super) declaration: Option<String>,
}

impl Unit {
    fn key(&self) -> UnitKey<'_> {
        UnitKey { file_path: &self.file_path, kind: &self.kind, name: &self.name.qualified, ordinal: self.name.ordinal }
    }
}

/// What of a snapshot is otherwise in the tree; the lists are in the order of the snapshot or, of what is in the tree
/// only or elsewhere, in that of the tree.
#[derive(Debug, Default)]
pub(super) struct Drift<'a> {
    pub(super) added: Vec<&'a Unit>,
    /// Another code under the same names; as it was and as it is.
    pub(super) changed: Vec<[&'a Unit; 2]>,
    pub(super) removed: Vec<&'a Unit>,
    /// The same code under other names; as it was and as it is.
    pub(super) moved: Vec<[&'a Unit; 2]>,
    /// What holds them cannot be read now, so this is unknown.
    pub(super) not_seen: Vec<&'a Unit>,
    /// They are there, and what holds them could not be read when the snapshot was taken.
    pub(super) not_seen_before: Vec<&'a Unit>,
    pub(super) unchanged_count: usize,
}

impl Drift<'_> {
    /// Whether anything is otherwise; what was not seen is not known to be.
    pub(super) fn is_none(&self) -> bool {
        self.counts().iter().all(|(_, count)| *count == 0)
    }

    /// What counts as drift, in its order.
    pub(super) fn counts(&self) -> [(&'static str, usize); 4] {
        [
            ("added", self.added.len()),
            ("changed", self.changed.len()),
            ("removed", self.removed.len()),
            ("moved", self.moved.len()),
        ]
    }
}

/// What a snapshot has.
pub(super) fn stored(rows: Vec<StateRow>) -> Vec<Unit> {
    let unit_rows = rows.iter().map(|row| {
        UnitRow::stored(&row.kind, &row.file_path, row.signature.as_deref(), (row.start_line, row.end_line))
    });
    let names = unit_names(&unit_rows.collect::<Vec<_>>(), name_of);
    let unit = |(row, name): (StateRow, UnitName)| Unit {
        kind: row.kind,
        file_path: row.file_path,
        name,
        start_line: row.start_line,
        end_line: row.end_line,
        code: row.code,
        declaration: row.signature,
    };
    rows.into_iter().zip(names).map(unit).collect()
}

/// What a tree has.
pub(super) fn present(records: &[Record]) -> Vec<Unit> {
    let unit_rows = records.iter().map(|record| UnitRow {
        kind: record.kind,
        file_path: &record.file_path,
        signature: record.signature.as_deref(),
        start_line: record.start_line,
        end_line: record.end_line,
    });
    let names = unit_names(&unit_rows.collect::<Vec<_>>(), name_of);
    let unit = |(record, name): (&Record, UnitName)| Unit {
        kind: record.kind.as_str().to_owned(),
        file_path: Arc::clone(&record.file_path),
        name,
        start_line: record.start_line,
        end_line: record.end_line,
        code: RecordHashes::of(&record_fields(record, &record.md5sum.to_string())).code,
        declaration: record.signature.as_deref().map(str::to_owned),
    };
    records.iter().zip(names).map(unit).collect()
}

/// Compares the units of a snapshot with those of the tree; see [`match_units`]. Something is missing from the snapshot
/// where `unread_before` says so, and from the tree where `errors` do.
pub(super) fn drift<'a>(
    before: &'a [Unit],
    unread_before: &[String],
    after: &'a [Unit],
    errors: &[AnalyzerError],
) -> Drift<'a> {
    let unread = UnreadPaths::new(errors.iter().map(|error| &*error.file_path));
    let unread_before = UnreadPaths::new(unread_before.iter().map(|path| &**path));
    let seen: HashSet<UnitKey<'_>> =
        if errors.is_empty() { HashSet::new() } else { after.iter().map(Unit::key).collect() };
    let is_unseen = |unit: &&Unit| unread.holds(&unit.file_path) && !seen.contains(&unit.key());
    let (not_seen, before): (Vec<&Unit>, Vec<&Unit>) = before.iter().partition(is_unseen);
    let keyed = |units: &mut dyn Iterator<Item = &'a Unit>| {
        units
            .map(|unit| Followed { key: unit.key(), code: unit.code, declaration: unit.declaration.as_deref() })
            .collect()
    };
    let (old, new): (Vec<_>, Vec<_>) = (keyed(&mut before.iter().copied()), keyed(&mut after.iter()));
    let matching = match_units(&old, &new);
    let pair = |&(old, new): &(usize, usize)| [before[old], &after[new]];
    let (same, changed): (Vec<[&Unit; 2]>, Vec<[&Unit; 2]>) =
        matching.same.iter().map(pair).partition(|[was, is]| was.code == is.code);
    // What moved there from elsewhere is known all the same.
    let (not_seen_before, added) =
        matching.added.iter().map(|new| &after[*new]).partition(|unit| unread_before.holds(&unit.file_path));
    Drift {
        added,
        changed,
        removed: matching.removed.iter().map(|old| before[*old]).collect(),
        moved: matching.moved.iter().map(pair).collect(),
        not_seen,
        not_seen_before,
        unchanged_count: same.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `path kind name line code`, one a line; `-` is the empty name of a file.
    fn units(text: &str) -> Vec<Unit> {
        let unit = |line: &str| {
            let parts: Vec<&str> = line.split_whitespace().collect();
            let [file_path, kind, name, start_line, code] = parts[..] else { panic!("{line}") };
            let start_line = start_line.parse().unwrap();
            let mut bytes = [0; 32];
            bytes[..code.len()].copy_from_slice(code.as_bytes());
            Unit {
                kind: kind.to_owned(),
                file_path: file_path.into(),
                name: UnitName { qualified: name.trim_matches('-').to_owned(), ordinal: 1 },
                start_line,
                end_line: start_line + 1,
                code: Fingerprint(bytes),
                declaration: None,
            }
        };
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(unit).collect()
    }

    fn shown(unit: &Unit) -> String {
        format!("{}:{} {}", unit.file_path, unit.start_line, unit.name)
    }

    fn list(units: &[&Unit]) -> Vec<String> {
        units.iter().map(|unit| shown(unit)).collect()
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn pairs(pairs: &[[&Unit; 2]]) -> Vec<String> {
        pairs.iter().map(|[was, is]| format!("{} -> {}", shown(was), shown(is))).collect()
    }

    const BEFORE: &str = "
        a.py file - 1 A
        a.py function f 1 F
        a.py function g 4 G
        a.py function h 7 H
        sub/b.py file - 1 B
        sub/b.py function k 1 K";

    #[test]
    fn differences_have_separate_kinds() {
        let before = units(BEFORE);
        let after = units(
            "a.py file - 1 A2
             a.py function f 3 F
             a.py function h 9 H2
             a.py function new 12 N
             sub/b.py file - 1 B
             sub/b.py function k 1 K
             x.py function g 1 G",
        );
        let found = drift(&before, &[], &after, &[]);
        assert_eq!(list(&found.added), ["a.py:12 new"]);
        assert_eq!(pairs(&found.changed), ["a.py:1  -> a.py:1 ", "a.py:7 h -> a.py:9 h"]);
        assert_eq!(list(&found.removed), [""; 0]);
        assert_eq!(pairs(&found.moved), ["a.py:4 g -> x.py:1 g"]);
        // A line of its own changes nothing.
        assert_eq!((found.unchanged_count, found.is_none()), (3, false));
        assert_eq!(found.counts().map(|(_, count)| count), [1, 2, 0, 1]);
    }

    #[test]
    fn unreadable_definitions_are_not_removed() {
        let error = |file_path: &str| AnalyzerError {
            file_path: file_path.to_owned(),
            line: None,
            reason: "permission denied".to_owned(),
        };
        let (before, nothing) = (units(BEFORE), units(""));
        for (place, unseen_count) in [("a.py", 4), ("sub/b.py", 2), ("sub", 2), ("", 6), (".", 6), ("su", 0)] {
            let errors = [error(place)];
            let found = drift(&before, &[], &nothing, &errors);
            assert_eq!((found.not_seen.len(), found.removed.len()), (unseen_count, 6 - unseen_count), "{place}");
        }
        // What is seen in a broken file is compared.
        let after = units("a.py file - 1 A2\na.py function f 1 F\nsub/b.py file - 1 B\nsub/b.py function k 1 K");
        let errors = [error("a.py")];
        let found = drift(&before, &[], &after, &errors);
        assert_eq!((list(&found.not_seen), found.removed.len()), (vec!["a.py:4 g".to_owned(), "a.py:7 h".into()], 0));
        assert_eq!((pairs(&found.changed).len(), found.unchanged_count), (1, 3));
    }

    #[test]
    fn unreadable_before_is_not_new() {
        let before = units("a.py file - 1 A\na.py function f 1 F\nb.py function g 1 G");
        let after = units(BEFORE);
        // What was elsewhere before has moved there, read or not.
        for (place, added, not_seen) in [
            ("a.py", &["sub/b.py:1 ", "sub/b.py:1 k"][..], &["a.py:7 h"][..]),
            ("sub", &["a.py:7 h"], &["sub/b.py:1 ", "sub/b.py:1 k"]),
            ("su", &["a.py:7 h", "sub/b.py:1 ", "sub/b.py:1 k"], &[]),
            (".", &[], &["a.py:7 h", "sub/b.py:1 ", "sub/b.py:1 k"]),
        ] {
            let unread = [place.to_owned()];
            let found = drift(&before, &unread, &after, &[]);
            assert_eq!(
                (list(&found.added), list(&found.not_seen_before)),
                (strings(added), strings(not_seen)),
                "{place}"
            );
            assert_eq!(pairs(&found.moved), ["b.py:1 g -> a.py:4 g"], "{place}");
        }
        assert!(drift(&before[..2], &[String::new()], &after, &[]).is_none());
    }

    #[test]
    fn nothing_is_no_drift() {
        let (before, after) = (units(BEFORE), units(BEFORE));
        let found = drift(&before, &[], &after, &[]);
        assert!(found.is_none());
        assert_eq!(found.unchanged_count, 6);
        assert!(drift(&[], &[], &[], &[]).is_none());
    }
}
