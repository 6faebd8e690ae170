//! The end of a run that is written with its snapshot, and the numbers of snapshots.

use cds_model::{AccountStatus, Fingerprint, RunEnd, RunSnapshot, SnapshotAccount};
use cds_persistence::{Error, Persistence};
use rusqlite::Connection;

use super::{begun, end, ends, stage_end, stage_ends};
use crate::samples::{
    NAMED, chain_about, dump, faultless, make_database, mixed, number, open, save, texts, traced, workplace,
};

/// The configuration hash of the stage that writes the snapshot.
const CONFIG: Fingerprint = Fingerprint([7; 32]);

/// A snapshot whose account names run and stage 1.
fn accounted(snapshot: RunSnapshot) -> RunSnapshot {
    let run = RunEnd { error: Some("1 intent is missing".to_owned()), ..end(1, AccountStatus::Completed, 60) };
    let stage = stage_end(1, AccountStatus::Completed);
    RunSnapshot { account: Some(SnapshotAccount { run, stage, config_hash: CONFIG }), ..snapshot }
}

#[test]
fn snapshot_ends_its_run() {
    let (_directory, path) = workplace();
    let mut accounts = begun(&path);
    let saved = open(&path).unwrap().save(&accounted(mixed())).unwrap();
    assert!(saved.warnings.is_empty(), "{:?}", saved.warnings);
    let expected = "1|completed_with_errors|60|'1 intent is missing'|NULL|NULL|1";
    assert_eq!(ends(&path), [expected]);
    assert_eq!(stage_ends(&path), ["persist|completed|90|NULL|1.5"]);

    accounts.mark_run_finished(&end(1, AccountStatus::Failed, 70)).unwrap();
    assert_eq!(ends(&path), [expected]);
}

#[test]
fn input_fingerprint_covers_the_records() {
    let input_after = |snapshot: &RunSnapshot| {
        let (_directory, path) = workplace();
        begun(&path).close().unwrap();
        let saved = save(&path, snapshot).unwrap();
        let connection = Connection::open(&path).unwrap();
        (saved.proof.unwrap().snapshot_root, texts(&connection, "SELECT input_fingerprint FROM stage_runs"))
    };
    let snapshot = traced(accounted(mixed()), "shop");
    let (root, input) = input_after(&snapshot);
    assert_eq!(input, [snapshot.input_fingerprint(CONFIG, root).to_string()]);
    assert_eq!(input_after(&snapshot).1, input, "the same again");

    let mut other = snapshot.clone();
    other.errors[0].reason.push('!');
    assert_ne!(input_after(&other).1, input, "another error");
    other.clone_from(&snapshot);
    other.records[0].end_line += 1;
    assert_ne!(input_after(&other).1, input, "another record");
    assert_ne!(snapshot.input_fingerprint(Fingerprint([8; 32]), root).to_string(), input[0], "other settings");
}

#[test]
fn failed_snapshot_leaves_run_open() {
    let (_directory, path) = workplace();
    let mut accounts = begun(&path);
    make_database(
        &path,
        "CREATE TRIGGER refuse BEFORE INSERT ON analyzer_errors BEGIN SELECT RAISE(ABORT, 'no more'); END",
    );
    let before = dump(&path);
    open(&path).unwrap().save(&accounted(mixed())).unwrap_err();
    assert_eq!(dump(&path), before);
    accounts.mark_run_finished(&end(1, AccountStatus::Failed, 70)).unwrap();
    assert_eq!(ends(&path), ["1|failed|70|'because of 70'|NULL|NULL|NULL"]);
}

/// Saves a snapshot with an account after executing `sql` on the database, and returns its one warning.
fn warning_after(sql: &str) -> (Vec<String>, Vec<String>, String) {
    let (_directory, path) = workplace();
    begun(&path).close().unwrap();
    make_database(&path, sql);
    let saved = save(&path, &accounted(faultless())).unwrap();
    assert_eq!(number(&path, "SELECT count(*) FROM records WHERE run_id = 1"), 3);
    let [warning @ Error::Account { .. }] = &saved.warnings[..] else { panic!("{:?}", saved.warnings) };
    (ends(&path), stage_ends(&path), chain_about(&path, warning))
}

#[test]
fn failed_account_is_only_a_warning() {
    let refusal = |table| format!("CREATE TRIGGER refuse AFTER UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END");
    let (runs, stages, warning) = warning_after(&refusal("runs_ledger"));
    assert_eq!(runs, ["1|running|NULL|NULL|NULL|NULL"]);
    assert_eq!(stages, ["persist|running|NULL|NULL"]);
    assert_eq!(
        warning,
        format!(
            "write the end of the run into the accounts of database DB: write the end of the run in database DB: \
             no{NAMED} (SQLite error 1811)"
        )
    );

    let (runs, stages, warning) = warning_after(&refusal("stage_runs"));
    assert_eq!(runs, ["1|completed|60|'1 intent is missing'|NULL|NULL|1"]);
    assert_eq!(stages, ["persist|running|NULL|NULL"]);
    assert!(warning.contains(": write the end of the stage in database DB: no"), "{warning}");

    let (.., warning) = warning_after("DELETE FROM stage_runs; DELETE FROM runs_ledger");
    assert_eq!(
        warning,
        "write the end of the run into the accounts of database DB: no run 019a9f3e-0000-7000-8000-000000000001 in \
         the ledger"
    );
    let (runs, _, warning) = warning_after("DELETE FROM stage_runs");
    assert_eq!(runs, ["1|completed|60|'1 intent is missing'|NULL|NULL|1"]);
    assert!(warning.ends_with("has no start of stage run 019a9f3f-0000-7000-8000-000000000001"), "{warning}");
    let ignoring = "CREATE TRIGGER refuse BEFORE UPDATE ON runs_ledger BEGIN SELECT RAISE(IGNORE); END";
    let (.., warning) = warning_after(ignoring);
    assert!(warning.ends_with("write the end of the run: database DB ignored the row"), "{warning}");
}

#[test]
fn rolled_back_account_fails_the_snapshot() {
    let (_directory, path) = workplace();
    begun(&path).close().unwrap();
    make_database(&path, "CREATE TRIGGER refuse AFTER UPDATE ON runs_ledger BEGIN SELECT RAISE(ROLLBACK, 'no'); END");
    let before = dump(&path);
    save(&path, &accounted(mixed())).unwrap_err();
    assert_eq!(dump(&path), before);
}

#[test]
fn removed_snapshot_number_is_never_reused() {
    let (_directory, path) = workplace();
    begun(&path).close().unwrap();
    save(&path, &faultless()).unwrap();
    save(&path, &accounted(faultless())).unwrap();
    make_database(&path, "DELETE FROM records WHERE run_id = 2; DELETE FROM runs WHERE id = 2");
    assert_eq!(save(&path, &faultless()).unwrap().run_id.0, 3);
    make_database(&path, "DELETE FROM records; DELETE FROM runs");
    assert_eq!(save(&path, &faultless()).unwrap().run_id.0, 3);
}

#[test]
fn unusable_numbers_do_not_block_saving() {
    let (_directory, path) = workplace();
    begun(&path).close().unwrap();
    for (wrong, expected) in [("'many'", 1), ("9223372036854775807", 2), ("2.5", 3), ("-4", 4)] {
        make_database(&path, &format!("UPDATE runs_ledger SET snapshot_id = {wrong}"));
        assert_eq!(save(&path, &faultless()).unwrap().run_id.0, expected, "{wrong}");
    }
    make_database(&path, "PRAGMA foreign_keys = OFF; UPDATE runs SET id = 9223372036854775807 WHERE id = 4");
    let saved = save(&path, &faultless()).unwrap();
    assert!(saved.run_id.0 > 0);
}
