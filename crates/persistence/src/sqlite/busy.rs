//! Waiting for a database that another process holds.
//!
//! `SQLite`'s own busy handler is not used: it is not asked in every case that can be waited out (a change of the
//! journal mode, a lock that is upgraded), and inside a transaction it would stall each statement anew. So `SQLite`
//! always answers at once, and whole steps are tried again here. No clock is read; the pauses are added up.

use std::{thread, time::Duration};

use crate::Error;

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Tries `attempt` until it does anything else than meet a lock, and gives up when it has paused for `patience`.
pub(super) fn retry<T>(patience: Duration, mut attempt: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut left = patience;
    let mut pause = FIRST_PAUSE;
    loop {
        let outcome = attempt();
        if left.is_zero() || !outcome.as_ref().is_err_and(Error::is_locked) {
            return outcome;
        }
        pause = pause.min(left);
        thread::sleep(pause);
        left -= pause;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Step;

    fn attempts_until(free_at: u32, patience: Duration) -> (Result<u32, Error>, u32) {
        let mut count = 0;
        let outcome = retry(patience, || {
            count += 1;
            if count >= free_at { Ok(count) } else { Err(Error::Locked { path: "x".into(), step: Step::Begin }) }
        });
        (outcome, count)
    }

    #[test]
    fn a_lock_that_goes_away_in_time_is_waited_for() {
        assert!(matches!(attempts_until(4, Duration::from_secs(60)), (Ok(4), 4)));
    }

    #[test]
    fn a_lock_that_stays_is_an_error_when_the_patience_is_used_up() {
        // Pauses of 1, 2, 4 and 3 milliseconds.
        assert!(matches!(attempts_until(99, Duration::from_millis(10)), (Err(Error::Locked { .. }), 5)));
        assert!(matches!(attempts_until(99, Duration::ZERO), (Err(Error::Locked { .. }), 1)));
    }

    #[test]
    fn another_error_is_not_tried_again() {
        let mut count = 0;
        let outcome: Result<(), Error> = retry(Duration::from_secs(60), || {
            count += 1;
            Err(Error::NotADatabase { path: "x".into() })
        });
        assert!(matches!((outcome, count), (Err(Error::NotADatabase { .. }), 1)));
    }
}
