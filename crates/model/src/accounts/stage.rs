//! One stage of an invocation.

use std::{fmt, str::FromStr, time::Duration};

use uuid::Uuid;

use super::{AccountStatus, CodeRef, Fingerprint, LedgerId, ledger::parse};
use crate::Timestamp;

/// The stages of a snapshot, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Source files to symbols.
    Analyze,
    /// Symbols to records.
    Build,
    /// Records to records with intents.
    Enrich,
    /// Records to a snapshot in the database.
    Persist,
}

crate::words! {
    Stage:
        Analyze = "analyze",
        Build = "build",
        Enrich = "enrich",
        Persist = "persist",
}

/// Where the result of a stage came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StageSource {
    /// The stage computed it.
    Executed,
    /// An earlier run of the stage with the same input and configuration computed it.
    Checkpoint,
}

crate::words! {
    StageSource:
        Executed = "executed",
        Checkpoint = "checkpoint",
}

/// The identity of one run of one stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageRunId(pub Uuid);

impl fmt::Display for StageRunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        LedgerId(self.0).fmt(formatter)
    }
}

impl FromStr for StageRunId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        parse(text).map(Self)
    }
}

/// What is known about a stage when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageStart {
    /// Its identity.
    pub id: StageRunId,
    /// The invocation that it belongs to.
    pub ledger_id: LedgerId,
    /// Which stage.
    pub stage: Stage,
    /// When it began.
    pub started_at: Timestamp,
    /// The commit of the analyzed tree.
    pub code_ref: CodeRef,
    /// The hash over the settings that decide its result.
    pub config_hash: Fingerprint,
    /// The hash over everything it reads, including configuration and commit; `None` if known only after reading.
    pub input_fingerprint: Option<Fingerprint>,
    /// The number of input rows; `None` if known only after reading.
    pub rows_in: Option<u64>,
    /// The trace id of the invocation.
    pub trace_id: String,
}

/// How a stage ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageEnd {
    /// The stage run that ended.
    pub id: StageRunId,
    /// Any status except `Running`.
    pub status: AccountStatus,
    /// Where its result came from.
    pub source: StageSource,
    /// Why it failed or was interrupted, or what its result lacks; one line.
    pub error: Option<String>,
    /// As in [`StageStart`]; `None` keeps the value already stored.
    pub input_fingerprint: Option<Fingerprint>,
    /// When it ended.
    pub finished_at: Timestamp,
    /// How long it took, by a monotonic clock.
    pub duration: Duration,
    /// The number of input rows; `None` keeps the value already stored.
    pub rows_in: Option<u64>,
    /// The number of output rows; `None` if there were none.
    pub rows_out: Option<u64>,
    /// Calls of a model; `None` for stages that call no model.
    pub llm_calls: Option<u64>,
    /// Tokens read and written by the model; `None` if unknown.
    pub tokens: Option<u64>,
}
