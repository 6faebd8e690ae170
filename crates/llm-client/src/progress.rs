//! How far the asking has come, and how long it will take.
//!
//! The time left is the number of remaining calls times the average seconds a call over everything reported so far.
//! With several calls at once that average is wall time divided by calls, not the latency of one call.

use std::time::Duration;

/// Tells the time since some fixed moment; it never goes back.
pub trait Clock {
    /// The time since that moment.
    fn now(&self) -> Duration;
}

impl<F: Fn() -> Duration> Clock for F {
    fn now(&self) -> Duration {
        self()
    }
}

/// Shows progress to somebody.
pub trait ProgressReporter {
    /// Called every N completed calls and once at the end; exactly one report of a whole enrichment is complete.
    fn report(&mut self, progress: &Progress);
}

impl<F: FnMut(&Progress)> ProgressReporter for F {
    fn report(&mut self, progress: &Progress) {
        self(progress);
    }
}

/// The state after some completed calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Calls that came back, well or badly.
    pub completed: usize,
    /// Records that are asked about.
    pub total: usize,
    /// Calls that came back badly.
    pub failed: usize,
    /// The time that the remaining calls are expected to take.
    pub eta: Duration,
}

impl Progress {
    /// Completed calls in per cent, to one decimal; 100.0 only when nothing is left.
    pub fn percent(&self) -> f64 {
        if self.completed >= self.total {
            return 100.0;
        }
        let per_mille = (self.completed * 2000 + self.total) / (self.total * 2);
        f64::from(u32::try_from(per_mille.min(999)).unwrap_or(999)) / 10.0
    }
}

/// Counts completed calls and reports them in batches.
pub(crate) struct Tracker<'a> {
    progress: Progress,
    batch_size: usize,
    started: Duration,
    clock: &'a dyn Clock,
    reporter: &'a mut dyn ProgressReporter,
}

impl<'a> Tracker<'a> {
    /// Starts the clock; with nothing to do it reports at once.
    pub(crate) fn start(
        total: usize,
        batch_size: u32,
        clock: &'a dyn Clock,
        reporter: &'a mut dyn ProgressReporter,
    ) -> Self {
        let progress = Progress { completed: 0, total, failed: 0, eta: Duration::ZERO };
        if total == 0 {
            reporter.report(&progress);
        }
        let batch_size = usize::try_from(batch_size).unwrap_or(usize::MAX);
        Self { progress, batch_size, started: clock.now(), clock, reporter }
    }

    /// Counts one completed call, and reports when it fills a batch or is the last.
    pub(crate) fn complete(&mut self, has_failed: bool) {
        self.progress.completed += 1;
        self.progress.failed += usize::from(has_failed);
        let Progress { completed, total, .. } = self.progress;
        if completed.is_multiple_of(self.batch_size) || completed == total {
            let elapsed = self.clock.now().saturating_sub(self.started);
            self.progress.eta = remaining_time(elapsed, completed, total);
            self.reporter.report(&self.progress);
        }
    }

    /// The counts so far.
    pub(crate) fn progress(&self) -> Progress {
        self.progress
    }
}

/// Remaining calls times the average time of the completed ones.
fn remaining_time(elapsed: Duration, completed: usize, total: usize) -> Duration {
    let remaining = total.saturating_sub(completed) as u128;
    let nanoseconds = elapsed.as_nanos().saturating_mul(remaining) / (completed.max(1) as u128);
    u64::try_from(nanoseconds).map_or(Duration::MAX, Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Completes `total` calls of one second each (every third fails) and returns what was reported.
    fn reports(total: usize, batch_size: u32) -> Vec<Progress> {
        let seconds = Cell::new(7);
        let clock = || Duration::from_secs(seconds.get());
        let mut seen = Vec::new();
        let mut reporter = |progress: &Progress| seen.push(*progress);
        let mut tracker = Tracker::start(total, batch_size, &clock, &mut reporter);
        for call in 1..=total {
            seconds.set(seconds.get() + 1);
            tracker.complete(call % 3 == 0);
        }
        seen
    }

    fn report(completed: usize, total: usize, failed: usize, eta_seconds: u64) -> Progress {
        Progress { completed, total, failed, eta: Duration::from_secs(eta_seconds) }
    }

    #[test]
    fn a_report_is_made_for_every_batch_and_for_the_end() {
        assert_eq!(reports(5, 2), [report(2, 5, 0, 3), report(4, 5, 1, 1), report(5, 5, 1, 0)]);
    }

    #[test]
    fn a_last_batch_that_is_full_is_reported_once() {
        assert_eq!(reports(4, 2), [report(2, 4, 0, 2), report(4, 4, 1, 0)]);
        assert_eq!(reports(1, 1), [report(1, 1, 0, 0)]);
        assert_eq!(reports(2, u32::MAX), [report(2, 2, 0, 0)]);
    }

    #[test]
    fn nothing_to_do_is_one_complete_report() {
        let seen = reports(0, 10);
        assert_eq!(seen, [report(0, 0, 0, 0)]);
        assert!((seen[0].percent() - 100.0).abs() < f64::EPSILON);
    }

    #[test]
    fn the_average_is_taken_over_all_batches() {
        let times = Cell::new(Duration::ZERO);
        let clock = || times.get();
        let mut etas = Vec::new();
        let mut reporter = |progress: &Progress| etas.push(progress.eta);
        let mut tracker = Tracker::start(6, 2, &clock, &mut reporter);
        for milliseconds in [500, 2000, 2500, 3000, 9000, 9000] {
            times.set(Duration::from_millis(milliseconds));
            tracker.complete(false);
        }
        // 4 × 2.0 s / 2, then 2 × 3.0 s / 4.
        assert_eq!(etas, [Duration::from_secs(4), Duration::from_millis(1500), Duration::ZERO]);
    }

    #[test]
    fn per_cent_are_rounded_and_100_only_at_the_end() {
        for (completed, total, expected) in
            [(0, 3, "0.0"), (1, 3, "33.3"), (2, 3, "66.7"), (99_999, 100_000, "99.9"), (3, 3, "100.0"), (1, 8, "12.5")]
        {
            assert_eq!(format!("{:.1}", report(completed, total, 0, 0).percent()), expected);
        }
    }
}
