//! A run, and everything of it that is written at once.

use std::{fmt, str::FromStr};

use crate::{
    AnalyzerError, EnrichmentAccount, FieldHasher, FieldValue, Fingerprint, HistoryContext, IntentStatus, NotRead,
    Record, Scope, SnapshotAccount, Timestamp,
};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// No analyzer error and no failed intent.
    Completed,
    /// Some of either; the snapshot is there.
    CompletedWithErrors,
    /// The persistence itself failed; there is no snapshot.
    Failed,
}

impl RunStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Completed, Self::CompletedWithErrors, Self::Failed];

    /// The word that the database and every output use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::CompletedWithErrors => "completed_with_errors",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for RunStatus {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.as_str() == word).ok_or(())
    }
}

/// What a run was asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSettings {
    /// The absolute path of the tree or file.
    pub root_path: String,
    /// Where the intents came from, without credentials.
    pub provider_url: String,
    /// The model that wrote the intents.
    pub model: String,
    /// The kinds that were to get an intent.
    pub scope: Scope,
    /// Completed calls between two lines of progress; above 0.
    pub progress_batch_size: u32,
}

impl RunSettings {
    /// The address of the embedded provider, which derives its sentences.
    pub const EMBEDDED: &str = "builtin:";
}

/// One run with its records: what a persistence writes whole or not at all.
#[derive(Debug, Clone)]
pub struct RunSnapshot {
    /// When the command began.
    pub started_at: Timestamp,
    /// When the last intent was in.
    pub finished_at: Timestamp,
    /// What was asked for.
    pub settings: RunSettings,
    /// In the order of the snapshot, see [`Record`].
    pub records: Vec<Record>,
    /// In the order of their paths.
    pub errors: Vec<AnalyzerError>,
    /// What of the tree was not read; each pair of ending and reason once.
    pub not_read: Vec<NotRead>,
    /// What the intents cost; none where nobody was asked who could be paid.
    pub enrichment: Option<EnrichmentAccount>,
    /// What is written into the accounts together with the snapshot; none where nobody keeps accounts.
    pub account: Option<SnapshotAccount>,
    /// Whose history the snapshot goes on with; without it nothing is hashed and no history is written.
    pub history: Option<HistoryContext>,
}

impl RunSnapshot {
    /// How many records were asked for an intent and have none.
    pub fn intent_failed_count(&self) -> usize {
        self.records.iter().filter(|record| record.intent.status() == IntentStatus::Failed).count()
    }

    /// Over what the stage reads that writes the snapshot: its settings, the records, which the root over their hashes
    /// stands for, and the errors.
    pub fn input_fingerprint(&self, config_hash: Fingerprint, snapshot_root: Fingerprint) -> Fingerprint {
        let mut hasher = FieldHasher::new("cds persist input 2");
        hasher.push((&config_hash).into());
        hasher.push((&snapshot_root).into());
        for error in &self.errors {
            hasher.push((&*error.file_path).into());
            hasher.push(error.line.map_or(FieldValue::Null, FieldValue::from));
            hasher.push((&*error.reason).into());
        }
        hasher.finish()
    }

    /// How the run ended, given that it can be written.
    pub fn status(&self) -> RunStatus {
        if self.errors.is_empty() && self.intent_failed_count() == 0 {
            RunStatus::Completed
        } else {
            RunStatus::CompletedWithErrors
        }
    }
}
