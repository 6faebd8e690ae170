//! The rules that decide which snapshots a pruning keeps, and their results.

use cds_model::Timestamp;
use serde::Serialize;

use crate::RunId;

/// A rule for snapshots to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepRule {
    /// The last n snapshots of each part of each project.
    Last(usize),
    /// For each part of each project: the last snapshot of each of the last n days with snapshots. Days are in UTC.
    Daily(usize),
    /// Snapshots that began at this moment or later.
    Since(Timestamp),
}

/// One snapshot, and whether it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PruneVerdict {
    /// The snapshot.
    #[serde(rename = "snapshot_id")]
    pub run_id: RunId,
    /// Its id in the ledger, if it has one.
    pub ledger_id: Option<String>,
    /// The project; the root path if no ledger row names one.
    pub project: String,
    /// The part of the project; empty for all of it, or if no history was kept.
    pub part: String,
    /// When it began; RFC 3339 as stored.
    pub started_at: String,
    /// The number of its records.
    pub record_count: u64,
    /// Whether it is kept.
    pub is_kept: bool,
    /// Why; one line.
    pub reason: String,
}
