//! The intent of a record and its state.

/// The state of an intent, as the database names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntentStatus {
    /// The record has an intent.
    Success,
    /// The intent was requested, and there is none.
    Failed,
    /// The intent was not requested.
    Skipped,
}

crate::words! {
    IntentStatus:
        Success = "success",
        Failed = "failed",
        Skipped = "skipped",
}

/// One sentence about the purpose of a piece of code, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Intent {
    /// Not requested: out of scope, without code, or not enriched yet.
    #[default]
    Skipped,
    /// The sentence; never blank.
    Success(String),
    /// A sentence derived from the code, because the definition has no body and a model has nothing to read.
    Derived(String),
    /// Requested but not received; one line of text says why.
    Failed(String),
    /// Not requested, because the run asks nothing and no sentence for this code is known.
    NotAsked,
}

impl Intent {
    /// Why a record is skipped by a run that asks nothing.
    pub const NOT_ASKED: &str = "not asked: --no-intents, and the latest snapshot has no intent for this code";

    /// The status as stored.
    pub const fn status(&self) -> IntentStatus {
        match self {
            Self::Skipped | Self::NotAsked => IntentStatus::Skipped,
            Self::Success(_) | Self::Derived(_) => IntentStatus::Success,
            Self::Failed(_) => IntentStatus::Failed,
        }
    }

    /// The sentence, if there is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Success(text) | Self::Derived(text) => Some(text),
            Self::Skipped | Self::Failed(_) | Self::NotAsked => None,
        }
    }

    /// Why there is none; a record that no run would ask about has no reason.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Failed(reason) => Some(reason),
            Self::NotAsked => Some(Self::NOT_ASKED),
            Self::Skipped | Self::Success(_) | Self::Derived(_) => None,
        }
    }
}
