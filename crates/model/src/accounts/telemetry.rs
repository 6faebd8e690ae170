//! What happened on the way.

use std::{fmt, str::FromStr};

use crate::Timestamp;

/// The kinds of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TelemetryType {
    /// A call of a model came back, or did not.
    LlmCall,
    /// A question is sent again.
    Retry,
    /// Something was decided: what, and on which condition.
    Decision,
    /// Something is missing from the result.
    Error,
    /// A stage began or ended.
    Stage,
}

impl TelemetryType {
    /// Every type.
    pub const ALL: [Self; 5] = [Self::LlmCall, Self::Retry, Self::Decision, Self::Error, Self::Stage];

    /// The word that the database and every output use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LlmCall => "LLM_CALL",
            Self::Retry => "RETRY",
            Self::Decision => "DECISION",
            Self::Error => "ERROR",
            Self::Stage => "STAGE",
        }
    }
}

impl fmt::Display for TelemetryType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for TelemetryType {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(())
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryEntry {
    /// When.
    pub recorded_at: Timestamp,
    /// What kind of thing.
    pub log_type: TelemetryType,
    /// The record (`path:line`) or file that it is about; none where it is about the run.
    pub subject: Option<String>,
    /// What happened: a JSON object.
    pub event_details: String,
    /// What went wrong, where something did: a JSON object.
    pub error_metadata: Option<String>,
}

/// What became of the telemetry of one invocation; `recorded` is `written` and `dropped` together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TelemetryCounts {
    /// Entries that were to be written.
    pub recorded: u64,
    /// Entries that are in the database.
    pub written: u64,
    /// Entries that are lost: the queue was full, or the database refused them.
    pub dropped: u64,
}
