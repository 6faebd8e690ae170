//! The proof of a snapshot and the hashes of its records, for commands that compare or attest it.

use std::{collections::HashMap, sync::Arc};

use cds_model::{ChainLink, Fingerprint, Transition};

use super::{database::Database, fit, reader::SqliteReader};
use crate::{
    ChainRow, Counted, Error, RunId, SnapshotAbsence, Step,
    table::{
        Table, analyzer_errors, enrichments, intent_cache, record_questions, records, run_hash, runs, select,
        snapshot_chain, unit_history,
    },
};

/// The most model digests that are read of one run; more than one is rare.
const DIGEST_LIMIT: i64 = 10;

/// The tables that the hashes of a snapshot cover.
const HASHED: [&Table; 5] =
    [&runs::TABLE, &records::TABLE, &analyzer_errors::TABLE, &record_questions::TABLE, &enrichments::TABLE];

/// A definition or file of a snapshot with the hash of its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRow {
    /// Its kind as a word; another program may use other words.
    pub kind: String,
    /// Relative to the root; the rows of a file share the text.
    pub file_path: Arc<str>,
    /// The declaration; `None` for files.
    pub signature: Option<String>,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The hash of the stored code, see [`RecordHashes`](cds_model::RecordHashes).
    pub code: Fingerprint,
}

/// The hashes recomputed from the stored rows of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecomputedProof {
    /// The number of records.
    pub record_count: u64,
    /// The root over the records.
    pub snapshot_root: Fingerprint,
    /// The hash over the rest of the run.
    pub run_hash: Fingerprint,
}

impl SqliteReader {
    /// The definitions and files of a snapshot with the hash of their code, in order; empty if there is no such
    /// snapshot.
    ///
    /// The code is hashed row by row and not kept in memory.
    pub fn states(&self, run: RunId) -> Result<Vec<StateRow>, Error> {
        self.read_of(&[&records::TABLE], &Step::ReadRecords, |connection| select::states::of_run(connection, run))
    }

    /// Recomputes the hashes of a snapshot; `None` if a table that every proof needs is missing.
    pub fn recompute_proof(&self, run: RunId) -> Result<Option<RecomputedProof>, Error> {
        self.read_of(&HASHED, &Step::ReadRecords, |connection| {
            let tree = select::states::tree(connection, run)?;
            let run_hash = run_hash::of(connection, run)?;
            let (record_count, snapshot_root) = (tree.leaf_count(), tree.root());
            Ok(Some(RecomputedProof { record_count, snapshot_root, run_hash }))
        })
    }

    /// The chain rows of these snapshots, including pruned ones; snapshots without a row are left out.
    pub fn chain_rows(&self, runs: &[RunId]) -> Result<HashMap<RunId, ChainRow>, Error> {
        self.read_of(&[&snapshot_chain::TABLE], &Step::ReadAccounts, |connection| {
            let row = |run: &RunId| Ok(snapshot_chain::of_snapshot(connection, *run)?.map(|row| (*run, row)));
            runs.iter().filter_map(|run| row(run).transpose()).collect()
        })
    }

    /// Why a snapshot is missing, according to the chain.
    pub fn absence_of(&self, run: RunId) -> Result<SnapshotAbsence, Error> {
        self.read_of(&[&snapshot_chain::TABLE], &Step::ReadAccounts, |connection| {
            Ok(match select::states::last_event(connection, run)?.as_deref() {
                Some(ChainLink::PRUNED) => SnapshotAbsence::Pruned,
                Some(ChainLink::SNAPSHOT) => SnapshotAbsence::Unexplained,
                _ => SnapshotAbsence::Unrecorded,
            })
        })
    }

    /// The files and folders that a snapshot lacks at least partly, without duplicates.
    pub fn unread_paths(&self, run: RunId) -> Result<Vec<String>, Error> {
        self.read_of(&[&analyzer_errors::TABLE], &Step::ReadRecords, |connection| {
            select::states::unread_paths(connection, run)
        })
    }

    /// How often each transition occurred in the snapshot of a chain row; transitions that did not occur are left out.
    pub fn transitions_of(&self, row: &ChainRow) -> Result<Vec<Counted>, Error> {
        let tables = [&snapshot_chain::TABLE, &unit_history::TABLE];
        let mut counted =
            self.read_of(&tables, &Step::ReadUnits, |connection| select::states::transitions(connection, row))?;
        let place = |name: &str| Transition::ALL.iter().position(|known| known.as_str() == name);
        counted.sort_by_key(|entry| place(&entry.name).unwrap_or(usize::MAX));
        Ok(counted)
    }

    /// The latest existing snapshot of a part of a project; `None` if it has no history.
    pub fn latest_snapshot_of(&self, project: &str, part: &str) -> Result<Option<RunId>, Error> {
        self.read_of(&[&runs::TABLE, &snapshot_chain::TABLE], &Step::ReadAccounts, |connection| {
            select::states::latest(connection, project, part)
        })
    }

    /// The digests of the models whose stored answers a snapshot uses, at most ten; empty if no provider reported one,
    /// or the answers are no longer stored.
    pub fn model_digests(&self, run: RunId) -> Result<Vec<String>, Error> {
        let tables = [&records::TABLE, &record_questions::TABLE, &intent_cache::TABLE];
        self.read_of(&tables, &Step::ReadAnswers, |connection| {
            select::states::model_digests(connection, run, DIGEST_LIMIT)
        })
    }

    /// Reads from tables that may be missing; the result is then empty.
    fn read_of<T: Default>(
        &self,
        tables: &[&Table],
        step: &Step,
        query: impl Fn(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.read(|database: &Database| {
            database.read(step, |connection| {
                for table in tables {
                    if !fit::has_table(connection, table)? {
                        return Ok(T::default());
                    }
                }
                query(connection)
            })
        })
    }
}
