//! A run and everything that one transaction writes of it.

use crate::{
    AnalyzerError, EnrichmentAccount, FieldHasher, FieldValue, Fingerprint, HistoryContext, IntentStatus, NotRead,
    Record, Scope, SnapshotAccount, SourceFile, Timestamp,
};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// No analyzer error and no failed intent.
    Completed,
    /// At least one of either; the snapshot exists.
    CompletedWithErrors,
    /// Writing the snapshot failed; there is no snapshot.
    Failed,
}

crate::words! {
    RunStatus:
        Completed = "completed",
        CompletedWithErrors = "completed_with_errors",
        Failed = "failed",
}

/// The settings of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSettings {
    /// The absolute path of the tree or file.
    pub root_path: String,
    /// Where the intents came from, without credentials.
    pub provider_url: String,
    /// The model that wrote the intents.
    pub model: String,
    /// The kinds of records that get an intent.
    pub scope: Scope,
    /// Completed calls between two progress lines; above 0.
    pub progress_batch_size: u32,
}

impl RunSettings {
    /// The address of the embedded provider, which derives its sentences from the code.
    pub const EMBEDDED: &str = "builtin:";
    /// Stands for the address and the model of a run that asked nothing and had no snapshot to go on from.
    pub const NOT_ASKED: &str = "none:";
}

/// One run with its records; the database stores all of it or nothing.
#[derive(Debug, Clone)]
pub struct RunSnapshot {
    /// When the command began.
    pub started_at: Timestamp,
    /// When the last intent arrived.
    pub finished_at: Timestamp,
    /// The settings of the run.
    pub settings: RunSettings,
    /// In snapshot order, see [`Record`].
    pub records: Vec<Record>,
    /// Ordered by path.
    pub errors: Vec<AnalyzerError>,
    /// The parts of the tree that were not read, with one entry for each pair of file extension and reason.
    pub not_read: Vec<NotRead>,
    /// Every file that has records, ordered by path; empty if that is not known.
    pub source_files: Vec<SourceFile>,
    /// The cost of the intents; `None` if no provider that may charge was asked.
    pub enrichment: Option<EnrichmentAccount>,
    /// The account written in the same transaction; `None` if no account is kept.
    pub account: Option<SnapshotAccount>,
    /// The history that the snapshot continues; without it, nothing is hashed and no history is written.
    pub history: Option<HistoryContext>,
}

impl RunSnapshot {
    /// The number of records whose intent was requested but not received.
    pub fn intent_failed_count(&self) -> usize {
        self.records.iter().filter(|record| record.intent.status() == IntentStatus::Failed).count()
    }

    /// The hash over the input of the stage that writes the snapshot: settings, the root over the record hashes, and
    /// errors.
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

    /// The status of the run if writing it succeeds.
    pub fn status(&self) -> RunStatus {
        if self.errors.is_empty() && self.intent_failed_count() == 0 {
            RunStatus::Completed
        } else {
            RunStatus::CompletedWithErrors
        }
    }
}
