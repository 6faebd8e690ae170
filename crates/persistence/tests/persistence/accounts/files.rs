//! Accounts in files of other programs, and with other writers.

use cds_model::{AccountStatus, Fingerprint, Stage};
use cds_persistence::{AccountError, Error, SqliteAccounts};
use rusqlite::Connection;

use super::{accounts, begun, end, ends, stage_ends, stage_start, start};
use crate::samples::{CONTRACT, dump, make_database, names_in, texts, waiting, workplace};

#[test]
fn accounts_keep_content_of_foreign_file() {
    let (directory, path) = workplace();
    make_database(&path, CONTRACT);
    let before = dump(&path);
    let mut accounts = accounts(&path);
    assert_eq!(dump(&path), before);
    assert_eq!(accounts.find_checkpoint(Stage::Build, Fingerprint([0; 32]), Fingerprint([0; 32])).unwrap(), None);
    accounts.mark_run_started(&start(1)).unwrap();
    let after = dump(&path);
    assert!(before.iter().all(|line| after.contains(line)));
    let made = "SELECT name FROM sqlite_schema WHERE name NOT IN ('runs', 'records') AND sql IS NOT NULL ORDER BY name";
    assert_eq!(
        texts(&Connection::open(&path).unwrap(), made),
        [
            "idx_runs_ledger_snapshot_id",
            "idx_stage_runs_input_fingerprint",
            "idx_stage_runs_ledger_id",
            "idx_telemetry_ledger_id",
            "ledger_details",
            "runs_ledger",
            "stage_runs",
            "telemetry",
        ]
    );
    accounts.close().unwrap();
    assert_eq!(names_in(directory.path()), ["code.sqlite"]);
}

#[test]
fn concurrent_schema_change_is_detected() {
    let (_directory, path) = workplace();
    let mut accounts = begun(&path);
    make_database(&path, "ALTER TABLE stage_runs ADD COLUMN mood TEXT");
    let error = accounts.begin_stage(&stage_start(1, Stage::Build)).unwrap_err();
    assert!(matches!(error, Error::SchemaMismatch { table: "stage_runs", .. }), "{error:?}");
    make_database(&path, "DROP TABLE stage_runs");
    accounts.begin_stage(&stage_start(1, Stage::Build)).unwrap();
    assert_eq!(stage_ends(&path), ["build|running|NULL|NULL"]);
}

#[test]
fn accounts_need_an_existing_database() {
    let (_directory, path) = workplace();
    let error = SqliteAccounts::open(&path, &waiting(0)).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error:?}");
    make_database(&path, "");
    std::fs::write(&path, "").unwrap();
    let error = SqliteAccounts::open(&path, &waiting(0)).unwrap_err();
    assert!(matches!(error, Error::NotADatabase { .. }), "{error:?}");

    make_database(&path, &format!("PRAGMA journal_mode = DELETE; {CONTRACT}"));
    let mut accounts = SqliteAccounts::open(&path, &waiting(0)).unwrap();
    accounts.mark_run_started(&start(1)).unwrap();
    accounts.close().unwrap();
    assert_eq!(texts(&Connection::open(&path).unwrap(), "PRAGMA journal_mode"), ["delete"]);
}

#[test]
fn blocking_writer_is_reported() {
    let (_directory, path) = workplace();
    let mut accounts = begun(&path);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = accounts.mark_run_finished(&end(1, AccountStatus::Completed, 60)).unwrap_err();
    assert!(matches!(error, AccountError::Database(Error::Locked { .. })), "{error:?}");
    other.execute_batch("ROLLBACK").unwrap();
    std::thread::spawn(move || accounts.mark_run_finished(&end(1, AccountStatus::Completed, 60)).unwrap())
        .join()
        .unwrap();
    assert_eq!(ends(&path), ["1|completed|60|NULL|NULL|NULL|NULL"]);
}

#[test]
fn ledger_exists_after_its_first_row() {
    let (_directory, path) = workplace();
    make_database(&path, CONTRACT);
    let mut accounts = SqliteAccounts::open(&path, &waiting(0)).unwrap();
    assert!(!accounts.has_ledger().unwrap());
    accounts.mark_run_started(&start(1)).unwrap();
    assert!(accounts.has_ledger().unwrap());
}

#[test]
fn ignored_start_is_an_error() {
    let (_directory, path) = workplace();
    let mut accounts = accounts(&path);
    accounts.mark_run_started(&start(1)).unwrap();
    make_database(&path, "CREATE TRIGGER refuse BEFORE INSERT ON runs_ledger BEGIN SELECT RAISE(IGNORE); END");
    let error = accounts.mark_run_started(&start(2)).unwrap_err();
    assert!(matches!(error, AccountError::Database(Error::RowIgnored { .. })), "{error:?}");
    assert_eq!(ends(&path), ["1|running|NULL|NULL|NULL|NULL"]);
}

#[test]
fn patience_can_be_limited_later() {
    let (_directory, path) = workplace();
    drop(begun(&path));
    let mut accounts = SqliteAccounts::open(&path, &waiting(600_000)).unwrap();
    accounts.limit_patience(std::time::Duration::ZERO);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = accounts.mark_run_finished(&end(1, AccountStatus::Completed, 60)).unwrap_err();
    assert!(matches!(error, AccountError::Database(Error::Locked { .. })), "{error:?}");
}
