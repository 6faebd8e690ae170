//! The table `telemetry`: what happened in an invocation.

use super::{Index, Table};

pub(crate) const TABLE: Table = Table {
    name: "telemetry",
    create: "
CREATE TABLE IF NOT EXISTS telemetry (
    id INTEGER PRIMARY KEY,
    ledger_id TEXT NOT NULL REFERENCES runs_ledger(run_id),
    recorded_at TEXT NOT NULL,
    log_type TEXT NOT NULL,
    subject TEXT,
    event_details TEXT NOT NULL,
    error_metadata TEXT
)",
    indexes: &[Index {
        column: "ledger_id",
        create: "CREATE INDEX IF NOT EXISTS idx_telemetry_ledger_id ON telemetry(ledger_id)",
    }],
    insert: "
INSERT INTO telemetry (ledger_id, recorded_at, log_type, subject, event_details, error_metadata)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
};
