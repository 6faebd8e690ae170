//! Reading definitions, their history and their records.

use std::path::Path;

use cds_model::{HistoryContext, Intent, Record, RunSnapshot, SymbolKind, Timestamp};
use cds_persistence::{
    KeepRule, RunId, SnapshotAbsence, SqliteReader, StoredUnit, UnitLocation, UnitQuery, UnitRecord,
};

use crate::samples::{mixed, open, plain_only, record, save, waiting, workplace};

/// A name with everything that JSON escapes.
const ODD: &str = "odd \"quoted\" \\ \u{1b}\u{2028}.py";

const NONE: [Vec<i64>; 2] = [Vec::new(), Vec::new()];

fn function(file_path: &str, start_line: u32, name: &str, body: &str) -> Record {
    record(SymbolKind::Function, file_path, start_line, &format!("def {name}():\n    {body}"), Intent::Skipped)
}

fn snapshot(project: &str, records: Vec<Record>) -> RunSnapshot {
    let history = HistoryContext {
        project: project.to_owned(),
        part: String::new(),
        actor: None,
        reasoning: None,
        changed_at: None,
    };
    RunSnapshot { records, errors: Vec::new(), history: Some(history), ..mixed() }
}

fn reader(path: &Path) -> SqliteReader {
    SqliteReader::open(path, &waiting(0)).unwrap()
}

fn named(path: &Path, project: Option<&str>, location: (&str, &str), ordinal: Option<u32>) -> [Vec<i64>; 2] {
    let query = UnitQuery { project, file_path: location.0, name: location.1, ordinal };
    let found = reader(path).units_named(&query).unwrap();
    [found.now, found.earlier].map(|units| units.iter().map(|unit| unit.id).collect())
}

fn location_of(unit: &StoredUnit) -> UnitLocation<'_> {
    let StoredUnit { project, part, file_path, kind, name, ordinal, .. } = unit;
    UnitLocation { project, part, file_path, kind, name, ordinal: *ordinal }
}

#[test]
fn definition_is_found_by_every_name() {
    let (_directory, path) = workplace();
    let twice = |file: &str| vec![function(file, 1, "f", "one()"), function(file, 4, "f", "two()")];
    save(&path, &snapshot("shop", twice(ODD))).unwrap();
    save(&path, &snapshot("mill", twice(ODD))).unwrap();
    save(&path, &snapshot("shop", twice("b.py"))).unwrap();
    save(&path, &snapshot("shop", twice("c.py"))).unwrap();
    assert_eq!(named(&path, None, ("c.py", "f"), None), [vec![1, 2], vec![]]);
    assert_eq!(named(&path, None, ("c.py", "f"), Some(2)), [vec![2], vec![]]);
    assert_eq!(named(&path, None, ("b.py", "f"), None), [vec![], vec![1, 2]]);
    assert_eq!(named(&path, None, ("b.py", "f"), Some(1)), [vec![], vec![1]]);
    assert_eq!(named(&path, None, (ODD, "f"), Some(2)), [vec![4], vec![2]]);
    assert_eq!(named(&path, Some("shop"), (ODD, "f"), None), [vec![], vec![1, 2]]);
    assert_eq!(named(&path, Some("mill"), (ODD, "f"), None), [vec![3, 4], vec![]]);
    assert_eq!(named(&path, None, ("c.py", "F"), None), NONE);
    assert_eq!(named(&path, None, ("c.p", "f"), None), NONE);
    assert_eq!(reader(&path).projects_with_units().unwrap(), ["mill", "shop"]);
}

#[test]
fn prefix_search_is_ordered() {
    let (_directory, path) = workplace();
    let file = |path| record(SymbolKind::File, path, 1, "x = 1", Intent::Skipped);
    let mut records: Vec<Record> = ["a.py", "pkg/a.py", "pkg/é.py", "pkgs.py"].map(file).into();
    records.insert(1, function("a.py", 1, "run", "pass"));
    records.insert(2, function("a.py", 4, "rune", "pass"));
    records.insert(3, function("a.py", 7, "ruin", "pass"));
    save(&path, &snapshot("shop", records)).unwrap();
    let reader = reader(&path);
    let files = |beginning: &str| -> Vec<String> {
        let units = reader.units_beginning(None, beginning, None).unwrap();
        units.into_iter().map(|unit| unit.file_path).collect()
    };
    assert_eq!(files("pkg"), ["pkg/a.py", "pkg/é.py", "pkgs.py"]);
    assert_eq!(files("pkg/"), ["pkg/a.py", "pkg/é.py"]);
    assert_eq!(files("pkg%"), [""; 0]);
    assert_eq!(files("").len(), 4);
    let names = |beginning: &str| -> Vec<String> {
        let units = reader.units_beginning(Some("shop"), "a.py", Some(beginning)).unwrap();
        units.into_iter().map(|unit| unit.name).collect()
    };
    assert_eq!((names("run"), names("").len(), names("_").len()), (vec!["run".to_owned(), "rune".to_owned()], 3, 0));
    let file = reader.units_beginning(None, "a.py", None).unwrap().remove(0);
    assert_eq!(reader.definition_count(&file).unwrap(), 3);
    assert_eq!(reader.units(Some("shop")).unwrap().len(), 7);
    assert_eq!(reader.units(Some("other")).unwrap(), []);
}

#[test]
fn record_comes_from_nearest_snapshot() {
    let (_directory, path) = workplace();
    // The first of the two moves by a line each time, which alone is no transition.
    for line in 1..=4 {
        let records = vec![function("a.py", line, "f", "one()"), function("a.py", line + 5, "f", "two()")];
        save(
            &path,
            &RunSnapshot {
                started_at: Timestamp::from_unix_milliseconds(i64::from(line)),
                ..snapshot("shop", records)
            },
        )
        .unwrap();
    }
    let second = reader(&path).unit(2).unwrap().unwrap();
    let found = |newest_first: bool| match reader(&path).unit_record(&location_of(&second), 1..=i64::MAX, newest_first)
    {
        Ok(UnitRecord::Stored(record)) => (record.run_id.0, record.start_line, record.is_nearest, record.raw_code),
        other => panic!("{other:?}"),
    };
    let code = "def f():\n    two()".to_owned();
    assert_eq!(found(false), (1, 6, true, code.clone()));
    assert_eq!(found(true), (4, 9, true, code.clone()));
    let of_another = UnitLocation { ordinal: 3, ..location_of(&second) };
    assert_eq!(reader(&path).unit_record(&of_another, 1..=4, false).unwrap(), UnitRecord::Missing);
    let elsewhere = UnitLocation { project: "mill", ..location_of(&second) };
    assert_eq!(reader(&path).unit_record(&elsewhere, 1..=4, false).unwrap(), UnitRecord::Missing);

    let mut database = open(&path).unwrap();
    database.prune_runs(&[KeepRule::Last(2)], Timestamp::from_unix_milliseconds(9)).unwrap();
    database.close().unwrap();
    assert_eq!(found(false), (3, 8, false, code.clone()));
    assert_eq!(found(true), (4, 9, true, code));
    assert_eq!(reader(&path).unit_record(&location_of(&second), 1..=2, false).unwrap(), UnitRecord::Pruned);
    let transitions = reader(&path).unit_transitions(2).unwrap();
    assert_eq!((transitions.len(), transitions[0].is_stored, transitions[0].run_id.0), (1, false, 1));
    assert_eq!((&transitions[0].ledger_id, &transitions[0].code_ref), (&None, &None));
}

#[test]
fn fallback_record_is_unaltered() {
    let (_directory, path) = workplace();
    for _ in 1..=4 {
        save(&path, &snapshot("shop", vec![function("a.py", 1, "f", "one()")])).unwrap();
    }
    let unit = reader(&path).unit(1).unwrap().unwrap();
    let change = |sql: &str| rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let found = |newest_first: bool| match reader(&path).unit_record(&location_of(&unit), 1..=4, newest_first).unwrap()
    {
        UnitRecord::Stored(record) => (record.run_id.0, record.is_nearest, record.is_as_written),
        other => panic!("{other:?}"),
    };
    assert_eq!(found(false), (1, true, true));
    change("UPDATE records SET raw_code = X'00' WHERE run_id IN (1, 2)");
    assert_eq!(found(false), (1, true, false), "the record of the transition itself is returned even if altered");
    let mut database = open(&path).unwrap();
    database.prune_runs(&[KeepRule::Last(3)], Timestamp::from_unix_milliseconds(9)).unwrap();
    database.close().unwrap();
    assert_eq!(found(false), (3, false, true));
    change("UPDATE records SET intent = 'forged'");
    assert_eq!((found(false), found(true)), ((2, false, false), (4, true, false)));
    let absences = [1, 2, 9].map(|run| reader(&path).absence_of(RunId(run)).unwrap());
    assert_eq!(absences, [SnapshotAbsence::Pruned, SnapshotAbsence::Unexplained, SnapshotAbsence::Unrecorded]);
    change("PRAGMA foreign_keys = OFF; DELETE FROM records; DELETE FROM runs");
    assert_eq!(reader(&path).unit_record(&location_of(&unit), 1..=4, false).unwrap(), UnitRecord::Missing);
    assert_eq!(reader(&path).unit_record(&location_of(&unit), 1..=1, false).unwrap(), UnitRecord::Pruned);
}

#[test]
fn missing_history_is_no_error() {
    if plain_only() {
        return;
    }
    let (_directory, path) = workplace();
    save(&path, &RunSnapshot { history: None, ..mixed() }).unwrap();
    let dropped = "DROP TABLE snapshot_chain; DROP TABLE record_hashes; DROP TABLE unit_history; DROP TABLE units;";
    rusqlite::Connection::open(&path).unwrap().execute_batch(dropped).unwrap();
    let reader = reader(&path);
    assert_eq!(named(&path, None, ("a.py", ""), None), NONE);
    assert_eq!((reader.unit(1).unwrap(), reader.unit_transitions(1).unwrap()), (None, vec![]));
    assert_eq!((reader.units(None).unwrap(), reader.projects_with_units().unwrap()), (vec![], vec![]));
    let location = UnitLocation { project: "", part: "", file_path: "a.py", kind: "file", name: "", ordinal: 1 };
    assert_eq!(reader.unit_record(&location, 1..=1, false).unwrap(), UnitRecord::Missing);
}
