//! The events of an invocation.

use crate::Timestamp;

/// The kinds of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TelemetryType {
    /// A call of a model succeeded or failed.
    LlmCall,
    /// A question was sent again.
    Retry,
    /// A decision and the condition that led to it.
    Decision,
    /// Something is missing from the result.
    Error,
    /// A stage began or ended.
    Stage,
}

crate::words! {
    TelemetryType:
        LlmCall = "LLM_CALL",
        Retry = "RETRY",
        Decision = "DECISION",
        Error = "ERROR",
        Stage = "STAGE",
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryEntry {
    /// When it happened.
    pub recorded_at: Timestamp,
    /// Its kind.
    pub log_type: TelemetryType,
    /// The record (`path:line`) or file it concerns; `None` if it concerns the run.
    pub subject: Option<String>,
    /// The event as a JSON object.
    pub event_details: String,
    /// The error as a JSON object; `None` if nothing failed.
    pub error_metadata: Option<String>,
}

/// How many telemetry entries of one invocation were written and lost; `recorded` is `written` plus `dropped`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TelemetryCounts {
    /// Entries submitted for writing.
    pub recorded: u64,
    /// Entries stored in the database.
    pub written: u64,
    /// Entries lost because the queue was full or the database refused them.
    pub dropped: u64,
}
