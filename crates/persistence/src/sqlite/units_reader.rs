//! Reads definitions and their history.
//!
//! A database without a history has no definitions, which is not an error. Each call reads in one transaction.

use std::{collections::HashMap, ops::RangeInclusive};

use cds_model::{NameOf, UnitName, UnitRow, unit_names};
use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value;

use super::{database::Database, fit, reader::SqliteReader};
use crate::{
    Error, RunId, Step,
    table::{
        record_hashes, records, runs, runs_ledger,
        select::{code, units as select, units::Fate},
        snapshot_chain, unit_history, units,
    },
};

/// The most definitions searched for a name that is not found.
const MOST_UNITS: i64 = 1_000_000;
/// The most snapshots searched for a record.
const MOST_SNAPSHOTS: usize = 16;

/// The last known state of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredUnit {
    /// Its id.
    #[serde(rename = "unit_id")]
    pub id: i64,
    /// The project.
    pub project: String,
    /// The part of the project; empty for all of it.
    pub part: String,
    /// Relative to the root.
    pub file_path: String,
    /// Its kind as a word.
    pub kind: String,
    /// The qualified name; empty for a file.
    pub name: String,
    /// 1 for the first definition of this name and kind in its file.
    pub ordinal: u32,
    /// Whether it was in the last snapshot that could read its file.
    pub is_present: bool,
    /// The first snapshot with it.
    #[serde(rename = "first_run_id")]
    pub first_run: RunId,
    /// The last snapshot with it.
    #[serde(rename = "last_run_id")]
    pub last_run: RunId,
    /// The moment of that snapshot, as stored.
    pub last_seen_at: String,
    /// The content hash of its record in that snapshot.
    pub content_hash: String,
}

/// A row of `unit_history` with data of its snapshot; `docs/schema.md` describes the columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "docs/schema.md describes the columns")]
pub struct UnitTransition {
    pub sequence: i64,
    pub run_id: RunId,
    pub transition: String,
    pub previous_content_hash: Option<String>,
    pub content_hash: Option<String>,
    pub actor: Option<String>,
    pub reasoning: Option<String>,
    pub metadata: String,
    pub recorded_at: String,
    pub previous_hash: String,
    pub hash: String,
    /// Whether the snapshot still exists.
    #[serde(rename = "is_snapshot_stored")]
    pub is_stored: bool,
    /// The invocation that wrote the snapshot, if the ledger has it.
    pub ledger_id: Option<String>,
    /// The commit of the tree, if the ledger has it.
    pub code_ref: Option<String>,
}

/// The name of a definition to search for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitQuery<'a> {
    /// Only in this project.
    pub project: Option<&'a str>,
    /// Relative to the root.
    pub file_path: &'a str,
    /// The qualified name; empty for the file itself.
    pub name: &'a str,
    /// Only the one of this ordinal.
    pub ordinal: Option<u32>,
}

/// The definitions with a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamedUnits {
    /// Those that have the name now, or had it when they were removed.
    pub now: Vec<StoredUnit>,
    /// Those that had the name before they moved.
    pub earlier: Vec<StoredUnit>,
}

/// The location of a definition in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitLocation<'a> {
    /// The project.
    pub project: &'a str,
    /// The part of the project.
    pub part: &'a str,
    /// Relative to the root.
    pub file_path: &'a str,
    /// Its kind as a word.
    pub kind: &'a str,
    /// The qualified name; empty for a file.
    pub name: &'a str,
    /// 1 for the first definition of this name and kind in its file.
    pub ordinal: u32,
}

/// The record of a definition in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedUnit {
    /// The snapshot.
    pub run_id: RunId,
    /// Whether it is from the first candidate snapshot rather than from a fallback.
    #[serde(skip)]
    pub is_nearest: bool,
    /// Whether the record still has the hash it was written with.
    #[serde(skip)]
    pub is_as_written: bool,
    /// The current hash of the record.
    pub content_hash: String,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The exact code.
    pub raw_code: String,
    /// The intent; `None` if there is none.
    pub intent: Option<String>,
    /// `success`, `failed` or `skipped`.
    pub intent_status: String,
    /// Why there is no intent.
    pub intent_error: Option<String>,
}

/// The result of searching snapshots for the record of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitRecord {
    /// Its record.
    Stored(Box<RecordedUnit>),
    /// No record, because all of the snapshots were pruned.
    Pruned,
    /// No record: an existing snapshot lacks it, or a snapshot is missing without having been pruned.
    Missing,
}

impl SqliteReader {
    /// The definitions with a name, including an earlier name.
    pub fn units_named(&self, query: &UnitQuery<'_>) -> Result<NamedUnits, Error> {
        let UnitQuery { project, file_path, name, ordinal } = *query;
        let origin = moved_from(query);
        self.read_units(|connection| {
            let now = select::named(connection, file_path, name, ordinal, project)?;
            let mut earlier = Vec::new();
            for id in select::moved_from(connection, &origin)? {
                let unit = select::of_id(connection, id)?;
                let is_wanted = |unit: &StoredUnit| {
                    project.is_none_or(|project| unit.project == project) && now.iter().all(|other| other.id != id)
                };
                earlier.extend(unit.filter(is_wanted));
            }
            Ok(NamedUnits { now, earlier })
        })
    }

    /// The definition with an id.
    pub fn unit(&self, id: i64) -> Result<Option<StoredUnit>, Error> {
        self.read_units(|connection| select::of_id(connection, id))
    }

    /// If `name` is empty, the files whose paths begin with `file_path`; otherwise the definitions of this file whose
    /// names begin with `name`. Ordered by path or name.
    pub fn units_beginning(
        &self,
        project: Option<&str>,
        file_path: &str,
        name: Option<&str>,
    ) -> Result<Vec<StoredUnit>, Error> {
        self.read_units(|connection| match name {
            None => select::files_beginning(connection, file_path, project),
            Some(name) => select::names_beginning(connection, file_path, name, project),
        })
    }

    /// The definitions of a project or of all, newest first; limited if there are very many.
    pub fn units(&self, project: Option<&str>) -> Result<Vec<StoredUnit>, Error> {
        self.read_units(|connection| select::newest(connection, project, MOST_UNITS))
    }

    /// The projects with definitions.
    pub fn projects_with_units(&self) -> Result<Vec<String>, Error> {
        self.read_units(select::projects)
    }

    /// The current number of definitions in the file of `unit`.
    pub fn definition_count(&self, unit: &StoredUnit) -> Result<u64, Error> {
        self.read_units(|connection| select::definition_count(connection, unit))
    }

    /// The transitions of a definition, in order.
    pub fn unit_transitions(&self, unit_id: i64) -> Result<Vec<UnitTransition>, Error> {
        self.read_units(|connection| {
            let mut transitions = select::history(connection, unit_id)?;
            let has_runs = fit::has_table(connection, &runs::TABLE)?;
            let has_ledger = fit::has_table(connection, &runs_ledger::TABLE)?;
            for transition in &mut transitions {
                transition.is_stored = has_runs && select::is_stored(connection, transition.run_id)?;
                let invocation = if has_ledger { select::invocation(connection, transition.run_id)? } else { None };
                if let Some((ledger_id, code_ref)) = invocation {
                    (transition.ledger_id, transition.code_ref) = (Some(ledger_id), code_ref);
                }
            }
            Ok(transitions)
        })
    }

    /// The record of a definition in the first of the snapshots `among` that has it, or the last with `newest_first`.
    ///
    /// The search ends after a few snapshots without it. An altered record is returned only if no other snapshot has an
    /// unaltered one.
    pub fn unit_record(
        &self,
        location: &UnitLocation<'_>,
        among: RangeInclusive<i64>,
        newest_first: bool,
    ) -> Result<UnitRecord, Error> {
        let bounds = (RunId(*among.start()), RunId(*among.end()));
        let name_of = self.database.options().name_of;
        let query = |connection: &Connection| {
            for table in [&records::TABLE, &runs::TABLE, &snapshot_chain::TABLE] {
                if !fit::has_table(connection, table)? {
                    return Ok(UnitRecord::Missing);
                }
            }
            let mut found = UnitRecord::Missing;
            let mut is_explained = true;
            let mut altered = None;
            let (mut is_nearest, mut attempt_count) = (true, 0);
            select::snapshots(connection, location, bounds, newest_first, |run, fate| {
                match fate {
                    Fate::Pruned if is_explained => found = UnitRecord::Pruned,
                    Fate::Pruned => {}
                    Fate::Missing => (found, is_explained) = (UnitRecord::Missing, false),
                    Fate::Stored => {
                        attempt_count += 1;
                        if !is_nearest && select::is_renumbered(connection, location)? {
                            // It may have had another ordinal in that snapshot.
                            return Ok(false);
                        }
                        match find_record(connection, location, run, name_of)? {
                            Some(record) if is_nearest || record.is_as_written => {
                                found = UnitRecord::Stored(Box::new(RecordedUnit { is_nearest, ..record }));
                            }
                            Some(record) => {
                                altered.get_or_insert(record);
                            }
                            None => (found, is_explained) = (UnitRecord::Missing, false),
                        }
                    }
                }
                is_nearest = false;
                Ok(matches!(found, UnitRecord::Stored(_)) || attempt_count == MOST_SNAPSHOTS)
            })?;
            Ok(match (found, altered) {
                (UnitRecord::Pruned | UnitRecord::Missing, Some(record)) => UnitRecord::Stored(Box::new(record)),
                (found, _) => found,
            })
        };
        self.read(|database| database.read(&Step::ReadRecords, query))
    }

    fn read_units<T: Default>(&self, query: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        self.read(|database| {
            database.read(&Step::ReadUnits, |connection| {
                let has_units = fit::has_table(connection, &units::TABLE)?;
                let has_history = has_units && fit::has_table(connection, &unit_history::TABLE)?;
                if has_history { query(connection) } else { Ok(T::default()) }
            })
        })
    }
}

/// The metadata text of a move that gives the previous location, as far as `query` knows it.
fn moved_from(query: &UnitQuery<'_>) -> String {
    let (file_path, name) = (Value::from(query.file_path), Value::from(query.name));
    let end = query.ordinal.map(|ordinal| format!("{ordinal}}}")).unwrap_or_default();
    format!(r#""from":{{"file_path":{file_path},"name":{name},"ordinal":{end}"#)
}

fn names(rows: &[select::FileRow], file_path: &str, name_of: NameOf) -> Vec<UnitName> {
    let records = rows
        .iter()
        .map(|row| UnitRow::stored(&row.kind, file_path, row.signature.as_deref(), (row.start_line, row.end_line)));
    unit_names(&records.collect::<Vec<_>>(), name_of)
}

/// The declarations of a file's definitions in a snapshot by kind, name and ordinal; empty if the snapshot is missing.
pub(super) fn declarations(
    database: &Database,
    run: RunId,
    file_path: &str,
) -> rusqlite::Result<HashMap<(String, String, u32), String>> {
    let connection = &database.connection;
    let Some(bounds) = code::bounds(connection, run)? else { return Ok(HashMap::new()) };
    let rows = select::in_file(connection, run, file_path, bounds)?;
    let names = names(&rows, file_path, database.options().name_of);
    let declared = rows
        .into_iter()
        .zip(names)
        .filter_map(|(row, name)| Some(((row.kind, name.qualified, name.ordinal), row.signature?)));
    Ok(declared.collect())
}

/// Records have no stored names, so the names of the whole file are computed.
fn find_record(
    connection: &Connection,
    location: &UnitLocation<'_>,
    run: RunId,
    name_of: NameOf,
) -> rusqlite::Result<Option<RecordedUnit>> {
    let Some(bounds) = code::bounds(connection, run)? else { return Ok(None) };
    let rows = select::in_file(connection, run, location.file_path, bounds)?;
    let names = names(&rows, location.file_path, name_of);
    let found = rows.iter().zip(&names).find(|(row, name)| {
        row.kind == location.kind && name.qualified == location.name && name.ordinal == location.ordinal
    });
    let Some((row, _)) = found else { return Ok(None) };
    let Some(record) = select::record(connection, run, row.id)? else { return Ok(None) };
    let has_hashes = fit::has_table(connection, &record_hashes::TABLE)?;
    let written = if has_hashes { select::written_hash(connection, row.id)? } else { None };
    Ok(Some(RecordedUnit { is_as_written: written.as_ref() == Some(&record.content_hash), ..record }))
}
