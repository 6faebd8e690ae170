//! The proof of a snapshot, and the rows of the chain.

use cds_model::{ChainLink, Fingerprint, TransitionCounts};

use crate::{PruneVerdict, RunId};

/// The hashes that a snapshot was written with, to be kept outside of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotProof {
    /// The root of the Merkle tree over the content hashes of its records.
    pub snapshot_root: Fingerprint,
    /// The hash over the rest of the run.
    pub run_hash: Fingerprint,
    /// The hash of its row in `snapshot_chain`, which covers everything written before.
    pub chain_head: Fingerprint,
    /// The transitions of the definitions.
    pub transitions: TransitionCounts,
}

/// The result of a pruning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// Every snapshot, newest first, and whether it is kept.
    pub verdicts: Vec<PruneVerdict>,
    /// The new last hash of `snapshot_chain`, if a row was written.
    pub chain_head: Option<Fingerprint>,
}

/// A row of `snapshot_chain` as stored; `docs/schema.md` describes the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in docs/schema.md")]
pub struct ChainRow {
    pub sequence: i64,
    pub event: String,
    pub run_id: RunId,
    pub project: String,
    pub part: String,
    pub recorded_at: String,
    pub record_count: i64,
    pub snapshot_root: String,
    pub run_hash: String,
    pub history_sequence: i64,
    pub history_hash: String,
    pub previous_hash: String,
    pub hash: String,
}

impl ChainRow {
    /// All fields except its own hash.
    pub fn link(&self) -> ChainLink<'_> {
        ChainLink {
            sequence: self.sequence,
            event: &self.event,
            run_id: self.run_id.0,
            project: &self.project,
            part: &self.part,
            recorded_at: &self.recorded_at,
            record_count: self.record_count,
            snapshot_root: &self.snapshot_root,
            run_hash: &self.run_hash,
            history_sequence: self.history_sequence,
            history_hash: &self.history_hash,
            previous_hash: &self.previous_hash,
        }
    }
}

/// Why a snapshot is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SnapshotAbsence {
    /// The chain records that it was pruned.
    Pruned,
    /// The chain records that it was written, but not that it was pruned.
    Unexplained,
    /// The chain has no record of it, so whether it was pruned is unknown.
    #[default]
    Unrecorded,
}
