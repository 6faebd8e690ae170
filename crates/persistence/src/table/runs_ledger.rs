//! The table `runs_ledger`: one row an invocation, whatever becomes of it.

use super::Table;

pub(crate) const TABLE: Table = Table {
    name: "runs_ledger",
    // No reference to `runs`: the row stays when its snapshot is pruned.
    create: "
CREATE TABLE IF NOT EXISTS runs_ledger (
    run_id TEXT PRIMARY KEY NOT NULL,
    subject TEXT NOT NULL,
    notes TEXT,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    status TEXT NOT NULL,
    snapshot_id INTEGER,
    error TEXT,
    closed_by TEXT,
    command TEXT NOT NULL,
    tool_version TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    root_path TEXT,
    code_ref TEXT,
    code_ref_note TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    telemetry_recorded INTEGER,
    telemetry_written INTEGER,
    telemetry_dropped INTEGER
)",
    indexes: &[],
    insert: "
INSERT INTO runs_ledger (run_id, subject, notes, started_at, status, command, tool_version, host, pid, root_path,
                         code_ref, code_ref_note, trace_id)
VALUES (?1, ?2, ?3, ?4, 'running', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (run_id) DO NOTHING",
};
