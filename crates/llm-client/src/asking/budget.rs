//! The retries that a whole run may make, so that a failing server does not get a multiple of its load.
//!
//! Retries are at most one tenth of the questions asked so far and a reserve of 20 for short runs: the ratio is the one
//! of *Site Reliability Engineering* (Beyer et al., chapter 21, "Handling Overload"), the reserve is the idea of
//! Finagle's `RetryBudget`.

const RESERVE: usize = 20;
const QUESTIONS_PER_RETRY: usize = 10;

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

    /// Whether one more retry is allowed; it is spent if so.
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
    fn retries_stay_a_tenth_and_twenty() {
        let mut budget = RetryBudget::default();
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 20);
        (0..1000).for_each(|_| budget.earn());
        assert_eq!((0..500).filter(|_| budget.spend()).count(), 100);
    }
}
