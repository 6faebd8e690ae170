//! Removes whole snapshots with everything that belongs to them, and reports why each is kept or removed.
//!
//! The decision and the removal are one transaction, so that no process can add or finish a run in between.

mod rules;

use std::{collections::HashMap, fs};

use rusqlite::{Connection, Result};

use cds_model::{AccountStatus, Timestamp};

use self::rules::Candidate;
use super::{SqlitePersistence, compact, fit, history, inspection, journal, reader::SqliteReader, schema};
use crate::{
    Error, KeepRule, Layout, PruneVerdict, Pruned, RunId, Step,
    table::{
        self, pruning, runs, runs_ledger,
        select::{ledger, states},
        snapshot_chain, telemetry,
    },
};

impl SqliteReader {
    /// The verdicts of [`SqlitePersistence::prune_runs`] without removing anything: every snapshot, newest first.
    pub fn plan_prune(&self, rules: &[KeepRule]) -> std::result::Result<Vec<PruneVerdict>, Error> {
        self.read(|database| database.read(&Step::ReadAccounts, |connection| plan(connection, rules)))
    }

    /// Whether the file is empty, without any table.
    pub fn is_blank(&self) -> std::result::Result<bool, Error> {
        self.read(|database| Ok(inspection::inspect(database)? == inspection::Content::Empty))
    }
}

impl SqlitePersistence {
    /// Removes the snapshots that no rule keeps, in one transaction; returns a verdict with its reason for each.
    ///
    /// - Removed with a snapshot: its records, their questions, its analyzer errors, its enrichment account and the
    ///   telemetry of its run. Its rows in the ledger and in the stages stay.
    /// - Two snapshots are always kept: that of a run that has not ended, and the one with the highest number, because
    ///   that number would be assigned again.
    /// - The telemetry of runs without a snapshot is removed if they began before the run of the oldest kept snapshot.
    /// - Without any rule, everything is kept.
    /// - The history of the definitions stays. The chain records each removed snapshot with the moment `at` and its
    ///   root.
    ///
    /// # Errors
    ///
    /// If nothing was removed.
    pub fn prune_runs(&mut self, rules: &[KeepRule], at: Timestamp) -> std::result::Result<Pruned, Error> {
        let database = &self.database;
        let transaction = database.begin(&Step::Begin)?;
        // Another process may have changed the schema since the database was opened.
        inspection::inspect(database)?;
        let error = |cause| database.error(Step::PruneRuns, cause);
        let verdicts = plan(&transaction, rules).map_err(error)?;
        let doomed: Vec<RunId> =
            verdicts.iter().filter(|verdict| !verdict.is_kept).map(|verdict| verdict.run_id).collect();
        let has = |table| fit::has_table(&transaction, table).map_err(error);
        let has_accounts = has(&runs_ledger::TABLE)? && has(&telemetry::TABLE)?;
        if rules.is_empty() || (doomed.is_empty() && !has_accounts) {
            return Ok(Pruned { verdicts, chain_head: None });
        }
        // Without the indexes, each deletion would scan all records.
        schema::create_missing(database)?;
        let chain_head = history::write_tombstones(database, &doomed, at)?;
        for dependent in &pruning::DEPENDENTS {
            let count = pruning::delete(&transaction, dependent, &doomed).map_err(error)?;
            if dependent.table.name == runs::TABLE.name && count != doomed.len() {
                return Err(Error::RowIgnored { path: database.path(), step: Step::PruneRuns });
            }
        }
        if table::layout(&transaction).map_err(error)? == Layout::Compact {
            compact::sweep(database)?;
        }
        pruning::delete_stray_telemetry(&transaction).map_err(error)?;
        database.check_is_in_place()?;
        database.commit(&transaction)?;
        // If a reader blocks this, the log is merged another time; nothing is lost.
        drop(journal::checkpoint(database, self.journal));
        Ok(Pruned { verdicts, chain_head })
    }

    /// Converts the database to a layout, whole or not at all, and returns whether there was something to do.
    ///
    /// The rows that other programs see stay the same, and with them every hash. `progress` is called now and then with
    /// the number of rows written. Call [`vacuum`](Self::vacuum) afterwards to give the room back.
    ///
    /// # Errors
    ///
    /// If nothing was converted. [`Error::NotConvertible`] if the other layout cannot have something in the file.
    pub fn convert(&mut self, layout: Layout, progress: &dyn Fn(u64)) -> std::result::Result<bool, Error> {
        let is_converted = compact::convert(&self.database, layout, progress)?;
        // If a reader blocks this, the log is merged another time; nothing is lost.
        drop(journal::checkpoint(&self.database, self.journal));
        Ok(is_converted)
    }

    /// Returns the space of removed rows to the file system; returns the file size before and after, in bytes.
    ///
    /// It needs free space for two more copies of the content, one of them among the temporary files.
    ///
    /// # Errors
    ///
    /// If the content is unchanged. With [`Error::CheckpointPending`] the database is compact, and the file shrinks
    /// once the reader that blocks it has finished.
    pub fn vacuum(&mut self) -> std::result::Result<(u64, u64), Error> {
        let database = &self.database;
        inspection::inspect(database)?;
        database.check_is_in_place()?;
        // The log counts as part of the size before. A reader that blocks this may have finished by the end.
        drop(journal::checkpoint(database, self.journal));
        let before = self.file_size()?;
        database.patiently(|| {
            database.connection.execute_batch("VACUUM").map_err(|cause| database.error(Step::Compact, cause))
        })?;
        journal::checkpoint(database, self.journal)?;
        Ok((before, self.file_size()?))
    }

    /// The size of the database file.
    pub fn file_bytes(&self) -> std::result::Result<u64, Error> {
        self.file_size()
    }

    fn file_size(&self) -> std::result::Result<u64, Error> {
        fs::metadata(&self.database.location().absolute)
            .map(|file| file.len())
            .map_err(|source| Error::Inspect { path: self.database.path(), source })
    }
}

/// The verdicts over every snapshot, newest first.
fn plan(connection: &Connection, rules: &[KeepRule]) -> Result<Vec<PruneVerdict>> {
    if !fit::has_table(connection, &runs::TABLE)? {
        return Ok(Vec::new());
    }
    let mut running = Vec::new();
    let mut subjects = HashMap::new();
    if fit::has_table(connection, &runs_ledger::TABLE)? {
        for (run, subject) in ledger::subjects(connection)? {
            if subject.status == AccountStatus::Running.as_str() {
                running.push(run);
            }
            subjects.insert(run, subject);
        }
    }
    let has_chain = fit::has_table(connection, &snapshot_chain::TABLE)?;
    let mut parts = if has_chain { states::parts(connection)? } else { HashMap::new() };
    let mut candidates = Vec::new();
    for run in runs::newest_first(connection)? {
        let Some(snapshot) = runs::snapshot(connection, run)? else { continue };
        let (ledger_id, project) =
            subjects.remove(&run).map_or((None, None), |row| (Some(row.ledger_id), Some(row.subject)));
        candidates.push(Candidate {
            run_id: run,
            ledger_id,
            project: project.unwrap_or(snapshot.root_path),
            part: parts.remove(&run).unwrap_or_default(),
            started_at: snapshot.started_at,
            record_count: snapshot.record_count,
            is_running: running.contains(&run),
        });
    }
    Ok(rules::judge(candidates, rules))
}
