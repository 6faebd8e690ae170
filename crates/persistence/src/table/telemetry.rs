//! The table `telemetry`: the events of an invocation.

use cds_model::TelemetryEntry;
use rusqlite::{Result, Statement, params};

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
        columns: "ledger_id",
        create: "CREATE INDEX IF NOT EXISTS idx_telemetry_ledger_id ON telemetry(ledger_id)",
    }],
    guards: &[],
    insert: "
INSERT INTO telemetry (ledger_id, recorded_at, log_type, subject, event_details, error_metadata)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
};

/// Inserts one entry of the run `ledger_id`; returns the number of rows written.
pub(crate) fn insert(statement: &mut Statement<'_>, ledger_id: &str, entry: &TelemetryEntry) -> Result<usize> {
    statement.execute(params![
        ledger_id,
        entry.recorded_at.to_string(),
        entry.log_type.as_str(),
        entry.subject,
        entry.event_details,
        entry.error_metadata,
    ])
}
