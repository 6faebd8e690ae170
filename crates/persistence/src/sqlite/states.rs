//! What proves a snapshot, and what its records are told by, for commands that compare or attest it.

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

/// So many digests of models are read of one run; more than one is rare.
const DIGEST_LIMIT: i64 = 10;

/// What the hashes of a snapshot are made from.
const HASHED: [&Table; 5] =
    [&runs::TABLE, &records::TABLE, &analyzer_errors::TABLE, &record_questions::TABLE, &enrichments::TABLE];

/// A definition or file of a snapshot, told by its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRow {
    /// The word for what it is; another program may know other words.
    pub kind: String,
    /// Relative to the root; the rows of a file share the text.
    pub file_path: Arc<str>,
    /// The declaration; none for files.
    pub signature: Option<String>,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The hash of the code as it is stored, see [`RecordHashes`](cds_model::RecordHashes).
    pub code: Fingerprint,
}

/// What the stored rows of a snapshot give when they are hashed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecomputedProof {
    /// How many records there are.
    pub record_count: u64,
    /// The root over them.
    pub snapshot_root: Fingerprint,
    /// The hash over the row of the run and what else belongs to it.
    pub run_hash: Fingerprint,
}

impl SqliteReader {
    /// The definitions and files of a snapshot, told by their code, in its order; none where there is none.
    ///
    /// The code itself is hashed row by row and not kept.
    pub fn states(&self, run: RunId) -> Result<Vec<StateRow>, Error> {
        self.read_of(&[&records::TABLE], &Step::ReadRecords, |connection| select::states::of_run(connection, run))
    }

    /// Hashes a snapshot anew; none where a table is missing that every snapshot with a proof has.
    pub fn recompute_proof(&self, run: RunId) -> Result<Option<RecomputedProof>, Error> {
        self.read_of(&HASHED, &Step::ReadRecords, |connection| {
            let tree = select::states::tree(connection, run)?;
            let run_hash = run_hash::of(connection, run)?;
            let (record_count, snapshot_root) = (tree.leaf_count(), tree.root());
            Ok(Some(RecomputedProof { record_count, snapshot_root, run_hash }))
        })
    }

    /// The rows with which these snapshots were chained, also those of pruned ones; nothing for those without one.
    pub fn chain_rows(&self, runs: &[RunId]) -> Result<HashMap<RunId, ChainRow>, Error> {
        self.read_of(&[&snapshot_chain::TABLE], &Step::ReadAccounts, |connection| {
            let row = |run: &RunId| Ok(snapshot_chain::of_snapshot(connection, *run)?.map(|row| (*run, row)));
            runs.iter().filter_map(|run| row(run).transpose()).collect()
        })
    }

    /// Why a snapshot is not there, as far as the chain tells.
    pub fn absence_of(&self, run: RunId) -> Result<SnapshotAbsence, Error> {
        self.read_of(&[&snapshot_chain::TABLE], &Step::ReadAccounts, |connection| {
            Ok(match select::states::last_event(connection, run)?.as_deref() {
                Some(ChainLink::PRUNED) => SnapshotAbsence::Pruned,
                Some(ChainLink::SNAPSHOT) => SnapshotAbsence::Unexplained,
                _ => SnapshotAbsence::Unrecorded,
            })
        })
    }

    /// The files and folders of which something is missing from a snapshot, each once.
    pub fn unread_paths(&self, run: RunId) -> Result<Vec<String>, Error> {
        self.read_of(&[&analyzer_errors::TABLE], &Step::ReadRecords, |connection| {
            select::states::unread_paths(connection, run)
        })
    }

    /// How often each transition occurred in the snapshot of a row of the chain; those that did not are left out.
    pub fn transitions_of(&self, row: &ChainRow) -> Result<Vec<Counted>, Error> {
        let tables = [&snapshot_chain::TABLE, &unit_history::TABLE];
        let mut counted =
            self.read_of(&tables, &Step::ReadUnits, |connection| select::states::transitions(connection, row))?;
        let place = |name: &str| Transition::ALL.iter().position(|known| known.as_str() == name);
        counted.sort_by_key(|entry| place(&entry.name).unwrap_or(usize::MAX));
        Ok(counted)
    }

    /// The latest snapshot of a part of a project that is there; none where no history of it was kept.
    pub fn latest_snapshot_of(&self, project: &str, part: &str) -> Result<Option<RunId>, Error> {
        self.read_of(&[&runs::TABLE, &snapshot_chain::TABLE], &Step::ReadAccounts, |connection| {
            select::states::latest(connection, project, part)
        })
    }

    /// The digests of the models whose kept answers a snapshot has, at most ten; none where nobody told any, or the
    /// answers are kept no more.
    pub fn model_digests(&self, run: RunId) -> Result<Vec<String>, Error> {
        let tables = [&records::TABLE, &record_questions::TABLE, &intent_cache::TABLE];
        self.read_of(&tables, &Step::ReadAnswers, |connection| {
            select::states::model_digests(connection, run, DIGEST_LIMIT)
        })
    }

    /// Reads from tables of which each may be missing; then there is nothing.
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
