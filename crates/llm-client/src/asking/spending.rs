//! What a run may spend: the limits of the caller, and the retries of failed questions.
//!
//! Tokens are known only after an answer. So a call is sent beside others only if the mean of the answers so far says
//! that the rest of the tokens pays for all of them; the limit is exceeded by one answer at most, as far as answers are
//! alike. Where the provider counts no tokens, three bytes count as one.
//!
//! Retries are at most a quarter of the questions asked so far, plus a reserve of 20 for short runs, so that a failing
//! server does not get a multiple of its load. The idea is that of *Site Reliability Engineering* (Beyer et al., chapter 21,
//! "Handling Overload"), which allows a tenth if many clients share a server, and of Finagle's `RetryBudget`. A run is
//! usually its server's only client, and a run in which every seventh call fails at random should still lose no record.
//!
//! Waits are exponential, capped, with full jitter, which spreads clients that failed together (Brooker, "Exponential
//! Backoff And Jitter", AWS Architecture Blog, 2015): each wait is uniform between zero and the exponential bound.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    Answer, AskError,
    plain_text::{MAX_CHARS, one_line},
};

const BYTES_PER_TOKEN: usize = 3;
/// The maximum of calls of one question that may time out.
const MOST_TIME_OUTS: u32 = 2;
const RESERVED_RETRIES: usize = 20;
const QUESTIONS_PER_RETRY: usize = 4;
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(8);

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

/// The history of a question.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attempts {
    /// The number of calls.
    pub(super) sent: u32,
    /// Calls that count against the retries; calls to an unavailable provider do not.
    pub(super) counted: u32,
    time_outs: u32,
    /// Whether it was sent again because its connection broke before an answer.
    was_resent: bool,
}

impl Attempts {
    /// Counts a failed call; false if no retry is left.
    pub(super) fn count_failure(&mut self, error: &AskError, retries: u32) -> bool {
        self.counted += 1;
        self.time_outs += u32::from(matches!(error, AskError::TimedOut { .. }));
        // A connection that the server had already closed is not the question's failure: even without retries it gets
        // one more try.
        let is_stale = error.is_unanswered() && !self.was_resent;
        self.was_resent |= is_stale;
        is_stale || (self.counted <= retries && self.time_outs < MOST_TIME_OUTS)
    }

    /// Excuses a failure of an unavailable provider: at least one more call is left.
    pub(super) fn forgive(&mut self, retries: u32) {
        self.counted = self.counted.min(retries);
        self.time_outs = self.time_outs.min(MOST_TIME_OUTS - 1);
    }

    /// The reason with the number of attempts.
    pub(super) fn reason(self, error: &str) -> String {
        if self.sent <= 1 {
            return error.to_owned();
        }
        let attempts = format!(" ({} attempts)", self.sent);
        one_line(error, MAX_CHARS - attempts.len()) + &attempts
    }
}

/// The retries of a whole run.
#[derive(Debug)]
pub(super) struct Retries {
    pub(super) budget: RetryBudget,
    jitter: Jitter,
}

impl Retries {
    pub(super) fn new(seed: u64) -> Self {
        Self { budget: RetryBudget::default(), jitter: Jitter::new(seed) }
    }

    /// How long a question waits after its `attempts`.
    ///
    /// A connection that broke before an answer was most likely closed by the server earlier: a new one is tried once
    /// without delay.
    pub(super) fn delay(&mut self, attempts: Attempts, error: &AskError) -> Duration {
        if attempts.counted == 1 && error.is_unanswered() {
            return Duration::ZERO;
        }
        self.jitter.below(backoff(attempts.counted))
    }
}

/// Counts questions and the retries that they pay for.
#[derive(Debug, Default)]
pub(crate) struct RetryBudget {
    asked: usize,
    spent: usize,
}

impl RetryBudget {
    /// Counts a question that is sent for the first time.
    pub(crate) fn earn(&mut self) {
        self.asked += 1;
    }

    /// Spends a retry; returns false if none is left.
    pub(crate) fn spend(&mut self) -> bool {
        let is_allowed = self.spent < RESERVED_RETRIES + self.asked / QUESTIONS_PER_RETRY;
        self.spent += usize::from(is_allowed);
        is_allowed
    }
}

/// The upper bound of the wait after the `failure_count`-th failure in a row: 0.5 s, 1 s, 2 s, … 8 s.
pub(crate) fn backoff(failure_count: u32) -> Duration {
    let doublings = failure_count.saturating_sub(1).min(16);
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

/// Random numbers that are reproducible for a seed (xorshift64*, Vigna 2016).
#[derive(Debug, Clone)]
pub(crate) struct Jitter {
    state: u64,
}

impl Jitter {
    pub(crate) fn new(seed: u64) -> Self {
        // The generator would stay at zero forever; an odd multiplier spreads small seeds over all bits.
        Self { state: (seed ^ 0x5851_f42d_4c95_7f2d).wrapping_mul(0x9e37_79b9_7f4a_7c15).max(1) }
    }

    /// A uniformly random part of `bound`, to the microsecond.
    pub(crate) fn below(&mut self, bound: Duration) -> Duration {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let random = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        let microseconds = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
        let part = (u128::from(microseconds) * u128::from(random)) >> 32;
        Duration::from_micros(u64::try_from(part).unwrap_or(u64::MAX))
    }
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

    #[test]
    fn retries_stay_within_budget() {
        let mut budget = RetryBudget::default();
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 20);
        (0..1000).for_each(|_| budget.earn());
        assert_eq!((0..500).filter(|_| budget.spend()).count(), 250);
    }

    #[test]
    fn bounds_double_up_to_eight_seconds() {
        let bounds: Vec<u128> = [1, 2, 3, 4, 5, 6, 1000].map(|count| backoff(count).as_millis()).into();
        assert_eq!(bounds, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
    }

    #[test]
    fn jitter_is_uniform_and_repeatable() {
        for seed in [0, 1, u64::MAX] {
            let mut jitter = Jitter::new(seed);
            let waits: Vec<Duration> = (0..10_000).map(|_| jitter.below(LONGEST_WAIT)).collect();
            assert!(waits.iter().all(|wait| *wait < LONGEST_WAIT));
            let mean = waits.iter().sum::<Duration>() / 10_000;
            assert!((Duration::from_millis(3_850)..Duration::from_millis(4_150)).contains(&mean), "{mean:?}");
            let mut again = Jitter::new(seed);
            assert!(waits.iter().all(|wait| *wait == again.below(LONGEST_WAIT)));
        }
        assert_ne!(Jitter::new(1).below(LONGEST_WAIT), Jitter::new(2).below(LONGEST_WAIT));
    }
}
