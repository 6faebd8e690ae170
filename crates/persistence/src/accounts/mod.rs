//! The accounts as they are read: rows and sums.
//!
//! Texts that another program may have written, such as statuses and stages, are returned as stored.

mod pruning;
mod resolved;

use cds_model::{AccountStatus, LedgerId, RunRole};
use serde::{Serialize, Serializer};
use serde_json::Value;

pub use self::{
    pruning::{KeepRule, PruneVerdict},
    resolved::{ResolvedSnapshot, RunProblem},
};
use crate::RunId;

/// One invocation, or a snapshot of another program without an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// Its row in the ledger; `None` if there is only a snapshot.
    pub ledger: Option<LedgerRow>,
    /// Its row in `ledger_details`; `None` if it has none.
    pub details: Option<DetailsRow>,
    /// The number of its snapshot; `None` if it has none. The snapshot may have been pruned.
    pub snapshot_id: Option<RunId>,
    /// The row of its snapshot; `None` if there is no snapshot, or it was pruned.
    pub snapshot: Option<SnapshotRow>,
    /// The cost of its intents; `None` if it has no snapshot that paid for any.
    pub enrichment: Option<EnrichmentRow>,
    /// Model calls of all of its stages; if no stage reports them, those of its enrichment.
    pub llm_calls: Option<u64>,
    /// Tokens of all of its stages; if no stage reports them, those of its enrichment.
    pub tokens: Option<u64>,
}

impl Invocation {
    /// A one-word name: its id in the ledger, or the number of its snapshot.
    pub fn name(&self) -> String {
        match (&self.ledger, self.snapshot_id) {
            (Some(row), _) => row.run_id.clone(),
            (None, Some(run)) => run.to_string(),
            (None, None) => String::new(),
        }
    }

    /// Its status in the ledger, or else that of its snapshot.
    pub fn status(&self) -> &str {
        self.of_ledger(|row| &row.status).or_else(|| self.of_snapshot(|row| &row.status)).unwrap_or_default()
    }

    /// When it began according to the ledger, or else its snapshot; RFC 3339 as stored.
    pub fn started_at(&self) -> &str {
        self.of_ledger(|row| &row.started_at).or_else(|| self.of_snapshot(|row| &row.started_at)).unwrap_or_default()
    }

    /// The project in the ledger; `None` if there is only a snapshot.
    pub fn project(&self) -> Option<&str> {
        self.of_ledger(|row| &row.subject)
    }

    /// Whether it reads a tree or is the work of another program; checks and upkeep do neither.
    pub fn is_run(&self) -> bool {
        let role = self.details.as_ref().map(|row| row.role.as_str());
        !role.is_some_and(|role| [RunRole::Check, RunRole::Upkeep].iter().any(|other| other.as_str() == role))
    }

    fn of_ledger(&self, column: impl Fn(&LedgerRow) -> &String) -> Option<&str> {
        self.ledger.as_ref().map(|row| column(row).as_str())
    }

    fn of_snapshot(&self, column: impl Fn(&SnapshotRow) -> &String) -> Option<&str> {
        self.snapshot.as_ref().map(|row| column(row).as_str())
    }
}

/// A row of `runs_ledger`; the columns are described in `docs/schema.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each field is the column of the same name")]
pub struct LedgerRow {
    pub run_id: String,
    pub subject: String,
    pub notes: Option<String>,
    pub started_at: String,
    pub finished_at: Option<String>,
    pub status: String,
    pub error: Option<String>,
    pub closed_by: Option<String>,
    pub command: String,
    pub tool_version: String,
    pub host: String,
    pub pid: i64,
    pub root_path: Option<String>,
    pub code_ref: Option<String>,
    pub code_ref_note: String,
    pub trace_id: String,
    pub telemetry_recorded: Option<u64>,
    pub telemetry_written: Option<u64>,
    pub telemetry_dropped: Option<u64>,
}

/// A row of `ledger_details`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each field is the column of the same name")]
pub struct DetailsRow {
    pub role: String,
    #[serde(serialize_with = "as_object")]
    pub request: Option<String>,
    pub heartbeat_at: Option<String>,
    pub expires_at: Option<String>,
    pub answered_count: Option<u64>,
    pub selected_count: Option<u64>,
}

/// What is no JSON is no request.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn as_object<S: Serializer>(request: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    let request = request.as_deref().and_then(|stored| serde_json::from_str::<Value>(stored).ok());
    request.serialize(serializer)
}

/// A row of `runs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each field is the column of the same name")]
pub struct SnapshotRow {
    pub id: RunId,
    pub started_at: String,
    pub finished_at: String,
    pub root_path: String,
    pub provider_url: String,
    pub model: String,
    pub scope: String,
    pub progress_batch_size: i64,
    pub status: String,
    pub analyzer_error_count: u64,
    pub intent_failed_count: u64,
    pub record_count: u64,
}

/// A row of `enrichments`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "each field is the column of the same name")]
pub struct EnrichmentRow {
    pub selected_count: u64,
    pub asked_count: u64,
    pub reused_count: u64,
    pub shared_count: u64,
    pub failed_count: u64,
    pub retried_count: u64,
    pub call_count: u64,
    pub cut_count: u64,
    pub prompt_tokens: Option<u64>,
    pub answer_tokens: Option<u64>,
    pub elapsed_seconds: f64,
    pub mean_latency_seconds: f64,
    pub p95_latency_seconds: f64,
}

impl EnrichmentRow {
    /// Tokens read and written; `None` if neither is known.
    pub fn tokens(&self) -> Option<u64> {
        match (self.prompt_tokens, self.answer_tokens) {
            (None, None) => None,
            (prompt, answer) => Some(prompt.unwrap_or_default().saturating_add(answer.unwrap_or_default())),
        }
    }
}

/// A row of `stage_runs`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "each field is the column of the same name")]
pub struct StageRow {
    pub run_id: String,
    pub ledger_id: String,
    pub stage: String,
    pub status: String,
    pub source: String,
    pub error: Option<String>,
    pub input_fingerprint: Option<String>,
    pub code_ref: Option<String>,
    pub code_ref_note: String,
    pub config_hash: String,
    pub started_at: String,
    pub finished_at: Option<String>,
    pub rows_in: Option<u64>,
    pub rows_out: Option<u64>,
    pub duration_seconds: Option<f64>,
    pub llm_calls: Option<u64>,
    pub tokens: Option<u64>,
    pub trace_id: String,
}

/// Selects invocations, newest first.
#[derive(Debug, Clone, Default)]
pub struct InvocationFilter {
    /// The maximum number; `None` for all.
    pub limit: Option<usize>,
    /// Only with this status (`running`, `completed`, …).
    pub status: Option<String>,
    /// Only those that began at this moment or later; RFC 3339 as stored.
    pub since: Option<String>,
    /// Only of this project; snapshots without an account have none.
    pub project: Option<String>,
    /// Only those with a stage of this name.
    pub stage: Option<String>,
    /// Only those of a commit with this prefix, in either case.
    pub commit: Option<String>,
    /// Only those of this command; `runs` selects every command that begins with that word.
    pub command: Option<String>,
    /// Only those with this text in their notes, in either case.
    pub note: Option<String>,
    /// Only those with this text in their own error or one of a stage, in either case.
    pub error: Option<String>,
}

/// Selects stage runs, newest first.
#[derive(Debug, Clone, Default)]
pub struct StageFilter {
    /// The maximum number; `None` for all.
    pub limit: Option<usize>,
    /// Only this stage.
    pub stage: Option<String>,
    /// Only with this status.
    pub status: Option<String>,
}

/// A name and a count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The name.
    pub name: String,
    /// The count.
    pub count: u64,
}

/// Files of one extension that a run did not read for one reason, as stored; see [`NotRead`](cds_model::NotRead).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotReadRow {
    /// The extension; `/` for folders, `*` for extensions without a row of their own, empty for none.
    pub ending: String,
    /// The word for the reason; another program may know other words.
    pub reason: String,
    /// The number of files; an ignored folder counts once.
    pub file_count: u64,
}

/// Errors with the same reason, and where the first one is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorGroup {
    /// The reason, as stored.
    pub reason: String,
    /// The number of errors.
    pub count: u64,
    /// Where the first one is: `file` or `file:line`.
    pub example: String,
}

/// The details of one invocation; each list of groups has at most the first thousand.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct InvocationDetails {
    /// Its stages, in the order in which they began.
    pub stages: Vec<StageRow>,
    /// Records of its snapshot by kind.
    pub records_by_kind: Vec<Counted>,
    /// Analyzer errors of its snapshot, the most frequent first; without a snapshot, those in its telemetry.
    pub analyzer_errors: Vec<ErrorGroup>,
    /// The files that its snapshot did not read, by reason, the most frequent extensions first.
    pub not_read: Vec<NotReadRow>,
    /// Failed intents of its snapshot, the most frequent first; without a snapshot, those in its telemetry.
    pub intent_errors: Vec<ErrorGroup>,
    /// Its telemetry by type.
    pub telemetry: Vec<Counted>,
    /// Tokens of the calls in its telemetry; `None` if none reports them. For a killed run this is the only source.
    pub telemetry_tokens: Option<u64>,
    /// Its decisions by kind, the most frequent first; an entry that counts records or questions counts them here.
    pub decisions: Vec<Counted>,
    /// Failed calls by status, the most frequent first.
    pub call_failures: Vec<Counted>,
}

/// A definition of a snapshot without its code, for comparing two snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each field is the column of the same name")]
pub struct DefinitionRow {
    pub kind: String,
    pub file_path: String,
    pub signature: Option<String>,
    pub start_line: u32,
    pub end_line: u32,
    pub md5sum: String,
    pub intent: Option<String>,
    pub intent_status: String,
}

/// Durations of the runs of a stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageDurations {
    /// The stage.
    pub stage: String,
    /// Runs that ended.
    pub count: u64,
    /// The median in seconds.
    pub median_seconds: f64,
    /// The 95th percentile in seconds (nearest rank).
    pub p95_seconds: f64,
}

/// Sums over all invocations.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RunStats {
    /// Runs by status, without checks and upkeep.
    pub statuses: Vec<Counted>,
    /// Checks and upkeep.
    pub other_count: u64,
    /// Durations by stage, in the order of the stages.
    pub stages: Vec<StageDurations>,
    /// Records in scope. This count and the next two cover existing snapshots only.
    pub selected_count: u64,
    /// Records whose answer came from an earlier run.
    pub reused_count: u64,
    /// Records that share the answer of another record of their run.
    pub shared_count: u64,
    /// Model calls, including those of failed, interrupted and pruned runs.
    pub call_count: u64,
    /// Tokens of the same runs, read and written; `None` if no run reports them.
    pub tokens: Option<u64>,
    /// Tokens read for existing snapshots; `None` if no run reports them.
    pub prompt_tokens: Option<u64>,
    /// Tokens written for existing snapshots; `None` if no run reports them.
    pub answer_tokens: Option<u64>,
}

/// How a stage of another program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherStageEnd {
    /// Any status except `Running`.
    pub status: AccountStatus,
    /// When it ended.
    pub finished_at: cds_model::Timestamp,
    /// Why it failed; one line.
    pub error: Option<String>,
    /// The number of input rows; `None` keeps the value already stored.
    pub rows_in: Option<u64>,
    /// The number of output rows.
    pub rows_out: Option<u64>,
}

/// Why the start or end of a run or stage could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The ledger has this id for another project.
    #[error("start run {id}: the ledger has this id for project {found:?}, not {wanted:?}")]
    OtherSubject {
        /// The id.
        id: LedgerId,
        /// The project in the ledger.
        found: String,
        /// The project in the call.
        wanted: String,
    },
    /// The id is not in the ledger.
    #[error("no run {id} in the ledger")]
    UnknownRun {
        /// The id as given.
        id: String,
    },
    /// The run has ended already.
    #[error("begin a stage of run {id}: it has already ended with status {status}")]
    RunEnded {
        /// The id.
        id: String,
        /// Its status, as stored.
        status: String,
    },
    /// The run has no stage of that name.
    #[error("finish stage {stage:?} of run {id}: it was never started")]
    UnknownOtherStage {
        /// The id of the run.
        id: String,
        /// The name.
        stage: String,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] crate::Error),
}
