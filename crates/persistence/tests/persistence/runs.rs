//! Queries over the accounts: order, names, details and sums.

mod details;
mod find;
mod list;

use std::path::Path;

use cds_persistence::{Invocation, InvocationFilter, SqliteReader};

use crate::{
    reader::read,
    samples::{asked, make_database, mixed, open, save},
};

/// The id of an invocation; ids of different numbers differ in their first digits.
pub(crate) fn ledger_id(number: u8) -> String {
    format!("{number:02x}5f3e00-0000-7000-8000-000000000000")
}

/// The id of a stage by its position in an invocation.
pub(crate) fn stage_id(number: u8, place: u8) -> String {
    format!("{number:02x}5f3e00-0000-7000-8000-0000000000a{place}")
}

/// A row of the ledger; `snapshot` is a number or `NULL`.
pub(crate) fn ledger_row(number: u8, project: &str, started_at: &str, status: &str, snapshot: &str) -> String {
    let id = ledger_id(number);
    format!(
        "INSERT INTO runs_ledger (run_id, subject, started_at, status, snapshot_id, command, tool_version, host, pid,
                                  code_ref_note, trace_id)
         VALUES ('{id}', '{project}', '{started_at}', '{status}', {snapshot}, 'persist', '0.1.0', 'host', 7, 'none',
                 '0af7651916cd43dd8448eb211c80319c');"
    )
}

/// A stage row; `ended` are duration, calls and tokens.
pub(crate) fn stage_row(number: u8, place: u8, stage: &str, status: &str, ended: &str) -> String {
    let (id, ledger_id) = (stage_id(number, place), ledger_id(number));
    format!(
        "INSERT INTO stage_runs (run_id, ledger_id, stage, status, source, code_ref_note, config_hash, started_at,
                                 duration_seconds, llm_calls, tokens, trace_id)
         VALUES ('{id}', '{ledger_id}', '{stage}', '{status}', 'executed', '', 'sha256:', '2026-11-2{place}',
                 {ended}, '0af7651916cd43dd8448eb211c80319c');"
    )
}

/// A telemetry row of the invocation with this number.
pub(crate) fn telemetry_row(number: u8, log_type: &str, subject: &str, details: &str) -> String {
    let id = ledger_id(number);
    format!(
        "INSERT INTO telemetry (ledger_id, recorded_at, log_type, subject, event_details)
         VALUES ('{id}', '2026-11-20T09:20:00.000Z', '{log_type}', {subject}, '{details}');"
    )
}

/// Five snapshots and six invocations. The clock went back before the fourth invocation.
///
/// In the order of writing: ledger 1 failed, ledger 2 has snapshot 2, ledger 3 is running, ledger 4 has snapshot 4,
/// ledger 5 was interrupted, ledger 6 names the pruned snapshot 9. Snapshots 1, 3 and 5 have no account.
pub(crate) fn six_runs(path: &Path) {
    for number in 1..=5 {
        save(path, &if number == 2 { asked() } else { mixed() }).unwrap();
    }
    let rows = [
        ledger_row(1, "shop", "2026-11-20T01:00:00.000Z", "failed", "NULL"),
        ledger_row(2, "shop", "2026-11-20T02:00:00.000Z", "completed_with_errors", "2"),
        ledger_row(3, "mill", "2026-11-20T03:00:00.000Z", "running", "NULL"),
        ledger_row(4, "mill", "1970-01-01T00:00:00.000Z", "completed", "4"),
        ledger_row(5, "shop", "2026-11-20T05:00:00.000Z", "interrupted", "NULL"),
        ledger_row(6, "shop", "2026-11-20T06:00:00.000Z", "completed", "9"),
        stage_row(2, 1, "analyze", "completed", "1.5, NULL, NULL"),
        stage_row(2, 2, "enrich", "completed_with_errors", "2.5, 4, 900"),
        stage_row(5, 1, "analyze", "completed", "0.5, NULL, NULL"),
        stage_row(5, 2, "enrich", "interrupted", "7, 3, 100"),
        stage_row(6, 1, "analyze", "running", "NULL, NULL, NULL"),
    ];
    make_database(path, &rows.concat());
}

/// A short name: `L` and the number in the ledger id, or `S` and the number of the snapshot.
pub(crate) fn short(invocation: &Invocation) -> String {
    match &invocation.ledger {
        Some(row) => format!("L{}", u8::from_str_radix(&row.run_id[..2], 16).unwrap()),
        None => format!("S{}", invocation.snapshot_id.unwrap()),
    }
}

pub(crate) fn shorts(reader: &SqliteReader, filter: &InvocationFilter) -> Vec<String> {
    reader.invocations(filter).unwrap().iter().map(short).collect()
}

/// An empty database with every table.
pub(crate) fn empty(path: &Path) -> SqliteReader {
    open(path).unwrap().close().unwrap();
    read(path).unwrap()
}
