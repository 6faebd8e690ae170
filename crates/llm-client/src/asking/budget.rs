//! The retry budget of a whole run, so that a failing server does not get a multiple of its load.
//!
//! Retries are at most a quarter of the questions asked so far, plus a reserve of 20 for short runs. The idea is that
//! of
//! *Site Reliability Engineering* (Beyer et al., chapter 21, "Handling Overload"), which allows a tenth if many clients
//! share a server, and of Finagle's `RetryBudget`. A run is usually its server's only client, and a run in which every
//! seventh call fails at random should still lose no record. The circuit breaker bounds an outage.

const RESERVE: usize = 20;
const QUESTIONS_PER_RETRY: usize = 4;

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
        let is_allowed = self.spent < RESERVE + self.asked / QUESTIONS_PER_RETRY;
        self.spent += usize::from(is_allowed);
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_stay_within_budget() {
        let mut budget = RetryBudget::default();
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 20);
        (0..1000).for_each(|_| budget.earn());
        assert_eq!((0..500).filter(|_| budget.spend()).count(), 250);
    }
}
