//! The table `stage_runs`: one row a stage of an invocation.

use super::{Index, Table};

pub(crate) const TABLE: Table = Table {
    name: "stage_runs",
    create: "
CREATE TABLE IF NOT EXISTS stage_runs (
    run_id TEXT PRIMARY KEY NOT NULL,
    ledger_id TEXT NOT NULL REFERENCES runs_ledger(run_id),
    stage TEXT NOT NULL,
    status TEXT NOT NULL,
    source TEXT NOT NULL,
    error TEXT,
    input_fingerprint TEXT,
    code_ref TEXT,
    code_ref_note TEXT NOT NULL,
    config_hash TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    rows_in INTEGER,
    rows_out INTEGER,
    duration_seconds REAL,
    llm_calls INTEGER,
    tokens INTEGER,
    trace_id TEXT NOT NULL
)",
    indexes: &[
        Index {
            column: "ledger_id",
            create: "CREATE INDEX IF NOT EXISTS idx_stage_runs_ledger_id ON stage_runs(ledger_id)",
        },
        Index {
            column: "input_fingerprint",
            create: "CREATE INDEX IF NOT EXISTS idx_stage_runs_input_fingerprint ON stage_runs(input_fingerprint)",
        },
    ],
    insert: "
INSERT INTO stage_runs (run_id, ledger_id, stage, status, source, input_fingerprint, code_ref, code_ref_note,
                        config_hash, started_at, rows_in, trace_id)
VALUES (?1, ?2, ?3, 'running', 'executed', ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
};
