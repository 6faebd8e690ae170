//! The details of a run: its request, its heartbeats and its role.

use cds_model::{AccountStatus, Heartbeat, RunDetails, RunRole};
use cds_persistence::{AccountError, Invocation, OpenOptions, SqliteAccounts, SqliteReader};

use super::{accounts, begun, end, ends, ledger_id, start};
use crate::samples::{at, dump, make_database, workplace};

fn found(path: &std::path::Path, name: &str) -> Invocation {
    SqliteReader::open(path, &OpenOptions::default()).unwrap().resolve_run(name).unwrap()
}

#[test]
fn request_and_heartbeat_are_kept() {
    let (_directory, path) = workplace();
    drop(crate::samples::open(&path).unwrap());
    let mut accounts = accounts(&path);
    let request = Some(r#"{"command":"persist"}"#.to_owned());
    let details = RunDetails { role: RunRole::Run, request: request.clone(), expires_at: Some(at(99)) };
    accounts.start_run(&start(1), &details).unwrap();
    accounts.beat(ledger_id(1), &Heartbeat { at: at(5), answered: Some(3), selected: Some(7) }).unwrap();
    accounts.beat(ledger_id(1), &Heartbeat { at: at(6), answered: None, selected: None }).unwrap();

    let row = found(&path, "latest").details.unwrap();
    assert_eq!((row.role.as_str(), row.request), ("run", request));
    assert_eq!((row.heartbeat_at, row.expires_at), (Some(at(6).to_string()), Some(at(99).to_string())));
    assert_eq!((row.answered_count, row.selected_count), (Some(3), Some(7)));
    // A second start with the same id is the same run.
    accounts.start_run(&start(1), &RunDetails::default()).unwrap();
    assert!(found(&path, "latest").details.unwrap().request.is_some());
    let unknown = accounts.beat(ledger_id(2), &Heartbeat { at: at(6), answered: None, selected: None });
    assert!(matches!(unknown, Err(AccountError::UnknownRun { .. })), "{unknown:?}");
}

#[test]
fn latest_counts_neither_checks_nor_upkeep() {
    let (_directory, path) = workplace();
    let mut accounts = begun(&path);
    for (number, role) in [(2, RunRole::Check), (3, RunRole::Upkeep)] {
        let details = RunDetails { role, ..RunDetails::default() };
        accounts.record_run(&start(number), &details, &end(number, AccountStatus::Failed, 4)).unwrap();
    }
    assert_eq!(ends(&path).len(), 3);
    assert_eq!(found(&path, "latest").name(), ledger_id(1).to_string());
    assert_eq!(found(&path, &ledger_id(3).to_string()).status(), "failed");
}

#[test]
fn accounts_of_earlier_version_continue() {
    let (_directory, path) = workplace();
    drop(begun(&path));
    make_database(&path, "DROP TABLE ledger_details");
    let before = dump(&path);
    let old = found(&path, "latest");
    assert_eq!((old.status(), &old.details), ("running", &None));
    assert_eq!(dump(&path), before, "a reader changes nothing");

    let mut accounts: SqliteAccounts = accounts(&path);
    accounts.beat(ledger_id(1), &Heartbeat { at: at(5), answered: None, selected: None }).unwrap();
    accounts.start_run(&start(2), &RunDetails::default()).unwrap();
    assert_eq!(found(&path, "latest~1").details.unwrap().heartbeat_at, Some(at(5).to_string()));
    accounts.mark_run_finished(&end(1, AccountStatus::Completed, 6)).unwrap();
    assert_eq!(found(&path, "latest~1").status(), "completed");
}

#[test]
fn damaged_details_hide_no_run() {
    let (_directory, path) = workplace();
    drop(begun(&path));
    make_database(
        &path,
        "UPDATE ledger_details SET role = x'00ff', request = x'07', heartbeat_at = x'ff', answered_count = 'x'",
    );
    let row = found(&path, "latest").details.unwrap();
    assert_eq!((row.role.as_str(), row.request, row.heartbeat_at, row.answered_count), ("", None, None, None));
}

#[test]
fn telemetry_connection_writes_heartbeats() {
    let (_directory, path) = workplace();
    let mut sink = begun(&path).into_telemetry_sink(ledger_id(1));
    sink.beat(&Heartbeat { at: at(5), answered: Some(3), selected: Some(7) }).unwrap();
    sink.beat(&Heartbeat { at: at(8), answered: Some(4), selected: None }).unwrap();
    sink.close().unwrap();
    let row = found(&path, "latest").details.unwrap();
    assert_eq!((row.heartbeat_at, row.answered_count, row.selected_count), (Some(at(8).to_string()), Some(4), Some(7)));
    let mut unknown = accounts(&path).into_telemetry_sink(ledger_id(2));
    let refused = unknown.beat(&Heartbeat { at: at(9), answered: None, selected: None });
    assert!(matches!(refused, Err(cds_persistence::Error::RowIgnored { .. })), "{refused:?}");
}
