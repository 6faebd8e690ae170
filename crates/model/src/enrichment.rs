//! The result of enriching a run with intents.

use std::time::Duration;

/// Counts and costs of one enrichment.
///
/// Each selected record has one outcome:
///
/// - answered by a call of its own,
/// - `reused`: the answer came from an earlier run; counts every record of that question,
/// - `shared`: the answer came from another record of this run,
/// - `failed`: counts every record of that question,
/// - none of these, only if the run was interrupted.
///
/// `asked_count` counts questions, including those that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EnrichmentAccount {
    /// Records in scope that have code.
    pub selected_count: usize,
    /// Distinct questions that were sent to the model at least once.
    pub asked_count: usize,
    /// Records whose answer came from an earlier run.
    pub reused_count: usize,
    /// Records that share the answer of another record of this run.
    pub shared_count: usize,
    /// Records without an answer.
    pub failed_count: usize,
    /// Calls beyond the first for a question.
    pub retried_count: usize,
    /// All calls, including retries.
    pub call_count: usize,
    /// Distinct questions whose code was cut to fit the model's context.
    pub cut_count: usize,
    /// Tokens read by the model; `None` if no answer reported them.
    pub prompt_tokens: Option<u64>,
    /// Tokens written by the model; `None` if no answer reported them.
    pub answer_tokens: Option<u64>,
    /// The duration of the whole enrichment.
    pub elapsed: Duration,
    /// The mean duration of an answered call; zero if there was none.
    pub mean_latency: Duration,
    /// The 95th percentile of the duration of answered calls; zero if there was none.
    pub p95_latency: Duration,
}
