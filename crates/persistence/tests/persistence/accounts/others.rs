//! Accounts of other programs, in any SQLite file.

use cds_model::{AccountStatus, CodeRef, LedgerId, RunDetails, RunEnd, RunStart, StageRunId, Timestamp};
use cds_persistence::{AccountError, Error, OpenOptions, OtherStageEnd, SqliteAccounts, SqliteReader, StageFilter};
use rusqlite::Connection;

use crate::samples::workplace;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_unix_milliseconds(milliseconds)
}

fn id() -> LedgerId {
    "019a9f3e-1c2b-7def-8123-456789abcdef".parse().unwrap()
}

fn stage(number: u8) -> StageRunId {
    format!("019a9f3e-0000-7000-8000-00000000000{number}").parse().unwrap()
}

fn start() -> RunStart {
    RunStart {
        id: id(),
        subject: "nightly".to_owned(),
        notes: String::new(),
        started_at: at(0),
        command: "make".to_owned(),
        tool_version: String::new(),
        host: String::new(),
        pid: 0,
        root_path: None,
        code_ref: CodeRef::default(),
        trace_id: String::new(),
    }
}

fn end(status: AccountStatus, finished_at: i64) -> OtherStageEnd {
    OtherStageEnd { status, finished_at: at(finished_at), error: None, rows_in: None, rows_out: Some(4) }
}

fn open_any(path: &std::path::Path) -> SqliteAccounts {
    SqliteAccounts::open_any(path, &OpenOptions::default()).unwrap()
}

#[test]
fn any_file_can_hold_a_ledger() {
    let (_directory, path) = workplace();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (7); PRAGMA application_id = 9")
        .unwrap();
    drop(connection);
    assert!(matches!(SqliteReader::open(&path, &OpenOptions::default()), Err(Error::AnotherProgram { .. })));
    let mut accounts = open_any(&path);
    accounts.start_run(&start(), &RunDetails { expires_at: Some(at(60_000)), ..RunDetails::default() }).unwrap();
    let first = accounts.start_other_stage(stage(1), id(), "load", at(1_000), Some(5)).unwrap();
    assert_eq!(accounts.start_other_stage(stage(2), id(), "load", at(2_000), None).unwrap(), first);
    let ended = accounts.finish_other_stage(id(), "load", &end(AccountStatus::Completed, 2_500)).unwrap();
    assert_eq!(ended, (first.clone(), "completed".to_owned()));
    let again = accounts.finish_other_stage(id(), "load", &end(AccountStatus::Failed, 9_000)).unwrap();
    assert_eq!(again, ended, "the first end is kept");
    accounts.close().unwrap();

    let connection = Connection::open(&path).unwrap();
    let stored: (i64, f64, i64, i64) = connection
        .query_row("SELECT orders.id, duration_seconds, rows_in, rows_out FROM orders, stage_runs", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    assert_eq!(stored, (7, 1.5, 5, 4));
    let tables: i64 = connection
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('runs', 'records')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(tables, 0, "it does not become a database of snapshots");
}

#[test]
fn new_ledger_file_is_readable() {
    let (_directory, path) = workplace();
    let mut accounts = open_any(&path);
    accounts.start_run(&start(), &RunDetails::default()).unwrap();
    let run_end =
        |status| RunEnd { id: id(), status, finished_at: at(9), snapshot_id: None, notes: String::new(), error: None };
    accounts.mark_run_finished(&run_end(AccountStatus::CompletedWithErrors)).unwrap();
    accounts.mark_run_finished(&run_end(AccountStatus::Failed)).unwrap();
    let ended = accounts.start_other_stage(stage(1), id(), "late", at(10), None);
    assert!(matches!(ended, Err(AccountError::RunEnded { status, .. }) if status == "completed_with_errors"));
    let unknown = accounts.finish_other_stage(id(), "never", &end(AccountStatus::Completed, 10));
    assert!(matches!(unknown, Err(AccountError::UnknownOtherStage { .. })));
    let other = "019a9f3e-0000-7000-8000-000000000009".parse().unwrap();
    assert!(matches!(
        accounts.start_other_stage(stage(1), other, "x", at(1), None),
        Err(AccountError::UnknownRun { .. })
    ));
    assert!(accounts.join_run(&start()).unwrap().is_none(), "no program holds it open");
    accounts.close().unwrap();
    let reader = SqliteReader::open(&path, &OpenOptions::default()).unwrap();
    assert_eq!(
        reader.invocations(&cds_persistence::InvocationFilter::default()).unwrap()[0].status(),
        "completed_with_errors"
    );
    assert!(reader.stage_runs(&StageFilter::default()).unwrap().is_empty());
}

#[test]
fn heartbeats_extend_the_expiry() {
    let (_directory, path) = workplace();
    let mut accounts = open_any(&path);
    accounts.start_run(&start(), &RunDetails { expires_at: Some(at(60_000)), ..RunDetails::default() }).unwrap();
    let close =
        |accounts: &mut SqliteAccounts, now| accounts.mark_interrupted("cds test", "expired", at(now), None).unwrap();
    assert!(close(&mut accounts, 59_000).is_empty());
    accounts.renew(id(), at(50_000)).unwrap();
    assert!(close(&mut accounts, 109_000).is_empty());
    accounts.renew(id(), at(90_000)).unwrap();
    assert!(close(&mut accounts, 149_000).is_empty());
    assert_eq!(close(&mut accounts, 151_000), [id().to_string()]);
    let reader = SqliteReader::open(&path, &OpenOptions::default()).unwrap();
    let found = reader.invocations(&cds_persistence::InvocationFilter::default()).unwrap();
    let error = found[0].ledger.as_ref().unwrap().error.clone().unwrap();
    assert_eq!(error, "it was held open until 1970-01-01T00:02:30.000Z and has no end");
}

#[test]
fn joining_run_fills_in_commit() {
    let (_directory, path) = workplace();
    let mut accounts = open_any(&path);
    let held = RunStart { trace_id: "0af7".to_owned(), notes: "nightly".to_owned(), ..start() };
    accounts.start_run(&held, &RunDetails { expires_at: Some(at(60_000)), ..RunDetails::default() }).unwrap();
    let part = |commit: &str, root: &str, notes: &str| RunStart {
        subject: "another name".to_owned(),
        started_at: at(10_000),
        root_path: Some(root.to_owned()),
        code_ref: CodeRef { commit: Some(commit.to_owned()), note: format!("{commit} is read") },
        notes: notes.to_owned(),
        ..start()
    };
    let expected = Some(("nightly".to_owned(), "0af7".to_owned()));
    assert_eq!(accounts.join_run(&part("c0ffee", "/srv/a", "first part")).unwrap(), expected);
    assert_eq!(accounts.join_run(&part("beef", "/srv/b", "")).unwrap(), expected);
    accounts.attach_snapshot(id(), 7).unwrap();

    let reader = SqliteReader::open(&path, &OpenOptions::default()).unwrap();
    let found = reader.invocations(&cds_persistence::InvocationFilter::default()).unwrap();
    let [run] = &found[..] else { panic!("{found:?}") };
    let row = run.ledger.as_ref().unwrap();
    assert_eq!((row.subject.as_str(), row.status.as_str(), &row.finished_at), ("nightly", "running", &None));
    assert_eq!((row.code_ref.as_deref(), row.code_ref_note.as_str()), (Some("c0ffee"), "c0ffee is read"));
    assert_eq!((row.root_path.as_deref(), row.notes.as_deref()), (Some("/srv/a"), Some("nightly\nfirst part")));
    assert_eq!(run.snapshot_id.map(|snapshot| snapshot.0), Some(7));
    assert_eq!(run.details.as_ref().unwrap().expires_at, Some(at(70_000).to_string()), "it was extended");
}

#[test]
fn unknown_run_takes_no_snapshot() {
    let (_directory, path) = workplace();
    let mut accounts = open_any(&path);
    let refused = accounts.attach_snapshot(id(), 7);
    assert!(
        matches!(&refused, Err(AccountError::UnknownRun { id: found }) if *found == id().to_string()),
        "{refused:?}"
    );
    let refused = accounts.finish_other_stage(id(), "load", &end(AccountStatus::Completed, 1));
    assert!(matches!(refused, Err(AccountError::UnknownRun { .. })), "{refused:?}");
    assert!(accounts.join_run(&start()).unwrap().is_none());
}
