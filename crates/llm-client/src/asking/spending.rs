//! The limits that a caller sets to the cost of a run: calls, time and tokens.
//!
//! Tokens are known only after an answer. So a call is sent beside others only if the mean of the answers so far says
//! that the rest of the tokens pays for all of them; the limit is exceeded by one answer at most, as far as answers are
//! alike. Where the provider counts no tokens, three bytes count as one.

use std::time::Duration;

use tokio::time::Instant;

use crate::Answer;

const BYTES_PER_TOKEN: usize = 3;

/// What a run may spend; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// Calls, retries included.
    pub max_calls: Option<u64>,
    /// Time from the start of the enrichment.
    pub max_time: Option<Duration>,
    /// Tokens read and written.
    pub max_tokens: Option<u64>,
}

impl Budget {
    /// Whether there is any limit.
    pub fn is_limited(&self) -> bool {
        *self != Self::default()
    }
}

/// What was spent so far.
#[derive(Debug)]
pub(super) struct Spending {
    budget: Budget,
    /// When the time is over.
    deadline: Option<Instant>,
    call_count: u64,
    answer_count: u64,
    token_count: u64,
}

impl Spending {
    pub(super) fn new(budget: Budget, started: Instant) -> Self {
        let deadline = budget.max_time.and_then(|time| started.checked_add(time));
        Self { budget, deadline, call_count: 0, answer_count: 0, token_count: 0 }
    }

    /// Counts a call that is sent.
    pub(super) fn call(&mut self) {
        self.call_count += 1;
    }

    /// Counts an answer to a prompt of `prompt_bytes`.
    pub(super) fn answer(&mut self, answer: &Answer, prompt_bytes: usize) {
        let prompt = answer.prompt_tokens.unwrap_or_else(|| estimate(prompt_bytes));
        self.tokens(prompt.saturating_add(answer.answer_tokens.unwrap_or_else(|| estimate(answer.intent.len()))));
    }

    /// Counts the tokens of one call.
    pub(super) fn tokens(&mut self, count: u64) {
        self.answer_count += 1;
        self.token_count = self.token_count.saturating_add(count);
    }

    /// Why no further call may be sent, if so.
    pub(super) fn end(&self, now: Instant) -> Option<String> {
        let Budget { max_calls, max_tokens, .. } = self.budget;
        if let Some(calls) = max_calls.filter(|calls| self.call_count >= *calls) {
            return Some(format!("the limit of {calls} calls is reached (--max-calls)"));
        }
        if let Some(tokens) = max_tokens.filter(|tokens| self.token_count >= *tokens) {
            return Some(format!("the limit of {tokens} tokens is reached (--max-tokens)"));
        }
        self.is_late(now).then(|| {
            let seconds = self.budget.max_time.unwrap_or_default().as_secs_f64();
            format!("the limit of {seconds} s is reached (--max-time)")
        })
    }

    /// Whether the time is over.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// When the time is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether the tokens that are left are likely to pay for one more call beside those in flight.
    pub(super) fn may_add(&self, in_flight: usize) -> bool {
        let Some(tokens) = self.budget.max_tokens.filter(|_| in_flight > 0) else { return true };
        let mean = self.token_count.checked_div(self.answer_count).unwrap_or(u64::MAX);
        let expected = mean.saturating_mul(in_flight as u64 + 1);
        self.token_count.saturating_add(expected) <= tokens
    }
}

fn estimate(bytes: usize) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(prompt_tokens: Option<u64>, answer_tokens: Option<u64>) -> Answer {
        Answer { intent: "Adds it.".to_owned(), prompt_tokens, answer_tokens }
    }

    #[test]
    fn each_limit_names_its_option() {
        let start = Instant::now();
        let end = |budget: Budget, at: Duration| {
            let mut spending = Spending::new(budget, start);
            spending.call();
            spending.answer(&answer(Some(30), Some(10)), 0);
            spending.end(start + at)
        };
        let none = Budget::default();
        assert_eq!(end(none, Duration::from_secs(1_000_000)), None);
        let calls = |count| Budget { max_calls: Some(count), ..none };
        assert_eq!(end(calls(2), Duration::ZERO), None);
        assert!(end(calls(1), Duration::ZERO).unwrap().contains("1 calls is reached (--max-calls)"));
        let tokens = |count| Budget { max_tokens: Some(count), ..none };
        assert_eq!(end(tokens(41), Duration::ZERO), None);
        assert!(end(tokens(40), Duration::ZERO).unwrap().contains("40 tokens is reached (--max-tokens)"));
        let time = Budget { max_time: Some(Duration::from_millis(1_500)), ..none };
        assert_eq!(end(time, Duration::from_millis(1_499)), None);
        assert!(end(time, Duration::from_millis(1_500)).unwrap().contains("1.5 s is reached (--max-time)"));
    }

    #[test]
    fn parallel_calls_fit_tokens_left() {
        let mut spending = Spending::new(Budget { max_tokens: Some(100), ..Budget::default() }, Instant::now());
        assert!(spending.may_add(0) && !spending.may_add(1), "the first answer shows what one costs");
        spending.answer(&answer(Some(20), Some(5)), 0);
        assert!(spending.may_add(2) && !spending.may_add(3));
        spending.answer(&answer(None, None), 213);
        assert_eq!(spending.token_count, 25 + 71 + 3);
        assert!(spending.may_add(0) && !spending.may_add(1));
    }
}
