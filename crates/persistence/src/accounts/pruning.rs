//! Which snapshots stay when others are pruned: the rules that a caller gives, and what they come to.

use cds_model::Timestamp;

use crate::RunId;

/// What of the snapshots stays when others are pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepRule {
    /// The last so many snapshots of each part of each project.
    Last(usize),
    /// Of each part of each project, the last snapshot of each of the last so many days that have any; days are those of UTC.
    Daily(usize),
    /// Those that began at this moment or later.
    Since(Timestamp),
}

/// One snapshot, and whether it stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneVerdict {
    /// The snapshot.
    pub run_id: RunId,
    /// Its row in the ledger, where it has one.
    pub ledger_id: Option<String>,
    /// The project; the root path where no ledger row names one.
    pub project: String,
    /// The part of the project; empty for all of it, and where no history of it was kept.
    pub part: String,
    /// When it began; RFC 3339 as it is stored.
    pub started_at: String,
    /// Its records.
    pub record_count: u64,
    /// Whether it stays.
    pub is_kept: bool,
    /// Why; one line.
    pub reason: String,
}
