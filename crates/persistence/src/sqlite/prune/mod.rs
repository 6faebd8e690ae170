//! Removes whole snapshots with everything that hangs on them, and says of each why it stays or goes.
//!
//! What is decided and what is removed are of one transaction: nobody can add or finish a run in between.

mod rules;

use std::{collections::HashMap, fs};

use rusqlite::{Connection, Result};

use cds_model::{AccountStatus, Timestamp};

use self::rules::Candidate;
use super::{SqlitePersistence, fit, history, inspection, journal, reader::SqliteReader, schema};
use crate::{
    Error, KeepRule, PruneVerdict, Pruned, RunId, Step,
    table::{
        pruning, runs, runs_ledger,
        select::{ledger, states},
        snapshot_chain, telemetry,
    },
};

impl SqliteReader {
    /// What [`SqlitePersistence::prune_runs`] would do: every snapshot, the newest first.
    pub fn plan_prune(&self, rules: &[KeepRule]) -> std::result::Result<Vec<PruneVerdict>, Error> {
        self.read(|database| database.read(&Step::ReadAccounts, |connection| plan(connection, rules)))
    }

    /// Whether the file holds nothing at all, not even a table.
    pub fn is_blank(&self) -> std::result::Result<bool, Error> {
        self.read(|database| Ok(inspection::inspect(database)? == inspection::Content::Empty))
    }
}

impl SqlitePersistence {
    /// Removes the snapshots that no rule keeps, all in one transaction, and says of each whether it stayed and why.
    ///
    /// With a snapshot go its records, their questions, its analyzer errors, the account of its intents and the
    /// telemetry of its run. Its rows in the ledger and in the stages stay. Two snapshots stay whatever the rules say:
    /// that of a run that has not ended, and the one with the greatest number, since that number would be given again.
    /// The telemetry of runs that ended without a snapshot goes too, where they began before the run of the oldest
    /// snapshot that stays. Without any rule, everything stays. The history of the units stays, and the chain tells of
    /// each snapshot that it was removed now, at `at`, and what its root was.
    ///
    /// # Errors
    ///
    /// Nothing was removed.
    pub fn prune_runs(&mut self, rules: &[KeepRule], at: Timestamp) -> std::result::Result<Pruned, Error> {
        let database = &self.database;
        let transaction = database.begin(&Step::Begin)?;
        // Hours may have passed since the database was opened, and others may have changed it.
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
        // Without the indexes, each snapshot would be searched for in all records.
        schema::create_missing(database)?;
        let chain_head = history::write_tombstones(database, &doomed, at)?;
        for dependent in &pruning::DEPENDENTS {
            let count = pruning::delete(&transaction, dependent, &doomed).map_err(error)?;
            if dependent.table.name == runs::TABLE.name && count != doomed.len() {
                return Err(Error::RowIgnored { path: database.path(), step: Step::PruneRuns });
            }
        }
        pruning::delete_stray_telemetry(&transaction).map_err(error)?;
        database.check_is_in_place()?;
        database.commit(&transaction)?;
        // A reader may be in the way; then the log is merged another time, and nothing is lost.
        drop(journal::checkpoint(database, self.journal));
        Ok(Pruned { verdicts, chain_head })
    }

    /// Gives the room of what was removed back to the file system, and says how large the file was and is, in bytes.
    ///
    /// Needs free room for two more copies of what the file holds, one of them among the temporary files.
    ///
    /// # Errors
    ///
    /// The file holds what it held. With [`Error::CheckpointPending`] it is compact, and shrinks once the reader that
    /// is in the way has gone.
    pub fn compact(&mut self) -> std::result::Result<(u64, u64), Error> {
        let database = &self.database;
        inspection::inspect(database)?;
        database.check_is_in_place()?;
        // What is in the log is part of what there was. Who is in the way now may be gone at the end.
        drop(journal::checkpoint(database, self.journal));
        let before = self.file_size()?;
        database.patiently(|| {
            database.connection.execute_batch("VACUUM").map_err(|cause| database.error(Step::Compact, cause))
        })?;
        journal::checkpoint(database, self.journal)?;
        Ok((before, self.file_size()?))
    }

    fn file_size(&self) -> std::result::Result<u64, Error> {
        fs::metadata(&self.database.location().absolute)
            .map(|file| file.len())
            .map_err(|source| Error::Inspect { path: self.database.path(), source })
    }
}

/// A verdict over every snapshot, the newest first.
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
