//! What proves a snapshot, and the rows that do.

use cds_model::{ChainLink, Fingerprint, TransitionCounts};

use crate::{PruneVerdict, RunId};

/// What a snapshot was written with, to be kept outside of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotProof {
    /// The root of the tree over the content hashes of its records.
    pub snapshot_root: Fingerprint,
    /// The hash over what the run has beside its records.
    pub run_hash: Fingerprint,
    /// The hash of its row in `snapshot_chain`, which stands for everything that was written up to it.
    pub chain_head: Fingerprint,
    /// What became of the units.
    pub transitions: TransitionCounts,
}

/// What a pruning did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// Every snapshot, the newest first, and whether it stays.
    pub verdicts: Vec<PruneVerdict>,
    /// The hash of the last row of `snapshot_chain`, where one was written: the chain now ends with it.
    pub chain_head: Option<Fingerprint>,
}

/// A row of `snapshot_chain`, as it is stored; the columns are described in `docs/schema.md`.
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
    /// Everything but its own hash.
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

/// Why a snapshot is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SnapshotAbsence {
    /// The chain has the row of its pruning.
    Pruned,
    /// The chain says that it was written, and not that it was pruned.
    Unexplained,
    /// The chain does not know it: whether it was pruned is not known.
    #[default]
    Unrecorded,
}
