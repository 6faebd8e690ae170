//! The accounts of runs: each start has one end, alone or with its snapshot, and no account costs a snapshot.

mod details;
mod files;
mod others;
mod with_snapshot;

use std::{path::Path, time::Duration};

use cds_model::{
    AccountStatus, CodeRef, Fingerprint, LedgerId, RunEnd, RunStart, Stage, StageEnd, StageRunId, StageSource,
    StageStart, TelemetryCounts,
};
use cds_persistence::{AccountError, Error, SqliteAccounts};
use rusqlite::Connection;

use crate::samples::{at, chain_about, dump, open, texts, waiting, workplace};

pub(crate) fn ledger_id(number: u32) -> LedgerId {
    format!("019a9f3e-0000-7000-8000-{number:012}").parse().unwrap()
}

fn stage_id(number: u32) -> StageRunId {
    format!("019a9f3f-0000-7000-8000-{number:012}").parse().unwrap()
}

pub(crate) fn start(number: u32) -> RunStart {
    RunStart {
        id: ledger_id(number),
        subject: "code".to_owned(),
        notes: String::new(),
        started_at: at(i64::from(number)),
        command: "persist".to_owned(),
        tool_version: "0.1.0".to_owned(),
        host: "here".to_owned(),
        pid: 4_000_000_000,
        root_path: Some("/srv/code".to_owned()),
        code_ref: CodeRef { commit: Some("c0ffee-dirty".to_owned()), note: "read from .git".to_owned() },
        trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
    }
}

fn end(number: u32, status: AccountStatus, seconds: i64) -> RunEnd {
    let error = (status != AccountStatus::Completed).then(|| format!("because of {seconds}"));
    RunEnd { id: ledger_id(number), status, finished_at: at(seconds), snapshot_id: None, notes: String::new(), error }
}

/// The start of a stage of the run with the same number.
fn stage_start(number: u32, stage: Stage) -> StageStart {
    StageStart {
        id: stage_id(number),
        ledger_id: ledger_id(number),
        stage,
        started_at: at(i64::from(number)),
        code_ref: CodeRef::default(),
        config_hash: Fingerprint([1; 32]),
        input_fingerprint: Some(Fingerprint([2; 32])),
        rows_in: Some(7),
        trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
    }
}

fn stage_end(number: u32, status: AccountStatus) -> StageEnd {
    StageEnd {
        id: stage_id(number),
        status,
        source: StageSource::Executed,
        error: None,
        input_fingerprint: None,
        finished_at: at(90),
        duration: Duration::from_millis(1_500),
        rows_in: None,
        rows_out: Some(5),
        llm_calls: Some(u64::MAX),
        tokens: None,
    }
}

/// The accounts of a database that is created first.
pub(crate) fn accounts(path: &Path) -> SqliteAccounts {
    open(path).unwrap().close().unwrap();
    SqliteAccounts::open(path, &waiting(0)).unwrap()
}

/// A database with the start of run 1 and of its stage.
fn begun(path: &Path) -> SqliteAccounts {
    let mut accounts = accounts(path);
    accounts.mark_run_started(&start(1)).unwrap();
    accounts.begin_stage(&stage_start(1, Stage::Persist)).unwrap();
    accounts
}

/// The ends of the runs, in order.
fn ends(path: &Path) -> Vec<String> {
    texts(
        &Connection::open(path).unwrap(),
        "SELECT concat_ws('|', CAST(substr(run_id, -6) AS INTEGER), status, strftime('%s', finished_at),
                quote(error), quote(closed_by), quote(notes), quote(snapshot_id))
         FROM runs_ledger ORDER BY run_id",
    )
}

fn stage_ends(path: &Path) -> Vec<String> {
    texts(
        &Connection::open(path).unwrap(),
        "SELECT concat_ws('|', stage, status, strftime('%s', finished_at), quote(error), quote(duration_seconds))
         FROM stage_runs ORDER BY run_id",
    )
}

#[test]
fn start_is_written_at_once() {
    let (_directory, path) = workplace();
    let mut accounts = accounts(&path);
    accounts.mark_run_started(&start(1)).unwrap();
    let row = texts(
        &Connection::open(&path).unwrap(),
        "SELECT concat_ws('|', run_id, subject, quote(notes), started_at, quote(finished_at), status, command,
                tool_version, host, pid, root_path, code_ref, code_ref_note, trace_id, quote(telemetry_recorded))
         FROM runs_ledger",
    );
    assert_eq!(
        row,
        ["019a9f3e-0000-7000-8000-000000000001|code|NULL|1970-01-01T00:00:01.000Z|NULL|running|persist|0.1.0|here\
          |4000000000|/srv/code|c0ffee-dirty|read from .git|0af7651916cd43dd8448eb211c80319c|NULL"]
    );
}

#[test]
fn repeated_start_changes_nothing() {
    let (_directory, path) = workplace();
    let mut accounts = accounts(&path);
    accounts.mark_run_started(&start(1)).unwrap();
    let before = dump(&path);
    let later = RunStart { started_at: at(50), notes: "again".to_owned(), host: "there".to_owned(), ..start(1) };
    accounts.mark_run_started(&later).unwrap();
    assert_eq!(dump(&path), before);

    let other = RunStart { subject: "another".to_owned(), ..start(1) };
    let error = accounts.mark_run_started(&other).unwrap_err();
    assert!(matches!(error, AccountError::OtherSubject { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "start run 019a9f3e-0000-7000-8000-000000000001: the ledger has this id for project \"code\", not \"another\""
    );
    assert_eq!(dump(&path), before);

    accounts.mark_run_finished(&end(1, AccountStatus::Failed, 60)).unwrap();
    accounts.mark_run_started(&start(1)).unwrap();
    assert_eq!(ends(&path), ["1|failed|60|'because of 60'|NULL|NULL|NULL"]);
}

#[test]
fn first_end_of_run_stays() {
    let (_directory, path) = workplace();
    let mut accounts = accounts(&path);
    accounts.mark_run_started(&RunStart { notes: "nightly".to_owned(), ..start(1) }).unwrap();
    accounts.mark_run_finished(&end(1, AccountStatus::Failed, 60)).unwrap();
    assert_eq!(ends(&path), ["1|failed|60|'because of 60'|NULL|'nightly'|NULL"]);
    accounts.mark_run_finished(&end(1, AccountStatus::Failed, 60)).unwrap();

    let second = RunEnd { notes: "looked at".to_owned(), ..end(1, AccountStatus::Completed, 70) };
    accounts.mark_run_finished(&second).unwrap();
    assert_eq!(ends(&path), ["1|failed|60|'because of 60'|NULL|'looked at'|NULL"]);
}

#[test]
fn unknown_ids_are_errors() {
    let (_directory, path) = workplace();
    let mut accounts = accounts(&path);
    accounts.mark_run_started(&start(1)).unwrap();
    let before = dump(&path);
    for error in [
        accounts.mark_run_finished(&end(2, AccountStatus::Completed, 60)).unwrap_err(),
        accounts.append_note(&ledger_id(2).to_string(), "x").unwrap_err(),
        accounts.set_telemetry_counts(ledger_id(2), TelemetryCounts::default()).unwrap_err(),
    ] {
        assert_eq!(error.to_string(), "no run 019a9f3e-0000-7000-8000-000000000002 in the ledger");
        assert!(matches!(error, AccountError::UnknownRun { .. }), "{error:?}");
    }
    let error = accounts.append_note("019a9f3e", "x").unwrap_err();
    assert_eq!(error.to_string(), "no run 019a9f3e in the ledger");
    let error = accounts.end_stage(&stage_end(1, AccountStatus::Completed)).unwrap_err();
    assert_eq!(
        chain_about(&path, &error),
        "write the end of the stage: database DB has no start of stage run 019a9f3f-0000-7000-8000-000000000001"
    );
    let error = accounts.begin_stage(&stage_start(2, Stage::Build)).unwrap_err();
    assert_eq!(
        chain_about(&path, &error),
        "write the start of stage build in database DB: FOREIGN KEY constraint failed (SQLite error 787)"
    );
    assert_eq!(dump(&path), before);
}

#[test]
fn notes_are_appended_and_kept() {
    let (_directory, path) = workplace();
    let mut accounts = accounts(&path);
    accounts.mark_run_started(&start(1)).unwrap();
    let id = ledger_id(1).to_string();
    for note in ["first", "", "it's\nthe second"] {
        accounts.append_note(&id, note).unwrap();
    }
    accounts.mark_run_finished(&end(1, AccountStatus::Completed, 60)).unwrap();
    accounts.append_note(&id, "after the end").unwrap();
    let notes = texts(&Connection::open(&path).unwrap(), "SELECT notes FROM runs_ledger");
    assert_eq!(notes, ["first\nit's\nthe second\nafter the end"]);
}

#[test]
fn open_runs_are_interrupted_with_stages() {
    let (_directory, path) = workplace();
    let mut accounts = accounts(&path);
    assert!(accounts.mark_interrupted("persist", "no process is left", at(99), None).unwrap().is_empty());
    for (number, stage) in [(1, Stage::Analyze), (2, Stage::Build), (3, Stage::Enrich), (4, Stage::Persist)] {
        accounts.mark_run_started(&start(number)).unwrap();
        accounts.begin_stage(&stage_start(number, stage)).unwrap();
    }
    accounts.end_stage(&stage_end(1, AccountStatus::Completed)).unwrap();
    accounts.mark_run_finished(&end(2, AccountStatus::Failed, 50)).unwrap();

    let ids = accounts.mark_interrupted("persist", "no process is left", at(99), Some(ledger_id(4))).unwrap();
    assert_eq!(ids, [ledger_id(1), ledger_id(3)].map(|id| id.to_string()));
    assert_eq!(
        ends(&path),
        [
            "1|interrupted|99|'no process is left'|'persist'|NULL|NULL",
            "2|failed|50|'because of 50'|NULL|NULL|NULL",
            "3|interrupted|99|'no process is left'|'persist'|NULL|NULL",
            "4|running|NULL|NULL|NULL|NULL",
        ]
    );
    assert_eq!(
        stage_ends(&path),
        [
            "analyze|completed|90|NULL|1.5",
            "build|failed|50|'because of 50'|NULL",
            "enrich|interrupted|99|'no process is left'|NULL",
            "persist|running|NULL|NULL",
        ]
    );
    assert!(accounts.mark_interrupted("persist", "again", at(100), Some(ledger_id(4))).unwrap().is_empty());
}

#[test]
fn open_stage_of_run_is_interrupted() {
    let (_directory, path) = workplace();
    let mut accounts = accounts(&path);
    accounts.mark_run_started(&start(1)).unwrap();
    accounts.begin_stage(&stage_start(1, Stage::Build)).unwrap();
    accounts.mark_run_finished(&end(1, AccountStatus::Completed, 50)).unwrap();
    assert!(accounts.mark_interrupted("persist", "no process is left", at(99), None).unwrap().is_empty());
    assert_eq!(
        stage_ends(&path),
        ["build|interrupted|50|'the end of this stage was not written; its run ended as completed'|NULL"]
    );
}

#[test]
fn final_status_replaces_inferred_interruption() {
    let (_directory, path) = workplace();
    let mut accounts = accounts(&path);
    accounts.mark_run_started(&start(1)).unwrap();
    accounts.mark_interrupted("persist", "no process is left", at(99), None).unwrap();
    accounts.mark_run_finished(&end(1, AccountStatus::Failed, 120)).unwrap();
    assert_eq!(ends(&path), ["1|failed|120|'because of 120'|NULL|NULL|NULL"]);
    accounts.mark_run_finished(&end(1, AccountStatus::Completed, 130)).unwrap();
    assert_eq!(ends(&path), ["1|failed|120|'because of 120'|NULL|NULL|NULL"]);
}

#[test]
fn later_stage_end_keeps_known_values() {
    let (_directory, path) = workplace();
    let mut accounts = accounts(&path);
    accounts.mark_run_started(&start(1)).unwrap();
    accounts.begin_stage(&stage_start(1, Stage::Enrich)).unwrap();
    accounts.begin_stage(&StageStart { started_at: at(70), ..stage_start(1, Stage::Enrich) }).unwrap();
    let error = accounts.begin_stage(&stage_start(1, Stage::Build)).unwrap_err();
    assert!(matches!(error, Error::RowIgnored { .. }), "{error:?}");

    accounts.end_stage(&stage_end(1, AccountStatus::Completed)).unwrap();
    let row = "SELECT concat_ws('|', stage, status, source, input_fingerprint, started_at, rows_in, rows_out,
                      duration_seconds, llm_calls, quote(tokens)) FROM stage_runs";
    let [two, three] = [2, 3].map(|byte| Fingerprint([byte; 32]));
    let largest = i64::MAX;
    assert_eq!(
        texts(&Connection::open(&path).unwrap(), row),
        [format!("enrich|completed|executed|{two}|1970-01-01T00:00:01.000Z|7|5|1.5|{largest}|NULL")]
    );
    let later = StageEnd {
        source: StageSource::Checkpoint,
        input_fingerprint: Some(three),
        rows_in: Some(8),
        duration: Duration::from_secs(2),
        llm_calls: Some(0),
        ..stage_end(1, AccountStatus::CompletedWithErrors)
    };
    accounts.end_stage(&later).unwrap();
    assert_eq!(
        texts(&Connection::open(&path).unwrap(), row),
        [format!("enrich|completed_with_errors|checkpoint|{three}|1970-01-01T00:00:01.000Z|8|5|2.0|0|NULL")]
    );
}

#[test]
fn checkpoint_matches_input_and_configuration() {
    let (_directory, path) = workplace();
    let mut accounts = accounts(&path);
    let [config, input] = [1, 2].map(|byte| Fingerprint([byte; 32]));
    let found = |accounts: &SqliteAccounts| accounts.find_checkpoint(Stage::Build, input, config).unwrap();
    for number in 1..=5 {
        accounts.mark_run_started(&start(number)).unwrap();
    }
    for (number, status) in [(1, None), (2, Some(AccountStatus::Failed)), (3, Some(AccountStatus::CompletedWithErrors))]
    {
        accounts.begin_stage(&stage_start(number, Stage::Build)).unwrap();
        if let Some(status) = status {
            accounts.end_stage(&stage_end(number, status)).unwrap();
        }
        assert_eq!(found(&accounts), None, "{status:?}");
    }
    accounts.begin_stage(&stage_start(4, Stage::Build)).unwrap();
    accounts.end_stage(&stage_end(4, AccountStatus::Completed)).unwrap();
    accounts.begin_stage(&stage_start(5, Stage::Build)).unwrap();
    let answered = StageEnd { source: StageSource::Checkpoint, ..stage_end(5, AccountStatus::Completed) };
    accounts.end_stage(&answered).unwrap();

    assert_eq!(found(&accounts), Some(stage_id(4).to_string()));
    assert_eq!(accounts.find_checkpoint(Stage::Analyze, input, config).unwrap(), None);
    assert_eq!(accounts.find_checkpoint(Stage::Build, config, config).unwrap(), None);
    assert_eq!(accounts.find_checkpoint(Stage::Build, input, input).unwrap(), None);
}
