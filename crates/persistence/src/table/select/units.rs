//! Reads definitions, their history, and the records of a transition.
//!
//! Statements use an index, a row id, or scan only transitions; the exception is the search for an unknown name.

use std::collections::BTreeSet;

use cds_model::{FieldValue, RECORD_FIELDS, RecordHashes};
use rusqlite::{Connection, OptionalExtension as _, Params, Result, Row, named_params, types::ValueRef};

use crate::{
    RecordedUnit, RunId, StoredUnit, UnitLocation, UnitTransition,
    table::{
        read_number, read_text,
        run_hash::field_value,
        shared::{Query, code, content_hash, hashed_fields, is_record, ordered_records, record_id, records_of_file},
    },
};

/// The project of the query, or all projects, because the index on paths begins with the project.
const WANTED: &str = "
WITH RECURSIVE wanted(project) AS (
    SELECT coalesce(:project, (SELECT min(project) FROM units))
    UNION ALL
    SELECT (SELECT min(project) FROM units WHERE project > wanted.project)
    FROM wanted
    WHERE :project IS NULL AND wanted.project IS NOT NULL
)
";

const UNITS: &str = "
SELECT id, project, part, file_path, kind, name, ordinal, state, first_run, last_run, last_seen_at, content_hash
FROM units";

const OF_ID: &str = "WHERE id = ?1";

const NAMED: &str = "
WHERE project IN (SELECT project FROM wanted) AND file_path = :path AND name = :name
      AND (:ordinal IS NULL OR ordinal = :ordinal)
ORDER BY id";

/// Texts with a prefix are between the prefix and the prefix followed by the last Unicode character.
const FILES_BEGINNING: &str = "
WHERE project IN (SELECT project FROM wanted) AND file_path >= :beginning AND file_path < :beginning || char(1114111)
      AND kind = 'file'
ORDER BY file_path, project, part, id";

const NAMES_BEGINNING: &str = "
WHERE project IN (SELECT project FROM wanted) AND file_path = :path AND kind <> 'file'
      AND name >= :beginning AND name < :beginning || char(1114111)
ORDER BY name, kind, ordinal, project, part, id";

/// Newest first: if there are too many, these are most likely meant.
const ANY: &str = "
WHERE ?1 IS NULL OR project = ?1
ORDER BY id DESC
LIMIT ?2";

const PROJECTS: &str = "SELECT project FROM wanted WHERE project IS NOT NULL";

/// Finds moves by a part of their metadata text. The rows are read in storage order: sorting would use an index that
/// leads to each row separately.
const MOVED_FROM: &str = "SELECT unit_id FROM unit_history WHERE transition = 'moved' AND instr(metadata, ?1) > 0";

const IS_RENUMBERED: &str = r#"
SELECT EXISTS (SELECT 1
               FROM units
               JOIN unit_history ON unit_history.unit_id = units.id
               WHERE units.project = ?1 AND units.part = ?2 AND units.file_path = ?3 AND units.kind = 'file'
                 AND instr(metadata, '"renumbered":') > 0)"#;

const DEFINITIONS: &str = "
SELECT count(*)
FROM units
WHERE file_path = ?1 AND project = ?2 AND part = ?3 AND kind <> 'file' AND state = 'present'";

const HISTORY: &str = "
SELECT sequence, run_id, transition, previous_content_hash, content_hash, actor, reasoning, metadata, recorded_at,
       previous_hash, hash
FROM unit_history
WHERE unit_id = ?1
ORDER BY sequence";

const IS_STORED: &str = "SELECT EXISTS (SELECT 1 FROM runs WHERE id = ?1)";

const INVOCATION: &str = "
SELECT run_id, code_ref
FROM runs_ledger
WHERE snapshot_id = ?1
ORDER BY rowid DESC
LIMIT 1";

const SNAPSHOTS: &str = "
SELECT run_id, EXISTS (SELECT 1 FROM runs WHERE runs.id = chain.run_id),
       EXISTS (SELECT 1
               FROM snapshot_chain AS later
               WHERE later.run_id = chain.run_id AND later.event = 'pruned' AND later.sequence > chain.sequence)
FROM snapshot_chain AS chain
WHERE event = 'snapshot' AND project = ?1 AND part = ?2 AND run_id BETWEEN ?3 AND ?4";

/// The records of a snapshot are stored together. The unary plus forces the index on paths, which reads no others.
const IN_FILE: Query = Query {
    plain: "
SELECT id, kind, signature, start_line, end_line
FROM records
WHERE +run_id = ?1 AND file_path = ?2 AND id BETWEEN ?3 AND ?4
ORDER BY id",
    compact: concat!(
        "
SELECT ",
        record_id!(),
        ", content.kind, content.signature, shared.start_line, shared.end_line
FROM ",
        records_of_file!(),
        "
WHERE part.run_id = ?1 AND content.file_path = ?2 AND ",
        record_id!(),
        " BETWEEN ?3 AND ?4
ORDER BY 1"
    ),
};

/// In the order of `RECORD_FIELDS`.
const RECORD: Query = Query {
    plain: "
SELECT kind, file_path, signature, start_line, end_line, raw_code, normalized_code, md5sum, intent, intent_status,
       intent_error
FROM records
WHERE id = ?1",
    compact: concat!("SELECT ", hashed_fields!(), " FROM ", ordered_records!(), " WHERE ", is_record!("?1")),
};

const WRITTEN_HASH: Query = Query {
    plain: "SELECT content_hash FROM record_hashes WHERE record_id = ?1",
    compact: concat!("SELECT ", content_hash!(), " FROM ", ordered_records!(), " WHERE ", is_record!("?1")),
};

/// Shown instead of an unreadable value.
const UNKNOWN: &str = "unknown";

/// The definition with an id.
pub(crate) fn of_id(connection: &Connection, id: i64) -> Result<Option<StoredUnit>> {
    connection.prepare_cached(&format!("{UNITS} {OF_ID}"))?.query_row([id], read).optional()
}

/// The definitions of a file that have `name` now, or had it when they were removed.
pub(crate) fn named(
    connection: &Connection,
    file_path: &str,
    name: &str,
    ordinal: Option<u32>,
    project: Option<&str>,
) -> Result<Vec<StoredUnit>> {
    let parameters = named_params! { ":project": project, ":path": file_path, ":name": name, ":ordinal": ordinal };
    list(connection, &format!("{WANTED}{UNITS}{NAMED}"), parameters)
}

/// The files whose paths begin with `beginning`.
pub(crate) fn files_beginning(
    connection: &Connection,
    beginning: &str,
    project: Option<&str>,
) -> Result<Vec<StoredUnit>> {
    let parameters = named_params! { ":project": project, ":beginning": beginning };
    list(connection, &format!("{WANTED}{UNITS}{FILES_BEGINNING}"), parameters)
}

/// The definitions of a file whose names begin with `beginning`.
pub(crate) fn names_beginning(
    connection: &Connection,
    file_path: &str,
    beginning: &str,
    project: Option<&str>,
) -> Result<Vec<StoredUnit>> {
    let parameters = named_params! { ":project": project, ":path": file_path, ":beginning": beginning };
    list(connection, &format!("{WANTED}{UNITS}{NAMES_BEGINNING}"), parameters)
}

/// The newest definitions, at most `limit`.
pub(crate) fn newest(connection: &Connection, project: Option<&str>, limit: i64) -> Result<Vec<StoredUnit>> {
    list(connection, &format!("{UNITS}{ANY}"), (project, limit))
}

fn list(connection: &Connection, sql: &str, parameters: impl Params) -> Result<Vec<StoredUnit>> {
    connection.prepare(sql)?.query_map(parameters, read)?.collect()
}

fn read(row: &Row<'_>) -> Result<StoredUnit> {
    Ok(StoredUnit {
        id: row.get(0)?,
        project: read_text(row, 1)?,
        part: read_text(row, 2)?,
        file_path: read_text(row, 3)?,
        kind: read_text(row, 4)?,
        name: read_text(row, 5)?,
        ordinal: row.get(6)?,
        is_present: row.get_ref(7)?.as_str().is_ok_and(|state| state == "present"),
        first_run: RunId(row.get(8)?),
        last_run: RunId(row.get(9)?),
        last_seen_at: read_text(row, 10)?,
        content_hash: read_text(row, 11)?,
    })
}

/// Every project with definitions.
pub(crate) fn projects(connection: &Connection) -> Result<Vec<String>> {
    let all = named_params! { ":project": None::<&str> };
    connection.prepare(&format!("{WANTED}{PROJECTS}"))?.query_map(all, |row| row.get(0))?.collect()
}

/// The ids of the definitions with a move that has `origin` in its metadata, ascending.
pub(crate) fn moved_from(connection: &Connection, origin: &str) -> Result<Vec<i64>> {
    let units: Result<BTreeSet<i64>> = connection.prepare(MOVED_FROM)?.query_map([origin], |row| row.get(0))?.collect();
    Ok(units?.into_iter().collect())
}

/// Whether definitions of one name in this file had other ordinals in other snapshots.
pub(crate) fn is_renumbered(connection: &Connection, location: &UnitLocation<'_>) -> Result<bool> {
    let parameters = (location.project, location.part, location.file_path);
    connection.prepare_cached(IS_RENUMBERED)?.query_row(parameters, |row| row.get(0))
}

/// The current number of definitions in the file of `unit`.
pub(crate) fn definition_count(connection: &Connection, unit: &StoredUnit) -> Result<u64> {
    let parameters = (&unit.file_path, &unit.project, &unit.part);
    connection.query_row(DEFINITIONS, parameters, |row| read_number(row, 0))
}

/// The transitions of a definition in order, without data of their snapshots.
pub(crate) fn history(connection: &Connection, unit_id: i64) -> Result<Vec<UnitTransition>> {
    connection.prepare(HISTORY)?.query_map([unit_id], read_transition)?.collect()
}

/// Columns may hold values of any type; one bad row must not hide the others.
fn read_transition(row: &Row<'_>) -> Result<UnitTransition> {
    let known = |column| Ok::<_, rusqlite::Error>(text(row, column)?.unwrap_or_else(|| UNKNOWN.to_owned()));
    // A hash that is not a text was altered, but still shows that there was one.
    let hash = |column| match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        _ => known(column).map(Some),
    };
    Ok(UnitTransition {
        sequence: row.get(0)?,
        run_id: RunId(row.get(1)?),
        transition: known(2)?,
        previous_content_hash: hash(3)?,
        content_hash: hash(4)?,
        actor: text(row, 5)?,
        reasoning: text(row, 6)?,
        metadata: known(7)?,
        recorded_at: known(8)?,
        previous_hash: known(9)?,
        hash: known(10)?,
        is_stored: false,
        ledger_id: None,
        code_ref: None,
    })
}

/// The text of a column; `None` if it is not a text.
fn text(row: &Row<'_>, column: usize) -> Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    })
}

/// Whether a snapshot exists.
pub(crate) fn is_stored(connection: &Connection, run: RunId) -> Result<bool> {
    connection.prepare_cached(IS_STORED)?.query_row([run.0], |row| row.get(0))
}

/// The id and the commit of the newest invocation that names a snapshot.
pub(crate) fn invocation(connection: &Connection, run: RunId) -> Result<Option<(String, Option<String>)>> {
    connection.prepare_cached(INVOCATION)?.query_row([run.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// The state of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Stored,
    Pruned,
    /// It does not exist, and the chain does not record a pruning.
    Missing,
}

/// Calls `visit` with the snapshots of a part of a project from `first` to `last` and their fates, until it breaks.
pub(crate) fn snapshots(
    connection: &Connection,
    location: &UnitLocation<'_>,
    (first, last): (RunId, RunId),
    newest_first: bool,
    mut visit: impl FnMut(RunId, Fate) -> Result<bool>,
) -> Result<()> {
    let order = if newest_first { "ORDER BY run_id DESC" } else { "ORDER BY run_id" };
    let mut statement = connection.prepare_cached(&format!("{SNAPSHOTS} {order}"))?;
    let mut rows = statement.query((location.project, location.part, first.0, last.0))?;
    while let Some(row) = rows.next()? {
        let fate = match (row.get(1)?, row.get(2)?) {
            (true, _) => Fate::Stored,
            (false, true) => Fate::Pruned,
            (false, false) => Fate::Missing,
        };
        if visit(RunId(row.get(0)?), fate)? {
            break;
        }
    }
    Ok(())
}

/// The fields of a record that decide its name.
pub(crate) struct FileRow {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) signature: Option<String>,
    pub(crate) start_line: u32,
    pub(crate) end_line: u32,
}

/// The records of a file in a snapshot, with ids from `first` to `last`.
pub(crate) fn in_file(
    connection: &Connection,
    run: RunId,
    file_path: &str,
    (first, last): (i64, i64),
) -> Result<Vec<FileRow>> {
    let read = |row: &Row<'_>| {
        Ok(FileRow {
            id: row.get(0)?,
            kind: row.get(1)?,
            signature: row.get(2)?,
            start_line: row.get(3)?,
            end_line: row.get(4)?,
        })
    };
    connection.prepare_cached(IN_FILE.sql(connection)?)?.query_map((run.0, file_path, first, last), read)?.collect()
}

/// The record with an id and its current hash, as a record of `run`.
pub(crate) fn record(connection: &Connection, run: RunId, id: i64) -> Result<Option<RecordedUnit>> {
    let mut statement = connection.prepare_cached(RECORD.sql(connection)?)?;
    statement.query_row([id], |row| read_record(row, run)).optional()
}

/// The hash that a record was written with; `None` if it has no valid one.
pub(crate) fn written_hash(connection: &Connection, record_id: i64) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached(WRITTEN_HASH.sql(connection)?)?;
    Ok(statement.query_row([record_id], |row| text(row, 0)).optional()?.flatten())
}

fn read_record(row: &Row<'_>, run_id: RunId) -> Result<RecordedUnit> {
    let mut fields = [FieldValue::Null; RECORD_FIELDS.len()];
    for (column, field) in fields.iter_mut().enumerate() {
        *field = field_value(row.get_ref(column)?);
    }
    Ok(RecordedUnit {
        run_id,
        is_nearest: false,
        is_as_written: false,
        content_hash: RecordHashes::of(&fields).content.to_string(),
        start_line: row.get(3)?,
        end_line: row.get(4)?,
        // An invalid text was altered, so the hash differs anyway.
        raw_code: text(row, 5)?.unwrap_or_default(),
        intent: text(row, 8)?,
        intent_status: text(row, 9)?.unwrap_or_else(|| UNKNOWN.to_owned()),
        intent_error: text(row, 10)?,
    })
}
