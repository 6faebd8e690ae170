//! What a run takes over from the latest snapshot, for every handle; missing tables count as empty.

use super::{database::Database, fit, reader::SqliteReader};
use crate::{
    Error, LastChange, LatestSnapshot, Step,
    table::{Table, record_questions, records, runs, runs_ledger, select::known, snapshot_chain, unit_history, units},
};

/// See [`Persistence::latest_snapshot`](crate::Persistence::latest_snapshot).
pub(super) fn latest_snapshot(
    database: &Database,
    project: &str,
    part: &str,
    root_path: &str,
) -> Result<Option<LatestSnapshot>, Error> {
    database.read(&Step::ReadRecords, |connection| {
        let has = |tables: &[&Table]| -> rusqlite::Result<bool> {
            tables.iter().try_fold(true, |has, table| Ok(has && fit::has_table(connection, table)?))
        };
        if !has(&[&runs::TABLE, &records::TABLE])? {
            return Ok(None);
        }
        let mut run = None;
        if has(&[&snapshot_chain::TABLE])? {
            run = known::latest(connection, project, part)?;
        }
        if run.is_none() {
            run = known::latest_of_others(connection, root_path, has(&[&runs_ledger::TABLE])?)?;
        }
        let Some(row) = run.map(|run| runs::snapshot(connection, run)).transpose()?.flatten() else { return Ok(None) };
        let mut found = known::records(connection, row.id)?;
        if let (Some(&(first, _)), Some(&(last, _)), true) =
            (found.first(), found.last(), has(&[&record_questions::TABLE])?)
        {
            let mut origins = known::origins(connection, first, last)?;
            for (id, record) in &mut found {
                record.origin = origins.remove(id);
            }
        }
        let records = found.into_iter().map(|(_, record)| record).collect();
        Ok(Some(LatestSnapshot { run: row.id, provider_url: row.provider_url, model: row.model, records }))
    })
}

/// See [`Persistence::last_changes`](crate::Persistence::last_changes).
pub(super) fn last_changes(database: &Database, project: &str, part: &str) -> Result<Vec<LastChange>, Error> {
    database.read(&Step::ReadUnits, |connection| {
        if fit::has_table(connection, &units::TABLE)? && fit::has_table(connection, &unit_history::TABLE)? {
            known::last_changes(connection, project, part)
        } else {
            Ok(Vec::new())
        }
    })
}

impl SqliteReader {
    /// See [`Persistence::latest_snapshot`](crate::Persistence::latest_snapshot).
    pub fn latest_snapshot(&self, project: &str, part: &str, root_path: &str) -> Result<Option<LatestSnapshot>, Error> {
        self.read(|database| latest_snapshot(database, project, part, root_path))
    }
}
