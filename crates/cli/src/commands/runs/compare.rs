//! Two snapshots side by side: what is new, removed, changed or moved. Pure: rows in, findings out.

use cds_language::name_of;
use cds_model::{Followed, Matching, UnitKey, UnitName, UnitRow, match_units, unit_names};
use cds_persistence::DefinitionRow;

/// A record with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) row: DefinitionRow,
    pub(super) name: UnitName,
}

/// A record of the earlier snapshot and the one of the later that is the same definition.
pub(super) type Pair<'a> = (&'a Unit, &'a Unit);

/// What is different, each list by path and line.
#[derive(Debug, Default)]
pub(super) struct Comparison<'a> {
    pub(super) added: Vec<&'a Unit>,
    pub(super) removed: Vec<&'a Unit>,
    /// Another code under the same name.
    pub(super) changed: Vec<Pair<'a>>,
    /// The same code under another name or in another file.
    pub(super) moved: Vec<Pair<'a>>,
    /// Another intent for the same code, moved or not.
    pub(super) intents_changed: Vec<Pair<'a>>,
    /// The same code under the same name, whatever its intent.
    pub(super) unchanged_count: usize,
}

/// Names the records of one snapshot, and puts them in the order of their places.
pub(super) fn units(rows: Vec<DefinitionRow>) -> Vec<Unit> {
    let unit_rows = rows.iter().map(|row| {
        UnitRow::stored(&row.kind, &row.file_path, row.signature.as_deref(), (row.start_line, row.end_line))
    });
    let names = unit_names(&unit_rows.collect::<Vec<_>>(), name_of);
    let mut units: Vec<Unit> = rows.into_iter().zip(names).map(|(row, name)| Unit { row, name }).collect();
    units.sort_by(|left, right| place(left).cmp(&place(right)));
    units
}

fn place(unit: &Unit) -> (&str, u32, bool, &UnitName) {
    (&unit.row.file_path, unit.row.start_line, unit.row.kind != "file", &unit.name)
}

/// Compares two snapshots whose records [`units`] has named, see [`match_units`]; code is the same by its MD5.
///
/// Where `has_models_intents` says no, the sentences of the later one take the place of no other.
pub(super) fn compare<'a>(before: &'a [Unit], after: &'a [Unit], has_models_intents: bool) -> Comparison<'a> {
    let Matching { same, moved, removed, added } = match_units(&keyed(before), &keyed(after));
    let pair = |&(old, new): &(usize, usize)| (&before[old], &after[new]);
    let (kept, changed): (Vec<Pair<'a>>, Vec<Pair<'a>>) =
        same.iter().map(pair).partition(|(unit, other)| unit.row.md5sum == other.row.md5sum);
    let moved: Vec<Pair<'a>> = moved.iter().map(pair).collect();
    let same_code = kept.iter().chain(&moved).copied();
    let mut intents_changed: Vec<Pair<'a>> =
        same_code.filter(|(unit, other)| has_models_intents && has_other_intent(unit, other)).collect();
    intents_changed.sort_by(|left, right| place(left.1).cmp(&place(right.1)));
    Comparison {
        added: added.iter().map(|new| &after[*new]).collect(),
        removed: removed.iter().map(|old| &before[*old]).collect(),
        changed,
        moved,
        intents_changed,
        unchanged_count: kept.len(),
    }
}

fn keyed(units: &[Unit]) -> Vec<Followed<'_, &str>> {
    let keyed = units.iter().map(|Unit { row, name }| {
        let (file_path, kind) = (row.file_path.as_str(), row.kind.as_str());
        let key = UnitKey { file_path, kind, name: &name.qualified, ordinal: name.ordinal };
        Followed { key, code: row.md5sum.as_str(), declaration: row.signature.as_deref() }
    });
    keyed.collect()
}

fn has_other_intent(left: &Unit, right: &Unit) -> bool {
    (&left.row.intent, &left.row.intent_status) != (&right.row.intent, &right.row.intent_status)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records of `path kind first-last signature code intent`, one a line; `-` is nothing.
    fn snapshot(text: &str) -> Vec<Unit> {
        let row = |line: &str| {
            let parts: Vec<&str> = line.split('|').map(str::trim).collect();
            let [file_path, kind, lines, signature, md5sum, intent] = parts[..] else { panic!("{line}") };
            let (start, end) = lines.split_once('-').unwrap();
            let non_empty = |text: &str| (text != "-").then(|| text.to_owned());
            DefinitionRow {
                kind: kind.to_owned(),
                file_path: file_path.to_owned(),
                signature: non_empty(signature),
                start_line: start.parse().unwrap(),
                end_line: end.parse().unwrap(),
                md5sum: md5sum.to_owned(),
                intent: non_empty(intent),
                intent_status: if intent == "-" { "skipped" } else { "success" }.to_owned(),
            }
        };
        units(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(row).collect())
    }

    fn shown(unit: &Unit) -> String {
        format!("{} {}", unit.row.file_path, unit.name)
    }

    fn names(units: &[&Unit]) -> Vec<String> {
        units.iter().map(|unit| shown(unit)).collect()
    }

    fn pairs(pairs: &[Pair<'_>]) -> Vec<String> {
        pairs.iter().map(|(left, right)| format!("{} -> {}", shown(left), shown(right))).collect()
    }

    const BEFORE: &str = "
        a.py | file     | 1-20  | -                  | f1 | -
        a.py | class    | 1-10  | class Shop:        | c1 | Sells.
        a.py | method   | 2-4   | def buy(self):     | m1 | Buys.
        a.py | method   | 5-10  | def sell(self):    | m2 | Sells one.
        a.py | function | 12-20 | def total(items):  | t1 | Sums up.
        b.py | file     | 1-9   | -                  | f2 | -
        b.py | function | 1-3   | def copy():        | x1 | Copies.
        b.py | function | 5-9   | def dropped():     | g1 | Goes.";

    #[test]
    fn differences_have_separate_kinds() {
        let before = snapshot(BEFORE);
        let after = snapshot(
            "
            a.py | file     | 1-30  | -                  | f9 | -
            a.py | class    | 5-14  | class Shop:        | c1 | Sells.
            a.py | method   | 6-8   | def buy(self):     | m1 | Acquires.
            a.py | method   | 9-14  | def sell(self, x): | m9 | Sells one.
            a.py | function | 20-30 | def fresh():       | n1 | Is new.
            c.py | file     | 1-9   | -                  | f2 | -
            c.py | function | 1-3   | def copy():        | x1 | Copies.
            c.py | function | 5-9   | def sum_up(items): | t1 | Adds.",
        );
        let result = compare(&before, &after, true);
        assert_eq!(names(&result.added), ["a.py fresh"]);
        assert_eq!(names(&result.removed), ["b.py dropped"]);
        assert_eq!(pairs(&result.changed), ["a.py  -> a.py ", "a.py Shop.sell -> a.py Shop.sell"]);
        let moved = ["b.py  -> c.py ", "b.py copy -> c.py copy", "a.py total -> c.py sum_up"];
        assert_eq!(pairs(&result.moved), moved);
        let intents = ["a.py Shop.buy -> a.py Shop.buy", "a.py total -> c.py sum_up"];
        assert_eq!(pairs(&result.intents_changed), intents);
        assert_eq!(result.unchanged_count, 2);
    }

    #[test]
    fn a_snapshot_does_not_differ_from_itself() {
        let (before, after) = (snapshot(BEFORE), snapshot(BEFORE));
        let result = compare(&before, &after, true);
        assert_eq!(result.unchanged_count, 8);
        let lists = [result.added.len(), result.removed.len(), result.changed.len(), result.moved.len()];
        assert_eq!((lists, result.intents_changed.len()), ([0; 4], 0));
    }

    #[test]
    fn copies_move_to_their_own_name_first() {
        let before = snapshot(
            "
            a.py | function | 1-2 | def one(): | s | -
            a.py | function | 4-5 | def two(): | s | -
            a.py | function | 7-8 | def six(): | s | -",
        );
        let after = snapshot(
            "
            b.py | function | 1-2 | def two():   | s | -
            b.py | function | 4-5 | def three(): | s | -
            b.py | method   | 7-8 | def six():   | s | -",
        );
        let result = compare(&before, &after, true);
        assert_eq!(pairs(&result.moved), ["a.py two -> b.py two", "a.py one -> b.py three"]);
        assert_eq!(names(&result.removed), ["a.py six"], "another kind is another thing");
        assert_eq!(names(&result.added), ["b.py six"]);
    }

    #[test]
    fn second_namesake_is_another_definition() {
        let before =
            snapshot("a.py | method | 1-2 | def x(self): | g | -\na.py | method | 4-5 | def x(self, y): | s | -");
        let after =
            snapshot("a.py | method | 1-2 | def x(self): | g | -\na.py | method | 4-6 | def x(self, y): | s2 | -");
        let result = compare(&before, &after, true);
        assert_eq!((pairs(&result.changed), result.unchanged_count), (vec!["a.py x#2 -> a.py x#2".to_owned()], 1));
    }
}
