//! The result of an enrichment: counts, costs, latencies, and the reasons of failures.

use std::{collections::HashMap, time::Duration};

use cds_model::EnrichmentAccount;

use crate::Answer;

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
