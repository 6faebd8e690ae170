//! One stage of an invocation.

use std::{fmt, str::FromStr, time::Duration};

use uuid::Uuid;

use super::{AccountStatus, CodeRef, Fingerprint, LedgerId, ledger::parse};
use crate::Timestamp;

/// The stages of a snapshot, in their order.
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

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 4] = [Self::Analyze, Self::Build, Self::Enrich, Self::Persist];

    /// The word that the database and every output use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Analyze => "analyze",
            Self::Build => "build",
            Self::Enrich => "enrich",
            Self::Persist => "persist",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Stage {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == word).ok_or(())
    }
}

/// Where the result of a stage comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StageSource {
    /// It was worked out.
    Executed,
    /// It is that of an earlier run of the stage with the same input and configuration.
    Checkpoint,
}

impl StageSource {
    /// The word that the database and every output use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Checkpoint => "checkpoint",
        }
    }
}

impl FromStr for StageSource {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::Executed, Self::Checkpoint].into_iter().find(|source| source.as_str() == word).ok_or(())
    }
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

/// What is known of a stage when it begins.
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
    /// Over the settings that decide its result.
    pub config_hash: Fingerprint,
    /// Over everything that it reads, the configuration and the commit among it; none where only reading tells.
    pub input_fingerprint: Option<Fingerprint>,
    /// What goes into it; none where only reading tells.
    pub rows_in: Option<u64>,
    /// That of the invocation.
    pub trace_id: String,
}

/// How a stage ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageEnd {
    /// Which one.
    pub id: StageRunId,
    /// Anything but running.
    pub status: AccountStatus,
    /// Where its result comes from.
    pub source: StageSource,
    /// Why it failed or was interrupted, or what is missing from its result; one line.
    pub error: Option<String>,
    /// As in [`StageStart`]; none keeps what is known already.
    pub input_fingerprint: Option<Fingerprint>,
    /// When it ended.
    pub finished_at: Timestamp,
    /// How long it took, by a clock that nobody sets.
    pub duration: Duration,
    /// What went into it; none keeps what is known already.
    pub rows_in: Option<u64>,
    /// What came out of it; none where nothing did.
    pub rows_out: Option<u64>,
    /// Calls of a model; none in stages that call none.
    pub llm_calls: Option<u64>,
    /// Tokens read and written by the model; none where it is not known.
    pub tokens: Option<u64>,
}
