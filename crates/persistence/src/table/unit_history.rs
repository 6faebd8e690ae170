//! The table `unit_history`: the transitions of each definition. Append-only; each row has the hash of the previous
//! one.

use cds_model::{HistoryContext, HistoryLink};
use rusqlite::{Connection, OptionalExtension as _, Result, Statement};

use super::{Index, Table};
use crate::RunId;

pub(crate) const TABLE: Table = Table {
    name: "unit_history",
    create: "
CREATE TABLE IF NOT EXISTS unit_history (
    sequence INTEGER PRIMARY KEY,
    unit_id INTEGER NOT NULL REFERENCES units(id) DEFERRABLE INITIALLY DEFERRED,
    run_id INTEGER NOT NULL,
    transition TEXT NOT NULL,
    previous_content_hash TEXT,
    content_hash TEXT,
    actor TEXT,
    reasoning TEXT,
    metadata TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
)",
    indexes: &[Index {
        columns: "unit_id",
        create: "CREATE INDEX IF NOT EXISTS idx_unit_history_unit_id ON unit_history(unit_id)",
    }],
    guards: &[
        // Also prevents REPLACE and UPSERT of an existing row.
        "CREATE TRIGGER IF NOT EXISTS unit_history_insert BEFORE INSERT ON unit_history
WHEN NEW.sequence IS NOT -1 AND NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM unit_history)
BEGIN SELECT RAISE(FAIL, 'unit_history is append-only: the next row has the next number'); END",
        "CREATE TRIGGER IF NOT EXISTS unit_history_update BEFORE UPDATE ON unit_history
BEGIN SELECT RAISE(ABORT, 'unit_history is append-only'); END",
        "CREATE TRIGGER IF NOT EXISTS unit_history_delete BEFORE DELETE ON unit_history
BEGIN SELECT RAISE(ABORT, 'unit_history is append-only'); END",
    ],
    insert: "
INSERT OR FAIL INTO unit_history (unit_id, run_id, transition, previous_content_hash, content_hash, actor, reasoning,
                          metadata, recorded_at, previous_hash, hash)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
};

const LAST: &str = "SELECT sequence, hash FROM unit_history ORDER BY sequence DESC LIMIT 1";

/// The number and hash of the last row, if there is one.
pub(crate) fn last(connection: &Connection) -> Result<Option<(i64, String)>> {
    connection.query_row(LAST, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// Inserts the rows of one snapshot.
pub(crate) struct NewRows<'a>(Statement<'a>);

impl<'a> NewRows<'a> {
    /// Takes the insert statement. Values that are the same in all rows are bound once, as for the units.
    pub(crate) fn new(mut statement: Statement<'a>, context: &HistoryContext, run: RunId, at: &str) -> Result<Self> {
        statement.raw_bind_parameter(2, run.0)?;
        statement.raw_bind_parameter(6, &context.actor)?;
        statement.raw_bind_parameter(7, &context.reasoning)?;
        statement.raw_bind_parameter(9, at)?;
        Ok(Self(statement))
    }

    /// Inserts one row with its hash; returns the number of rows written. `SQLite` assigns the next number.
    pub(crate) fn insert(&mut self, link: &HistoryLink<'_>, hash: &str) -> Result<usize> {
        let Self(statement) = self;
        statement.raw_bind_parameter(1, link.unit_id)?;
        statement.raw_bind_parameter(3, link.transition)?;
        statement.raw_bind_parameter(4, link.previous_content_hash)?;
        statement.raw_bind_parameter(5, link.content_hash)?;
        statement.raw_bind_parameter(8, link.metadata)?;
        statement.raw_bind_parameter(10, link.previous_hash)?;
        statement.raw_bind_parameter(11, hash)?;
        statement.raw_execute()
    }
}
