//! What can be said of the file without knowing what was written: whether it is whole, and whether its tables and
//! triggers are ours.

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Result};

use super::{super::fit, findings::Findings};
use crate::{
    Deviation, DeviationKind,
    table::{
        TABLES, Table, analyzer_errors, enrichments, record_hashes, record_questions, records, runs, select::verify,
        snapshot_chain, unit_history, units,
    },
};

/// The tables that verification needs; a database has all of them or none.
const TRACED: [&Table; 4] = [&record_hashes::TABLE, &units::TABLE, &unit_history::TABLE, &snapshot_chain::TABLE];

/// What else the hashes are made from.
const HASHED: [&Table; 5] =
    [&runs::TABLE, &records::TABLE, &analyzer_errors::TABLE, &record_questions::TABLE, &enrichments::TABLE];

/// Rows that point nowhere are told of so many of a table.
const DANGLING_LIMIT: usize = 10;

/// Looks the whole file over, which takes as long as reading all of it: what is damaged, and what points nowhere.
pub(super) fn check_whole(connection: &Connection) -> Result<Vec<Deviation>> {
    let damage = |text: String| Deviation::of(DeviationKind::Damage, "").stored(text);
    let mut deviations = Vec::new();
    let outcome =
        check_pages(connection, &mut deviations, damage).and_then(|()| check_references(connection, &mut deviations));
    match outcome {
        Err(cause) if is_damage(&cause) => deviations.push(damage(cause.to_string())),
        outcome => outcome?,
    }
    Ok(deviations)
}

fn check_pages(
    connection: &Connection,
    deviations: &mut Vec<Deviation>,
    damage: impl Fn(String) -> Deviation,
) -> Result<()> {
    let mut statement = connection.prepare(verify::INTEGRITY)?;
    for line in statement.query_map([], |row| row.get::<_, String>(0))? {
        let line = line?;
        if line != "ok" {
            deviations.push(damage(line));
        }
    }
    Ok(())
}

fn check_references(connection: &Connection, deviations: &mut Vec<Deviation>) -> Result<()> {
    for table in TABLES {
        if !fit::has_table(connection, table)? {
            continue;
        }
        let mut statement = connection.prepare(verify::DANGLING)?;
        let rows = statement.query_map([table.name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for row in rows.take(DANGLING_LIMIT) {
            let (row, parent): (Option<i64>, String) = row?;
            let mut deviation = Deviation::of(DeviationKind::ForeignKey, table.name);
            deviation.row = row;
            deviations.push(deviation.field(parent));
        }
    }
    Ok(())
}

/// Which tables there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schema {
    /// Whether there are records.
    pub(super) has_records: bool,
    /// Whether everything is there that a snapshot is verified by.
    pub(super) has_history: bool,
}

/// Looks for the tables. Whoever has one of those of the history has all that it speaks of, and the triggers that are
/// ours.
pub(super) fn check_schema(connection: &Connection, findings: &mut Findings) -> Result<Schema> {
    let missing = |tables: &[&'static Table]| -> Result<Vec<&'static Table>> {
        let mut missing = Vec::new();
        for table in tables {
            if !fit::has_table(connection, table)? {
                missing.push(*table);
            }
        }
        Ok(missing)
    };
    let (untraced, unhashed) = (missing(&TRACED)?, missing(&HASHED)?);
    let is_traced = untraced.len() < TRACED.len();
    if is_traced {
        for table in untraced.iter().chain(&unhashed) {
            findings.push(Deviation::of(DeviationKind::MissingTable, table.name));
        }
    }
    if untraced.is_empty() {
        check_triggers(connection, findings)?;
    }
    let has_records = missing(&[&runs::TABLE, &records::TABLE])?.is_empty();
    Ok(Schema { has_records, has_history: untraced.is_empty() && unhashed.is_empty() })
}

fn check_triggers(connection: &Connection, findings: &mut Findings) -> Result<()> {
    let ours = Connection::open_in_memory()?;
    TRACED.into_iter().try_for_each(|table| ours.execute_batch(table.create))?;
    TRACED.into_iter().flat_map(|table| table.guards).try_for_each(|guard| ours.execute_batch(guard))?;
    for table in TRACED {
        let mut statement = ours.prepare(verify::TRIGGERS_OF)?;
        for row in statement.query_map([table.name], |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (name, sql): (String, String) = row?;
            let stored: Option<String> = connection.query_row(verify::TRIGGER, [&name], |row| row.get(0)).optional()?;
            if stored.as_ref() != Some(&sql) {
                let mut deviation = Deviation::of(DeviationKind::Trigger, table.name).field(name).recomputed(sql);
                deviation.stored = stored;
                findings.push(deviation);
            }
        }
    }
    Ok(())
}

pub(super) fn is_damage(cause: &rusqlite::Error) -> bool {
    matches!(cause.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
