//! What an enrichment tells about itself: its result, its decisions, and the events of single calls and questions.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use cds_model::{EnrichmentAccount, Record};

use crate::{Answer, FailureClass};

/// The result of an enrichment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrichment {
    /// Counts and costs.
    pub account: EnrichmentAccount,
    /// Why records failed: the most frequent reason first, then alphabetically.
    pub failures: Vec<FailureGroup>,
    /// How it ended.
    pub ending: Ending,
    /// What was not asked because a limit was reached.
    pub left: Left,
}

/// Questions that are left for a later run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// Distinct questions.
    pub question_count: usize,
    /// The records that share them.
    pub record_count: usize,
}

/// Records that failed for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureGroup {
    /// The reason, on one line.
    pub reason: String,
    /// The number of records.
    pub record_count: usize,
}

/// How an enrichment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Each question was answered or failed by itself.
    Completed,
    /// The provider could not be asked, or not any longer. All remaining records got this reason.
    GaveUp {
        /// The reason, on one line.
        reason: String,
    },
    /// A limit of the caller was reached. All remaining records got this reason.
    BudgetSpent {
        /// The reason, on one line.
        reason: String,
    },
    /// The caller ended it; records without an answer are unchanged.
    Interrupted,
}

/// Accumulates the cost of calls.
#[derive(Debug, Default)]
pub(super) struct Costs {
    pub(super) asked_count: usize,
    pub(super) call_count: usize,
    prompt_tokens: Option<u64>,
    answer_tokens: Option<u64>,
    /// Latencies of answered calls in microseconds; four bytes each, since there may be very many.
    latencies: Vec<u32>,
}

impl Costs {
    /// Counts an answered call.
    pub(super) fn add(&mut self, answer: &Answer, latency: Duration) {
        self.add_tokens(answer.prompt_tokens, answer.answer_tokens);
        self.latencies.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    /// Counts the tokens of a paid call that gave no answer.
    pub(super) fn add_tokens(&mut self, prompt_tokens: Option<u64>, answer_tokens: Option<u64>) {
        add_tokens(&mut self.prompt_tokens, prompt_tokens);
        add_tokens(&mut self.answer_tokens, answer_tokens);
    }

    /// Copies its figures into an account.
    pub(super) fn fill(&mut self, account: &mut EnrichmentAccount) {
        account.asked_count = self.asked_count;
        account.call_count = self.call_count;
        account.retried_count = self.call_count - self.asked_count;
        account.prompt_tokens = self.prompt_tokens;
        account.answer_tokens = self.answer_tokens;
        account.mean_latency = mean(&self.latencies);
        account.p95_latency = percentile_95(&mut self.latencies);
    }
}

/// Groups the reasons of failed records.
pub(super) fn failure_groups(reasons: HashMap<String, usize>) -> Vec<FailureGroup> {
    let mut groups: Vec<FailureGroup> =
        reasons.into_iter().map(|(reason, record_count)| FailureGroup { reason, record_count }).collect();
    groups
        .sort_by(|left, right| right.record_count.cmp(&left.record_count).then_with(|| left.reason.cmp(&right.reason)));
    groups
}

fn add_tokens(sum: &mut Option<u64>, tokens: Option<u64>) {
    if let Some(tokens) = tokens {
        *sum = Some(sum.unwrap_or(0).saturating_add(tokens));
    }
}

fn mean(latencies: &[u32]) -> Duration {
    let sum: u64 = latencies.iter().map(|latency| u64::from(*latency)).sum();
    Duration::from_micros(sum / (latencies.len().max(1) as u64))
}

/// The nearest-rank percentile: the smallest value that at least 95 % of the values do not exceed.
fn percentile_95(latencies: &mut [u32]) -> Duration {
    if latencies.is_empty() {
        return Duration::ZERO;
    }
    let rank = (latencies.len() * 95).div_ceil(100);
    let (_, value, _) = latencies.select_nth_unstable(rank - 1);
    Duration::from_micros(u64::from(*value))
}

/// A decision and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Records are not asked about; reported once for each condition that applies, before the first call.
    Skipped {
        /// The number of records.
        record_count: usize,
        /// The condition.
        condition: SkipCondition,
    },
    /// The code of a question is too long for the model and is cut in the prompt. Reported for the first 100 such
    /// questions, even if a kept answer is used.
    Cut {
        /// The first record with the question.
        place: Place,
    },
    /// The code of further questions is cut; reported once if there are more than 100.
    CutFurther {
        /// The number of questions beyond those reported one by one.
        question_count: usize,
    },
    /// Answers of earlier runs are used; reported once before the first call, if there are any.
    Reused {
        /// Records that got such an answer.
        record_count: usize,
        /// Distinct questions that need no call.
        question_count: usize,
    },
    /// Some reused answers belong to an older version of the prompt; reported once, if there are any.
    ReusedFormer {
        /// Records that got such an answer.
        record_count: usize,
        /// Distinct questions.
        question_count: usize,
    },
    /// Records got the answer of another record of this run; reported once at the end, if there are any.
    Shared {
        /// The number of records, without those that the question was sent for.
        record_count: usize,
    },
    /// A question will be sent again.
    Retry {
        /// The first record with the question.
        place: Place,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// The minimum wait.
        delay: Duration,
        /// The reason of the failure.
        reason: String,
    },
    /// No call is sent for a while, because the provider asked to wait.
    Paused {
        /// The length of the pause.
        wait: Duration,
        /// The provider's message.
        reason: String,
    },
    /// The provider seems unavailable: from now on only single probes are sent.
    BreakerOpened {
        /// The reason of the last failure.
        reason: String,
    },
    /// The provider is available again.
    BreakerClosed {
        /// How long the run waited for it.
        after: Duration,
    },
    /// The limit of calls in flight changed.
    ConcurrencyChanged {
        /// The old limit.
        from: usize,
        /// The new limit.
        to: usize,
    },
    /// The store of answers cannot be read or written; reported once per run.
    StoreFailed {
        /// The store's error.
        reason: String,
    },
    /// The server refused a part of the request, and later requests change it.
    Adapted {
        /// What was refused, and what is sent instead.
        reason: String,
    },
    /// No question is sent any more; every record without an answer gets this reason.
    GaveUp {
        /// The reason.
        reason: String,
    },
    /// A limit of the caller was reached; every record without an answer gets this reason.
    BudgetSpent {
        /// The reason.
        reason: String,
    },
    /// All questions that remained when the run gave up have failed; reported once at the end, instead of one by one.
    RestFailed {
        /// The number of records.
        record_count: usize,
        /// The number of distinct questions.
        question_count: usize,
        /// The reason of each failure.
        reason: String,
    },
    /// An interruption was requested; no further call is sent.
    Interrupted {
        /// Calls that are still awaited.
        in_flight: usize,
    },
}

/// Why a record is not asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkipCondition {
    /// Its kind is not in the scope, with or without code.
    OutOfScope,
    /// Its normalized code is empty.
    WithoutCode,
    /// It is a definition without a body; its sentence is derived.
    WithoutBody,
}

cds_model::words! {
    SkipCondition:
        OutOfScope = "out_of_scope",
        WithoutCode = "without_code",
        WithoutBody = "without_body",
}

/// The position of a record, shown as `path:line`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Relative to the root, with `/` as separator.
    pub file_path: Arc<str>,
    /// First line, 1-based.
    pub start_line: u32,
}

impl From<&Record> for Place {
    fn from(record: &Record) -> Self {
        Self { file_path: Arc::clone(&record.file_path), start_line: record.start_line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file_path, self.start_line)
    }
}

/// A call that returned or timed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallReport<'a> {
    /// The first record with the question.
    pub place: Place,
    /// The attempt at its question, from 1.
    pub attempt: u32,
    /// The time from sending to the complete answer or the failure.
    pub latency: Duration,
    /// Prompt tokens; `None` if the call failed or the provider does not report them.
    pub prompt_tokens: Option<u64>,
    /// Answer tokens; `None` if the call failed or the provider does not report them.
    pub answer_tokens: Option<u64>,
    /// Why there is no usable answer; `None` if there is one.
    pub failure: Option<CallFailure<'a>>,
}

/// Why a call got no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallFailure<'a> {
    /// The word of [`AskError::kind`](crate::AskError::kind).
    pub kind: &'static str,
    /// The HTTP status, if it caused the failure.
    pub http_status: Option<u16>,
    /// What the failure means for the next question.
    pub class: FailureClass,
    /// One printable line of at most 300 characters without credentials.
    pub reason: &'a str,
}

/// A question that failed permanently, with all records that share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRecord<'a> {
    /// The first record with the question.
    pub place: Place,
    /// The reason as stored in the records.
    pub reason: &'a str,
    /// The number of records with the question, including the first.
    pub record_count: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_use_nearest_rank() {
        let percentile = |mut values: Vec<u32>| percentile_95(&mut values).as_micros();
        assert_eq!(percentile((1..=100).rev().collect()), 95);
        assert_eq!(percentile((1..=20).collect()), 19);
        assert_eq!(percentile(vec![7]), 7);
        assert_eq!(percentile(Vec::new()), 0);
        assert_eq!((mean(&[1, 2, 6]), mean(&[])), (Duration::from_micros(3), Duration::ZERO));
    }

    #[test]
    fn most_frequent_reason_comes_first() {
        let reasons = [("b", 2), ("c", 9), ("a", 2)].map(|(reason, count)| (reason.to_owned(), count));
        let groups = failure_groups(HashMap::from(reasons));
        let shown: Vec<_> = groups.iter().map(|group| (group.record_count, group.reason.as_str())).collect();
        assert_eq!(shown, [(9, "c"), (2, "a"), (2, "b")]);
    }
}
