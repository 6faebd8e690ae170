//! Imported runs: everything of a run arrives once and with proof, or nothing does.

mod log;
mod refused;
mod removed;
mod whole;

use std::path::Path;

use cds_persistence::{
    DatabaseRun, ImportError, ImportPlan, ImportedRun, Persistence as _, RunId, RunIdentity, SqlitePersistence,
    SqliteReader,
};

use crate::samples::{answer, at, make_database, open};

/// The invocation of snapshot 3, with a stage and two telemetry entries.
const ACCOUNTS: &str = "
INSERT INTO runs_ledger (run_id, subject, notes, started_at, finished_at, status, snapshot_id, command, tool_version,
                         host, pid, root_path, code_ref, code_ref_note, trace_id, telemetry_recorded,
                         telemetry_written, telemetry_dropped)
VALUES ('019a9f3f-0000-7000-8000-000000000003', 'shop', 'by night', '2026-11-20T09:20:00.120Z',
        '2026-11-20T09:21:01.000Z', 'completed_with_errors', 3, 'cds persist', '0.1.0', 'ci', 7, '/srv/code',
        'c0ffee', 'from the repository', 'trace', 2, 2, 0);
INSERT INTO stage_runs (run_id, ledger_id, stage, status, source, code_ref_note, config_hash, started_at, rows_in,
                        duration_seconds, trace_id)
VALUES ('019a9f3f-0000-7000-8000-0000000000a3', '019a9f3f-0000-7000-8000-000000000003', 'enrich', 'completed',
        'executed', 'from the repository', 'sha256:00', '2026-11-20T09:20:10.000Z', 9, 1.5, 'trace');
INSERT INTO telemetry (ledger_id, recorded_at, log_type, subject, event_details)
VALUES ('019a9f3f-0000-7000-8000-000000000003', '2026-11-20T09:20:11.000Z', 'llm_call', 'a.py:2', '{}'),
       ('019a9f3f-0000-7000-8000-000000000003', '2026-11-20T09:20:12.000Z', 'llm_reuse', NULL, '{\"n\":1}');";

/// A database of two projects with every kind of row: runs 1 to 7.
fn source(path: &Path) {
    crate::verify::grown(path);
    open(path).unwrap().keep_answers(&[answer(0), answer(2)], at(5)).unwrap();
    make_database(path, ACCOUNTS);
}

fn identity(reader: &SqliteReader, run: i64) -> RunIdentity {
    reader.run_identity(RunId(run)).unwrap().unwrap()
}

fn plan(identity: RunIdentity) -> ImportPlan {
    ImportPlan { identity, project: "elsewhere".to_owned(), peer: "/srv/other.sqlite".to_owned(), at: at(9) }
}

fn import(target: &mut SqlitePersistence, reader: &SqliteReader, run: i64) -> Result<ImportedRun, ImportError> {
    let source = DatabaseRun { reader, run_id: RunId(run) };
    target.import_run(&source, &plan(identity(reader, run)), &|| true)
}

/// Imports every run into the database at `path`, in order.
fn import_all(path: &Path, reader: &SqliteReader) -> Vec<ImportedRun> {
    let mut target = open(path).unwrap();
    let runs = reader.snapshots().unwrap();
    let imported = runs.iter().map(|run| import(&mut target, reader, run.0).unwrap()).collect();
    target.close().unwrap();
    imported
}
