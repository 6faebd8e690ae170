//! What the asking of a run came to.

use std::time::Duration;

/// Counts and costs of one enrichment.
///
/// Each selected record was answered by a call, `reused` the answer of an earlier run (all records of such a question),
/// `shared` the answer of another record of this run, or `failed` (all records of such a question); in a run that was
/// interrupted some are none of these. `asked_count` counts questions, those that failed among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EnrichmentAccount {
    /// Records in scope that have code.
    pub selected_count: usize,
    /// Distinct questions that were sent to the model at least once.
    pub asked_count: usize,
    /// Records whose answer was kept from an earlier run.
    pub reused_count: usize,
    /// Records that share the answer of another record of this run.
    pub shared_count: usize,
    /// Records without an answer.
    pub failed_count: usize,
    /// Calls beyond the first of a question.
    pub retried_count: usize,
    /// Calls altogether, retries among them.
    pub call_count: usize,
    /// Distinct questions whose code was cut to fit the context.
    pub cut_count: usize,
    /// Tokens read by the model; none where no answer told.
    pub prompt_tokens: Option<u64>,
    /// Tokens written by the model; none where no answer told.
    pub answer_tokens: Option<u64>,
    /// The time that the whole enrichment took.
    pub elapsed: Duration,
    /// The mean time of an answered call; zero where there was none.
    pub mean_latency: Duration,
    /// The time that 95 of 100 answered calls stayed below; zero where there was none.
    pub p95_latency: Duration,
}
