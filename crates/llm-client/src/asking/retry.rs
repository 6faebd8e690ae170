//! Whether a failed question is sent again, and when.

use std::time::Duration;

use super::{
    backoff::{self, Jitter},
    budget::RetryBudget,
};
use crate::{
    AskError,
    plain_text::{MAX_CHARS, one_line},
};

/// The maximum of calls of one question that may time out.
const MOST_TIME_OUTS: u32 = 2;

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
        self.jitter.below(backoff::bound(attempts.counted))
    }
}
