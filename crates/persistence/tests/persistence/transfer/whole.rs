//! The content of an imported run.

use cds_model::Md5Sum;
use cds_persistence::{Persistence, RunId, UnitLocation, UnitRecord, VerifyQuery};
use rusqlite::Connection;

use super::{identity, import, import_all, source};
use crate::{
    reader::read,
    samples::{CONTRACT, dump, make_database, mixed, number, open, save, texts, traced, workplace},
    verify::{verify, verify_all},
};

#[test]
fn importing_all_runs_rebuilds_the_database() {
    let (_directory, from) = workplace();
    source(&from);
    let (_other, to) = workplace();
    let imported = import_all(&to, &read(&from).unwrap());
    let is_compared = |line: &String| !line.starts_with("transfer_log: ") && !line.starts_with("sqlite_");
    let content = |path| dump(path).into_iter().filter(is_compared).collect::<Vec<_>>();
    let (expected, found) = (content(&from), content(&to));
    for line in &found {
        assert!(expected.contains(line), "new: {line}");
    }
    for line in &expected {
        assert!(found.contains(line), "lost: {line}");
    }
    assert!(verify_all(&to).is_unaltered());
    let heads = [&from, &to].map(|path| verify_all(path).chain_head.unwrap());
    assert_eq!((heads[0], heads[1]), (imported.last().unwrap().chain_head, heads[0]));
}

#[test]
fn imported_run_continues_project_history() {
    let (_directory, from) = workplace();
    source(&from);
    let (_other, to) = workplace();
    save(&to, &traced(mixed(), "shop")).unwrap();
    save(&to, &traced(mixed(), "own")).unwrap();
    let reader = read(&from).unwrap();
    let mut target = open(&to).unwrap();
    let imported = import(&mut target, &reader, 3).unwrap();
    target.close().unwrap();
    assert_eq!(imported.run_id, RunId(3));
    assert_eq!(imported.snapshot_root.to_string(), identity(&reader, 3).snapshot_root.unwrap());
    let removed = "SELECT count(*) FROM unit_history WHERE run_id = 3 AND transition = 'removed'";
    assert!(number(&to, removed) > 0, "the previous definitions were removed");
    assert_eq!(number(&to, "SELECT snapshot_id FROM runs_ledger"), 3);
    assert_eq!(number(&to, "SELECT count(*) FROM telemetry"), 2);
    let verification = verify_all(&to);
    assert!(verification.is_unaltered(), "{:#?}", verification.deviations);
}

#[test]
fn imported_answers_never_replace_ours() {
    let (_directory, from) = workplace();
    source(&from);
    let (_other, to) = workplace();
    let mut own = crate::samples::answer(2);
    "Ours.".clone_into(&mut own.intent);
    open(&to).unwrap().keep_answers(&[own], crate::samples::at(1)).unwrap();
    import_all(&to, &read(&from).unwrap());
    let connection = Connection::open(&to).unwrap();
    assert_eq!(texts(&connection, "SELECT intent FROM intent_cache ORDER BY intent"), ["Does 0.", "Ours."]);
}

/// A database of another program: run 5 with two records, run 9 without any.
fn bare() -> String {
    let run = |id: i64, count: i64| {
        format!(
            "INSERT INTO runs VALUES ({id}, '2026-11-20T09:20:00.000Z', '2026-11-20T09:2{id}:00.000Z',
                                      '/srv/mill/', 'builtin:', 'm', 'all', 10, 'completed', 0, 0, {count});"
        )
    };
    let records = "INSERT INTO records VALUES (70, 5, 'file', 'a.py', NULL, 1, 1, '', '',
                   'd41d8cd98f00b204e9800998ecf8427e', NULL, 'skipped', NULL),
                   (90, 5, 'function', 'a.py', 'def f():', 1, 2, 'x', 'x', '9dd4e461268c8034f5c8564e155c67a6',
                    'Is x.', 'success', NULL);";
    format!("{CONTRACT} {} {records} {}", run(5, 2), run(9, 0))
}

#[test]
fn bare_runs_and_records_suffice() {
    let (_directory, from) = workplace();
    make_database(&from, &bare());
    let (_other, to) = workplace();
    let reader = read(&from).unwrap();
    assert_eq!(reader.snapshots().unwrap(), [RunId(5), RunId(9)]);
    let imported = import_all(&to, &reader);
    assert_eq!(imported.iter().map(|run| run.record_count).collect::<Vec<_>>(), [2, 0]);
    let verification = verify_all(&to);
    assert!(verification.is_unaltered(), "{:#?}", verification.deviations);
    assert_eq!((verification.run_count, verification.record_count), (2, 2));
    assert_eq!(number(&to, "SELECT count(*) FROM units WHERE project = 'elsewhere'"), 2);

    let keys = [&from, &to].map(|path| {
        let reader = read(path).unwrap();
        reader.snapshots().unwrap().iter().map(|run| identity(&reader, run.0).run_key).collect::<Vec<_>>()
    });
    assert_eq!(keys[0], keys[1], "a copy has the key of the original");
    assert_ne!(keys[0][0], keys[0][1]);
    drop(reader);
    open(&from).unwrap().save(&traced(mixed(), "mill")).unwrap();
    assert_eq!(identity(&read(&from).unwrap(), 5).run_key, keys[0][0], "additional tables do not change the key");
    assert!(verify(&from, &VerifyQuery::default()).is_unaltered());
}

#[test]
fn foreign_kinds_are_named_and_verified() {
    let record = |id: i64, kind: &str, signature: &str, (first, last): (u32, u32)| {
        let sum = Md5Sum(md5::compute(signature).0);
        format!(
            "INSERT INTO records VALUES ({id}, 1, '{kind}', 'a.rs', '{signature}', {first}, {last}, '{signature}',
                                         '{signature}', '{sum}', NULL, 'skipped', NULL);"
        )
    };
    let (_directory, from) = workplace();
    let records = [
        record(1, "trait", "trait Outer", (1, 20)),
        record(2, "method", "fn run()", (2, 5)),
        record(3, "function", "fn Outer()", (22, 24)),
        record(4, "interface", "interface Outer", (25, 28)),
    ];
    let run = "INSERT INTO runs VALUES (1, '2026-11-20T09:20:00.000Z', '2026-11-20T09:21:00.000Z', '/srv/mill/',
                                        'builtin:', 'm', 'all', 10, 'completed', 0, 0, 4);";
    make_database(&from, &format!("{CONTRACT} {run} {}", records.concat()));
    let (_other, to) = workplace();
    import_all(&to, &read(&from).unwrap());
    let names = "SELECT concat_ws(' ', kind, name, ordinal) FROM units";
    assert_eq!(
        texts(&Connection::open(&to).unwrap(), names),
        ["trait Outer 1", "method Outer.<locals>.run 1", "function Outer 2", "interface Outer 3"]
    );
    let verification = verify_all(&to);
    assert!(verification.is_unaltered(), "{:#?}", verification.deviations);
    let reader = read(&to).unwrap();
    let place =
        UnitLocation { project: "elsewhere", part: "", file_path: "a.rs", kind: "function", name: "Outer", ordinal: 2 };
    let found = reader.unit_record(&place, 1..=1, false).unwrap();
    assert!(matches!(found, UnitRecord::Stored(_)), "{found:?}");
}
