//! The table `units`: the last known state of each definition that is followed over time.

use cds_model::{FieldHasher, Fingerprint, HistoryContext, UnitKey};
use rusqlite::{Connection, Result, Row, Statement, named_params, params};

use super::{Index, Table, beside_triggers, run_hash::field_value};
use crate::RunId;

pub(crate) const TABLE: Table = Table {
    name: "units",
    create: "
CREATE TABLE IF NOT EXISTS units (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    part TEXT NOT NULL,
    file_path TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    state TEXT NOT NULL,
    first_run INTEGER NOT NULL,
    last_run INTEGER NOT NULL,
    last_seen_at TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    code_hash BLOB NOT NULL,
    intent_hash BLOB NOT NULL
)",
    // One index for two purposes, because each index slows down every first snapshot.
    indexes: &[Index {
        columns: "project, file_path",
        create: "CREATE INDEX IF NOT EXISTS idx_units_project_file_path ON units(project, file_path)",
    }],
    guards: &[
        "CREATE TRIGGER IF NOT EXISTS units_insert BEFORE INSERT ON units
WHEN EXISTS (SELECT 1 FROM units WHERE id = NEW.id)
BEGIN SELECT RAISE(FAIL, 'units are never replaced'); END",
        // A changed id would also let UPDATE OR REPLACE remove the unit that has it.
        "CREATE TRIGGER IF NOT EXISTS units_update BEFORE UPDATE ON units
WHEN NEW.id IS NOT OLD.id OR NEW.project IS NOT OLD.project OR NEW.part IS NOT OLD.part OR NEW.kind IS NOT OLD.kind
     OR NEW.first_run IS NOT OLD.first_run
BEGIN SELECT RAISE(FAIL, 'what a unit is never changes, only what became of it'); END",
        "CREATE TRIGGER IF NOT EXISTS units_delete BEFORE DELETE ON units
BEGIN SELECT RAISE(ABORT, 'units are never removed'); END",
    ],
    insert: "
INSERT OR FAIL INTO units (project, part, file_path, kind, name, ordinal, state, first_run, last_run, last_seen_at, content_hash,
                   code_hash, intent_hash)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'present', ?7, ?12, ?8, ?9, ?10, ?11)",
};

const OF_PROJECT: &str = "
SELECT id, file_path, kind, name, ordinal, state, content_hash, code_hash, intent_hash
FROM units
WHERE project = ?1 AND part = ?2";

/// The purpose of the hash over a part of a project.
pub(crate) const PART_HASH: &str = "cds units 1";

const COLUMN_COUNT: usize = 14;

/// All columns, in order. The unary plus makes SQLite read the rows in storage order, without sorting.
const PART: &str = "
SELECT id, project, part, file_path, kind, name, ordinal, state, first_run, last_run, last_seen_at, content_hash,
       code_hash, intent_hash
FROM units
WHERE +project = ?1 AND part = ?2
ORDER BY id";

const NAMES: &str = "SELECT file_path, kind, name, ordinal, last_run FROM units WHERE id = ?1";

const SEEN: &str = "
UPDATE OR FAIL units
SET last_run = :run, last_seen_at = :at
WHERE project = :project AND part = :part AND state = 'present' AND last_run <> :run
  AND id NOT IN (SELECT value FROM json_each(:others))";

const SET_LAST_RUN: &str = "UPDATE OR FAIL units SET last_run = ?2 WHERE last_run = ?1";

const CHANGE: &str = "
UPDATE OR FAIL units
SET file_path = ?2, name = ?3, ordinal = ?4, state = 'present', last_run = ?5, last_seen_at = ?6, content_hash = ?7,
    code_hash = ?8, intent_hash = ?9
WHERE id = ?1";

const REMOVE: &str = "UPDATE OR FAIL units SET state = 'removed' WHERE id = ?1";

const HAS_PRESENT: &str = "SELECT EXISTS (SELECT 1 FROM units WHERE project = ?1 AND state = 'present')";

/// Whether a project has present definitions.
pub(crate) fn has_present(connection: &Connection, project: &str) -> Result<bool> {
    connection.query_row(HAS_PRESENT, [project], |row| row.get(0))
}

/// The last known state of a definition. Invalid values, written by another program, count as unknown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnitState {
    pub(crate) is_present: bool,
    pub(crate) content: Option<Fingerprint>,
    pub(crate) code: [u8; 32],
    pub(crate) intent: [u8; 32],
}

/// The names of a definition, and the last snapshot with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnitNames {
    pub(crate) file_path: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) ordinal: u32,
    pub(crate) last_run: RunId,
}

impl UnitNames {
    pub(crate) fn key(&self) -> UnitKey<'_> {
        UnitKey { file_path: &self.file_path, kind: &self.kind, name: &self.name, ordinal: self.ordinal }
    }
}

/// A definition as it is in the snapshot that is being written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeenUnit<'a> {
    pub(crate) key: UnitKey<'a>,
    /// The hash as stored.
    pub(crate) content: &'a str,
    pub(crate) code: Fingerprint,
    pub(crate) intent: Fingerprint,
}

/// Calls `visit` for every definition of a part of a project.
pub(crate) fn of_project(
    connection: &Connection,
    context: &HistoryContext,
    visit: &mut dyn FnMut(i64, UnitKey<'_>, UnitState),
) -> Result<()> {
    let mut statement = connection.prepare(OF_PROJECT)?;
    let mut rows = statement.query((&context.project, &context.part))?;
    while let Some(row) = rows.next()? {
        let text = |column| row.get_ref(column).map(|value| value.as_str().unwrap_or_default());
        let hash = |column| row.get_ref(column).map(|value| value.as_blob().unwrap_or_default().try_into());
        let key = UnitKey { file_path: text(1)?, kind: text(2)?, name: text(3)?, ordinal: row.get(4)? };
        let state = UnitState {
            is_present: text(5)? == "present",
            content: text(6)?.parse().ok(),
            code: hash(7)?.unwrap_or_default(),
            intent: hash(8)?.unwrap_or_default(),
        };
        visit(row.get(0)?, key, state);
    }
    Ok(())
}

/// The hash over every row of a part of a project.
pub(crate) fn hash_of_part(connection: &Connection, project: &str, part: &str) -> Result<Fingerprint> {
    let mut hasher = FieldHasher::new(PART_HASH);
    let mut statement = connection.prepare(PART)?;
    let mut rows = statement.query([project, part])?;
    while let Some(row) = rows.next()? {
        push_row(&mut hasher, row)?;
    }
    Ok(hasher.finish())
}

/// Adds a row with all columns in order to the hash over its part.
pub(crate) fn push_row(hasher: &mut FieldHasher, row: &Row<'_>) -> Result<()> {
    for column in 0..COLUMN_COUNT {
        hasher.push(field_value(row.get_ref(column)?));
    }
    Ok(())
}

/// The names of one definition.
pub(crate) fn names_of(connection: &Connection, id: i64) -> Result<UnitNames> {
    connection.prepare_cached(NAMES)?.query_row([id], |row| {
        Ok(UnitNames {
            file_path: row.get(0)?,
            kind: row.get(1)?,
            name: row.get(2)?,
            ordinal: row.get(3)?,
            last_run: RunId(row.get(4)?),
        })
    })
}

/// Inserts the new definitions of one snapshot.
pub(crate) struct NewUnits<'a>(Statement<'a>);

impl<'a> NewUnits<'a> {
    /// Takes the insert statement. Values that are the same in all rows are bound once, because copying them for each
    /// row takes a noticeable share of the time.
    ///
    /// `last_run` may be another one until [`set_last_run`].
    pub(crate) fn new(
        mut statement: Statement<'a>,
        context: &HistoryContext,
        (run, last_run): (RunId, RunId),
        at: &str,
    ) -> Result<Self> {
        statement.raw_bind_parameter(1, &context.project)?;
        statement.raw_bind_parameter(2, &context.part)?;
        statement.raw_bind_parameter(7, run.0)?;
        statement.raw_bind_parameter(12, last_run.0)?;
        statement.raw_bind_parameter(8, at)?;
        Ok(Self(statement))
    }

    /// Inserts one definition; returns the number of rows written.
    pub(crate) fn insert(&mut self, unit: &SeenUnit<'_>) -> Result<usize> {
        let Self(statement) = self;
        statement.raw_bind_parameter(3, unit.key.file_path)?;
        statement.raw_bind_parameter(4, unit.key.kind)?;
        statement.raw_bind_parameter(5, unit.key.name)?;
        statement.raw_bind_parameter(6, unit.key.ordinal)?;
        statement.raw_bind_parameter(9, unit.content)?;
        statement.raw_bind_parameter(10, unit.code.0)?;
        statement.raw_bind_parameter(11, unit.intent.0)?;
        statement.raw_execute()
    }
}

/// Sets the last run of definitions that were inserted with another one.
pub(crate) fn set_last_run(connection: &Connection, from: RunId, to: RunId) -> Result<usize> {
    connection.execute(&beside_triggers(connection, SET_LAST_RUN)?, (from.0, to.0))
}

/// Marks every present definition as seen, except `others`.
pub(crate) fn mark_seen(
    connection: &Connection,
    context: &HistoryContext,
    run: RunId,
    at: &str,
    others: &[i64],
) -> Result<usize> {
    let others = serde_json::Value::from(others).to_string();
    connection.execute(
        &beside_triggers(connection, SEEN)?,
        named_params! { ":run": run.0, ":at": at, ":project": context.project, ":part": context.part, ":others": others },
    )
}

/// The statement for [`change`].
pub(crate) fn prepare_change(connection: &Connection) -> Result<Statement<'_>> {
    connection.prepare(&beside_triggers(connection, CHANGE)?)
}

/// Writes the current state of a present definition.
pub(crate) fn change(
    statement: &mut Statement<'_>,
    id: i64,
    run: RunId,
    at: &str,
    unit: &SeenUnit<'_>,
) -> Result<usize> {
    statement.execute(params![
        id,
        unit.key.file_path,
        unit.key.name,
        unit.key.ordinal,
        run.0,
        at,
        unit.content,
        unit.code.0,
        unit.intent.0,
    ])
}

/// The statement for [`remove`].
pub(crate) fn prepare_remove(connection: &Connection) -> Result<Statement<'_>> {
    connection.prepare(&beside_triggers(connection, REMOVE)?)
}

/// Marks a definition as removed; its last state stays.
pub(crate) fn remove(statement: &mut Statement<'_>, id: i64) -> Result<usize> {
    statement.execute([id])
}
