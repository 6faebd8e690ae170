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

use std::{fmt, str::FromStr};

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

impl AccountStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Running, Self::Completed, Self::CompletedWithErrors, Self::Failed, Self::Interrupted];

    /// The word that the database and every output use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::CompletedWithErrors => "completed_with_errors",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
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

impl fmt::Display for AccountStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for AccountStatus {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.as_str() == word).ok_or(())
    }
}
