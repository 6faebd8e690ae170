//! What is known of a record's intent.

use std::{fmt, str::FromStr};

/// The words that the database uses for the state of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntentStatus {
    /// There is an intent.
    Success,
    /// It was asked for, and there is none.
    Failed,
    /// It was not asked for.
    Skipped,
}

impl IntentStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Success, Self::Failed, Self::Skipped];

    /// The word that the database and every output use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for IntentStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for IntentStatus {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.as_str() == word).ok_or(())
    }
}

/// One sentence that says what a piece of code is for, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Intent {
    /// Not asked for: outside of the scope, without code, or not enriched yet.
    #[default]
    Skipped,
    /// The sentence; never blank.
    Success(String),
    /// A sentence that is derived from the code where nothing can be asked: the definition has no body.
    Derived(String),
    /// Asked for and not received; one line of text that says why.
    Failed(String),
}

impl Intent {
    /// The status by which it is stored.
    pub const fn status(&self) -> IntentStatus {
        match self {
            Self::Skipped => IntentStatus::Skipped,
            Self::Success(_) | Self::Derived(_) => IntentStatus::Success,
            Self::Failed(_) => IntentStatus::Failed,
        }
    }

    /// The sentence, where there is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Success(text) | Self::Derived(text) => Some(text),
            Self::Skipped | Self::Failed(_) => None,
        }
    }

    /// The reason of a failure.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Failed(reason) => Some(reason),
            Self::Skipped | Self::Success(_) | Self::Derived(_) => None,
        }
    }
}
