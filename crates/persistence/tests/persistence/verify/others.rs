//! Unaltered databases, unverifiable snapshots, and how alterations are reported.

use std::{cell::Cell, fs, ops::ControlFlow, path::Path};

use cds_persistence::{Deviation, DeviationKind, Error, KeepRule, Persistence, RunId, Verification, VerifyQuery};

use super::{grown, pruned, verify, verify_all};
use crate::{
    reader::read,
    samples::{CONTRACT, at, faultless, make_database, mixed, number, open, plain_only, save, traced, workplace},
};

/// Two runs of another program; `md5sum` is the sum of the first record of the second.
fn foreign(md5sum: &str) -> String {
    let run = "INSERT INTO runs VALUES (NULL, 'x', 'x', '/x', 'builtin:', 'm', 'all', 1, 'completed', 0, 0, 7);";
    let record = |run: i64, sum: &str| {
        format!(
            "INSERT INTO records VALUES (NULL, {run}, 'kind', 'a', NULL, 1, 1, 'x', 'x', '{sum}', NULL, 'x', NULL);"
        )
    };
    let sum = "9dd4e461268c8034f5c8564e155c67a6";
    format!("{CONTRACT}{run}{run}{}{}{}", record(1, sum), record(2, md5sum), record(2, sum))
}

fn kinds(found: &Verification) -> Vec<(DeviationKind, Option<i64>)> {
    found.deviations.iter().map(|deviation| (deviation.kind, deviation.run.map(|run| run.0))).collect()
}

#[test]
fn untouched_database_is_unaltered() {
    for (make, runs, records) in [(grown as fn(&Path), 1..=7, 43), (pruned, 5..=7, 13)] {
        let (_directory, path) = workplace();
        make(&path);
        let bytes = fs::read(&path).unwrap();
        let found = verify_all(&path);
        assert!(found.is_unaltered(), "{:#?}", found.deviations);
        assert_eq!((found.run_count, found.record_count), (runs.clone().count() as u64, records));
        assert_eq!(found.history_count, u64::try_from(number(&path, "SELECT count(*) FROM unit_history")).unwrap());
        assert_eq!((found.unverified_run_count, found.unverified.len()), (0, 0));
        let length = "octet_length(raw_code || normalized_code)";
        let text = number(&path, &format!("SELECT sum({length}) FROM records"));
        assert!(found.byte_count > u64::try_from(text).unwrap());
        for run in runs {
            let found = verify(&path, &VerifyQuery { run: Some(RunId(run)), ..VerifyQuery::default() });
            assert!(found.is_unaltered() && found.run_count == 1, "{run}: {:#?}", found.deviations);
            assert!(found.snapshot_root.is_some());
        }
        assert!(fs::read(&path).unwrap() == bytes);
    }
}

#[test]
fn unverifiable_definitions_are_counted() {
    let (_directory, path) = workplace();
    grown(&path);
    assert_eq!(verify_all(&path).unverified_unit_count, 0);
    let mut persistence = open(&path).unwrap();
    persistence.prune_runs(&[KeepRule::Last(1)], at(0)).unwrap();
    persistence.close().unwrap();
    let found = verify_all(&path);
    assert!(found.is_unaltered(), "{:#?}", found.deviations);
    // The definitions of mill and of the other part have no records any more, and are sealed.
    assert_eq!(found.unverified_unit_count, 0);
    for column in ["last_run", "content_hash", "code_hash", "intent_hash"] {
        let other = path.with_extension("other");
        fs::copy(&path, &other).unwrap();
        let sql =
            format!("UPDATE units SET {column} = (SELECT {column} FROM units WHERE id = 1) WHERE project = 'mill'");
        make_database(&other, &sql);
        let found = verify_all(&other);
        let deviation = found.deviations.iter().find(|found| found.field.as_deref() == Some("all")).unwrap();
        assert_eq!(deviation.place.as_deref(), Some("project mill, part \"\""), "{column}");
    }
    // Another snapshot of the part ends the seal; for definitions that it does not have, hashes cannot be recomputed.
    let mut tree = super::tree();
    tree.unreadable = vec!["a.py".to_owned()];
    save(&path, &tree.snapshot("mill", "")).unwrap();
    let found = verify_all(&path);
    assert!(found.is_unaltered(), "{:#?}", found.deviations);
    let sql = "SELECT count(*) FROM units WHERE project = 'mill' AND file_path = 'a.py'";
    assert_eq!(found.unverified_unit_count, u64::try_from(number(&path, sql)).unwrap());
}

#[test]
fn foreign_snapshots_have_only_md5_verified() {
    let (_directory, path) = workplace();
    make_database(&path, &foreign("9dd4e461268c8034f5c8564e155c67a6"));
    let found = verify_all(&path);
    assert!(found.is_unaltered(), "{:#?}", found.deviations);
    assert_eq!((found.run_count, found.record_count, found.chain_head), (0, 0, None));
    let listed: Vec<(i64, u64)> = found.unverified.iter().map(|run| (run.run.0, run.record_count)).collect();
    assert_eq!((listed, found.unverified_run_count), (vec![(1, 1), (2, 2)], 2));

    // The same with snapshots of our own.
    save(&path, &traced(mixed(), "shop")).unwrap();
    make_database(&path, "INSERT INTO runs SELECT 4, 'x', 'x', '/x', 'p', 'm', 'all', 1, 'x', 0, 0, 0");
    save(&path, &mixed()).unwrap();
    let found = verify_all(&path);
    assert!(found.is_unaltered(), "{:#?}", found.deviations);
    assert_eq!((found.run_count, found.record_count, found.unverified_run_count), (1, 4, 4));
    let found = verify(&path, &VerifyQuery { run: Some(RunId(2)), ..VerifyQuery::default() });
    assert_eq!((found.run_count, found.unverified_run_count, found.unverified[0].record_count), (0, 1, 2));

    make_database(&path, "UPDATE records SET md5sum = 'x' WHERE id = 2");
    let found = verify_all(&path);
    assert_eq!(kinds(&found), [(DeviationKind::Md5, Some(2))]);
    let deviation = &found.deviations[0];
    assert_eq!(
        (deviation.row, deviation.place.as_deref(), deviation.stored.as_deref()),
        (Some(2), Some("a:1"), Some("x"))
    );
    assert_eq!(deviation.recomputed.as_deref(), Some("9dd4e461268c8034f5c8564e155c67a6"));
    for (run, count) in [(1, 0), (2, 1), (3, 0)] {
        let found = verify(&path, &VerifyQuery { run: Some(RunId(run)), ..VerifyQuery::default() });
        assert_eq!(found.deviation_count, count, "{run}");
    }
}

#[test]
fn pruned_foreign_snapshots_join_existing_chain() {
    let (_directory, path) = workplace();
    make_database(&path, &foreign("9dd4e461268c8034f5c8564e155c67a6"));
    save(&path, &traced(mixed(), "/x")).unwrap();
    save(&path, &mixed()).unwrap();
    save(&path, &traced(mixed(), "/x")).unwrap();
    make_database(&path, "UPDATE runs SET root_path = '/srv/code' WHERE id < 3");
    let mut persistence = open(&path).unwrap();
    persistence.prune_runs(&[KeepRule::Last(1)], at(0)).unwrap();
    persistence.close().unwrap();
    let events = "SELECT group_concat(event || run_id, ' ') FROM (SELECT * FROM snapshot_chain ORDER BY sequence)";
    let connection = rusqlite::Connection::open(&path).unwrap();
    let events: String = connection.query_row(events, [], |row| row.get(0)).unwrap();
    assert_eq!(events, "snapshot3 snapshot5 pruned4 pruned3");
    let found = verify_all(&path);
    assert!(found.is_unaltered(), "{:#?}", found.deviations);
}

#[test]
fn empty_database_has_nothing_to_verify() {
    let (_directory, path) = workplace();
    open(&path).unwrap().close().unwrap();
    assert_eq!(verify_all(&path), Verification::default());
}

/// Alters a new database of two runs, and returns the deviations.
fn altered(sql: &str) -> Vec<Deviation> {
    let (_directory, path) = workplace();
    save(&path, &traced(mixed(), "shop")).unwrap();
    save(&path, &traced(faultless(), "shop")).unwrap();
    make_database(&path, &format!("PRAGMA foreign_keys = OFF; {sql}"));
    verify_all(&path).deviations
}

#[test]
fn altered_column_is_named() {
    let found = altered("UPDATE records SET intent = 'Returns two.', end_line = 9 WHERE id = 4");
    let deviation = &found[0];
    assert_eq!((deviation.kind, deviation.table.as_str()), (DeviationKind::Record, "records"));
    assert_eq!((deviation.run, deviation.row), (Some(RunId(1)), Some(4)));
    assert_eq!((deviation.place.as_deref(), deviation.field.as_deref()), (Some("b/c.py:1"), Some("end_line, intent")));
    assert!(deviation.stored.as_ref().unwrap().starts_with("sha256:") && deviation.stored != deviation.recomputed);
    assert_eq!(found[1].kind, DeviationKind::Root);
    assert_eq!(found.len(), 2);

    let found = altered("UPDATE records SET normalized_code = 'x' WHERE id = 4");
    assert_eq!((found[0].kind, found[0].field.as_deref()), (DeviationKind::Md5, Some("md5sum")));
    assert_eq!((found[1].kind, found[1].field.as_deref()), (DeviationKind::Record, Some("normalized_code")));
}

#[test]
fn missing_rows_and_triggers_are_reported() {
    if plain_only() {
        return;
    }
    let cases = [
        ("DELETE FROM runs WHERE id = 1", DeviationKind::MissingRun, "runs"),
        ("DROP TABLE units", DeviationKind::MissingTable, "units"),
        ("DROP TABLE analyzer_errors", DeviationKind::MissingTable, "analyzer_errors"),
        ("DROP TABLE records", DeviationKind::MissingTable, "records"),
        ("DROP TABLE snapshot_chain", DeviationKind::MissingTable, "snapshot_chain"),
        ("DELETE FROM records WHERE id = 4", DeviationKind::RecordCount, "snapshot_chain"),
        ("DELETE FROM records WHERE id = 4", DeviationKind::Unpaired, "record_hashes"),
        ("DELETE FROM records WHERE run_id = 1", DeviationKind::Definition, "unit_history"),
        ("DROP TRIGGER units_delete; DELETE FROM units WHERE id = 1", DeviationKind::Unit, "units"),
        ("DROP TRIGGER units_delete", DeviationKind::Trigger, "units"),
        ("INSERT INTO records SELECT 99, run_id, kind, file_path, signature, start_line, end_line, raw_code,
          normalized_code, md5sum, intent, intent_status, intent_error FROM records WHERE id = 7",
         DeviationKind::Unpaired, "record_hashes"),
        ("UPDATE records SET run_id = 9 WHERE id = 4", DeviationKind::ForeignKey, "records"),
        ("INSERT INTO runs_ledger SELECT 'x', 'x', '', 'x', 'x', 'completed', 2000, NULL, NULL, 'persist', '1', '', 1, '/',
          NULL, '', '', 0, 0, 0", DeviationKind::MissingRun, "runs_ledger"),
    ];
    for (sql, kind, table) in cases {
        let found = altered(sql);
        assert!(found.iter().any(|deviation| deviation.kind == kind && deviation.table == table), "{sql}: {found:#?}");
    }
}

#[test]
fn damage_is_a_deviation() {
    if plain_only() {
        return;
    }
    let (_directory, path) = workplace();
    grown(&path);
    for table in ["records", "idx_records_md5sum", "unit_history", "units"] {
        let page = number(&path, &format!("SELECT rootpage FROM sqlite_schema WHERE name = '{table}'"));
        let mut bytes = fs::read(&path).unwrap();
        let start = usize::try_from(page - 1).unwrap() * 8192;
        bytes[start..start + 8192].fill(0xab);
        let copy = path.with_extension("damaged");
        fs::write(&copy, bytes).unwrap();
        let found = verify_all(&copy);
        assert_eq!(found.deviations.first().map(|deviation| deviation.kind), Some(DeviationKind::Damage), "{table}");
    }
}

#[test]
fn deviations_are_limited_but_counted() {
    if plain_only() {
        return;
    }
    let (_directory, path) = workplace();
    grown(&path);
    make_database(&path, "UPDATE records SET md5sum = 'x'");
    let found = verify(&path, &VerifyQuery { limit: 3, ..VerifyQuery::default() });
    assert_eq!(found.deviations.len(), 3);
    // Each record twice, and each root once.
    assert_eq!(found.deviation_count, 2 * 43 + 7);
    let none = verify(&path, &VerifyQuery { limit: 0, ..VerifyQuery::default() });
    assert_eq!((none.deviations.len(), none.deviation_count), (0, 2 * 43 + 7));
    assert!(!none.is_unaltered());
}

#[test]
fn verification_can_be_cancelled() {
    let (_directory, path) = workplace();
    let mut snapshot = traced(mixed(), "shop");
    let record = snapshot.records[3].clone();
    snapshot.records = (1..2_000).map(|line| cds_model::Record { start_line: line, ..record.clone() }).collect();
    save(&path, &snapshot).unwrap();
    let seen = Cell::new(0);
    let outcome = read(&path).unwrap().verify(&VerifyQuery::default(), &|count| {
        seen.set(count);
        if count > 500 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(outcome, Err(Error::Cancelled { .. })), "{outcome:?}");
    assert!((500..2_000).contains(&seen.get()));
}

#[test]
fn concurrent_writer_does_not_disturb() {
    let (_directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    persistence.save(&traced(mixed(), "shop")).unwrap();
    let reader = read(&path).unwrap();
    persistence.save(&traced(faultless(), "shop")).unwrap();
    let found = reader.verify(&VerifyQuery::default(), &|_| ControlFlow::Continue(())).unwrap();
    assert!(found.is_unaltered() && found.run_count == 2, "{:#?}", found.deviations);
}
