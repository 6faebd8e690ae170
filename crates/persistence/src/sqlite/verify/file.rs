//! Verifies the file without its history: integrity, foreign keys, tables and triggers.

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Result};

use super::{super::fit, findings::Findings};
use crate::{
    Deviation, DeviationKind, Layout,
    table::{
        self, Table, analyzer_errors, enrichments, of_layout, record_hashes, record_questions, records, runs,
        select::verify, shared, snapshot_chain, unit_history, units,
    },
};

/// The tables of a proof; a database has either all or none of them.
const TRACED: [&Table; 4] = [&record_hashes::TABLE, &units::TABLE, &unit_history::TABLE, &snapshot_chain::TABLE];

/// Other tables that the hashes cover.
const HASHED: [&Table; 5] =
    [&runs::TABLE, &records::TABLE, &analyzer_errors::TABLE, &record_questions::TABLE, &enrichments::TABLE];

/// The most dangling rows reported for each table.
const DANGLING_LIMIT: usize = 10;

/// Checks the whole file for damage and dangling foreign keys, which takes as long as reading all of it.
pub(super) fn check_whole(connection: &Connection) -> Result<Vec<Deviation>> {
    let damage = |text: String| Deviation::of(DeviationKind::Damage, "").stored(text);
    let mut deviations = Vec::new();
    let outcome =
        check_pages(connection, &mut deviations, damage).and_then(|()| check_references(connection, &mut deviations));
    match outcome {
        // Damage may also abort the checks themselves; it is a finding like the others.
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
    for table in of_layout(table::layout(connection)?) {
        if table.is_view() || !fit::has_table(connection, table)? {
            continue;
        }
        let mut statement = connection.prepare(verify::DANGLING)?;
        let rows = statement.query_map([table.name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        // A damaged table may have millions of dangling rows; a few are enough to name it.
        for row in rows.take(DANGLING_LIMIT) {
            let (row, parent): (Option<i64>, String) = row?;
            let mut deviation = Deviation::of(DeviationKind::ForeignKey, table.name);
            deviation.row = row;
            deviations.push(deviation.field(parent));
        }
    }
    Ok(())
}

/// Which tables exist.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schema {
    /// Whether there are records.
    pub(super) has_records: bool,
    /// Whether all tables of a proof exist.
    pub(super) has_history: bool,
}

/// Checks which tables exist. If one table of the history exists, all others and our triggers must exist too.
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
    // Without any of these tables, another program or an older version wrote the database, which is no deviation.
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

/// The tables and views whose triggers protect a proof.
fn guarded(layout: Layout) -> Vec<&'static Table> {
    let shared = match layout {
        Layout::Plain => &[][..],
        Layout::Compact => &[&shared::TEXTS, &shared::PIECES, &shared::CONTENTS, &shared::RECORDS, &shared::FILES],
    };
    TRACED.into_iter().map(|table| table.in_layout(layout)).chain(shared.iter().copied()).collect()
}

fn check_triggers(connection: &Connection, findings: &mut Findings) -> Result<()> {
    // SQLite normalizes the text of a trigger, so ours are created in memory and compared in stored form.
    let ours = Connection::open_in_memory()?;
    let layout = table::layout(connection)?;
    let traced = guarded(layout);
    // The triggers of a view refer to other tables.
    of_layout(layout).iter().try_for_each(|table| ours.execute_batch(table.create))?;
    traced.iter().flat_map(|table| table.guards).try_for_each(|guard| ours.execute_batch(guard))?;
    for table in traced {
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
