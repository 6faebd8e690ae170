//! Whether a question that failed is sent again, and when.

use std::time::Duration;

use super::{
    backoff::{self, Jitter},
    budget::RetryBudget,
};
use crate::{
    AskError,
    plain_text::{MAX_CHARS, one_line},
};

/// Calls of one question that may run into the time-out.
const MOST_TIME_OUTS: u32 = 2;

/// What has become of a question so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attempts {
    /// Calls altogether.
    pub(super) sent: u32,
    /// Calls that count against the retries: not those that only met a provider that was gone.
    pub(super) counted: u32,
    time_outs: u32,
    /// Whether it was sent again because its connection broke without an answer.
    was_resent: bool,
}

impl Attempts {
    /// Counts a failed call; false when it was the last.
    pub(super) fn count_failure(&mut self, error: &AskError, retries: u32) -> bool {
        self.counted += 1;
        self.time_outs += u32::from(matches!(error, AskError::TimedOut { .. }));
        // A connection that the server had closed before is nobody's failure: also without retries it has one more try.
        let is_stale = error.is_unanswered() && !self.was_resent;
        self.was_resent |= is_stale;
        is_stale || (self.counted <= retries && self.time_outs < MOST_TIME_OUTS)
    }

    /// The provider was gone: at least one more call is left.
    pub(super) fn forgive(&mut self, retries: u32) {
        self.counted = self.counted.min(retries);
        self.time_outs = self.time_outs.min(MOST_TIME_OUTS - 1);
    }

    /// A reason that says how often it was tried.
    pub(super) fn reason(self, error: &str) -> String {
        if self.sent <= 1 {
            return error.to_owned();
        }
        let attempts = format!(" ({} attempts)", self.sent);
        one_line(error, MAX_CHARS - attempts.len()) + &attempts
    }
}

/// Retries of a whole run.
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
    /// A connection that broke without an answer is most likely one that the server had closed before: once, a new one
    /// is tried without delay.
    pub(super) fn delay(&mut self, attempts: Attempts, error: &AskError) -> Duration {
        if attempts.counted == 1 && error.is_unanswered() {
            return Duration::ZERO;
        }
        self.jitter.below(backoff::bound(attempts.counted))
    }
}
