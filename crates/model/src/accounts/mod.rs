//! The accounts of an invocation: who started it, what its stages did, its events, and how it ended.
//!
//! Accounts are written in transactions of their own, apart from the snapshot, so that a killed run leaves a trace.

mod ledger;
mod provenance;
mod stage;
mod telemetry;

pub use ledger::{Heartbeat, LedgerId, RunDetails, RunEnd, RunRole, RunStart, SnapshotAccount};
pub use provenance::{CodeRef, Fingerprint};
pub use stage::{Stage, StageEnd, StageRunId, StageSource, StageStart};
pub use telemetry::{TelemetryCounts, TelemetryEntry, TelemetryType};

use crate::RunStatus;

/// How far an invocation or one of its stages has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountStatus {
    /// It started. The writer lock decides whether its process is still alive.
    Running,
    /// It ended and its result is complete.
    Completed,
    /// It ended with a result that lacks some files or intents.
    CompletedWithErrors,
    /// It ended without a result.
    Failed,
    /// A signal ended it, or its process died without writing an end.
    Interrupted,
}

crate::words! {
    AccountStatus:
        Running = "running",
        Completed = "completed",
        CompletedWithErrors = "completed_with_errors",
        Failed = "failed",
        Interrupted = "interrupted",
}

impl From<RunStatus> for AccountStatus {
    fn from(status: RunStatus) -> Self {
        match status {
            RunStatus::Completed => Self::Completed,
            RunStatus::CompletedWithErrors => Self::CompletedWithErrors,
            RunStatus::Failed => Self::Failed,
        }
    }
}
