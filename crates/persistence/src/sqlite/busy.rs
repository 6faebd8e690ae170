//! Waits for a database that another process holds.
//!
//! The busy handler of `SQLite` is not used: `SQLite` does not call it in every case that a wait resolves (a change of
//! the journal mode, a lock upgrade), and inside a transaction it would delay every statement again. So `SQLite`
//! returns at once, and whole steps are retried here. No clock is read; the pauses are added up.

use std::{thread, time::Duration};

use crate::Error;

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Retries `attempt` while the database is locked, until the pauses add up to `patience`.
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
    fn released_lock_is_waited_for() {
        assert!(matches!(attempts_until(4, Duration::from_secs(60)), (Ok(4), 4)));
    }

    #[test]
    fn lasting_lock_is_an_error() {
        // The pauses are 1, 2, 4 and 3 milliseconds.
        assert!(matches!(attempts_until(99, Duration::from_millis(10)), (Err(Error::Locked { .. }), 5)));
        assert!(matches!(attempts_until(99, Duration::ZERO), (Err(Error::Locked { .. }), 1)));
    }

    #[test]
    fn other_errors_are_not_retried() {
        let mut count = 0;
        let outcome: Result<(), Error> = retry(Duration::from_secs(60), || {
            count += 1;
            Err(Error::NotADatabase { path: "x".into() })
        });
        assert!(matches!((outcome, count), (Err(Error::NotADatabase { .. }), 1)));
    }
}
