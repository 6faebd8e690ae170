//! Progress of an enrichment, and the expected remaining time.
//!
//! The remaining time is the number of remaining calls times the average seconds per call so far; a record without a
//! call of its own costs nothing. With concurrent calls that average is wall time divided by calls, not the latency of
//! one call.

use std::time::Duration;

use tokio::time::Instant;

use crate::{CallReport, Decision, FailedRecord};

/// Receives the events of an enrichment.
pub trait EnrichmentObserver {
    /// Called when a call completes every N-th record, and once at the end; exactly one report of a complete enrichment
    /// is final. Records without a call (kept answers, records given up together) are included in the next report.
    fn report(&mut self, progress: &Progress);

    /// Called once the number of records is known, whenever a record is complete, and whenever the number of calls in
    /// flight changes. Must return quickly.
    fn advance(&mut self, progress: &Progress) {
        let _ = progress;
    }

    /// Called for each decision.
    fn decision(&mut self, decision: &Decision) {
        let _ = decision;
    }

    /// Called for each call that returned or timed out, before its consequences.
    ///
    /// A call that is abandoned at an early end is not reported. In a completed enrichment the number of reported calls
    /// equals the account's.
    fn call(&mut self, call: &CallReport<'_>) {
        let _ = call;
    }

    /// Called for each question that fails by itself; those given up together are one [`Decision::RestFailed`].
    fn record_failed(&mut self, failure: &FailedRecord<'_>) {
        let _ = failure;
    }
}

impl<F: FnMut(&Progress)> EnrichmentObserver for F {
    fn report(&mut self, progress: &Progress) {
        self(progress);
    }
}

/// The state after some completed records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Records that have an answer or a failure.
    pub completed: usize,
    /// Records to ask about.
    pub total: usize,
    /// Completed records without an answer.
    pub failed: usize,
    /// Completed records whose answer was kept from an earlier run.
    pub reused: usize,
    /// Completed records that share the answer of another record of this run.
    pub shared: usize,
    /// Distinct questions sent so far.
    pub asked: usize,
    /// The current limit of calls in flight.
    pub concurrency: usize,
    /// Calls in flight.
    pub in_flight: usize,
    /// The expected time of the remaining calls; zero until a question is done.
    pub eta: Duration,
}

impl Progress {
    /// Completed records as a percentage with one decimal; 100.0 only if none is left.
    pub fn percent(&self) -> f64 {
        if self.completed >= self.total {
            return 100.0;
        }
        let per_mille = (self.completed * 2000 + self.total) / (self.total * 2);
        f64::from(u32::try_from(per_mille.min(999)).unwrap_or(999)) / 10.0
    }
}

/// How a record was completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completion {
    Asked,
    Reused,
    Shared,
    Failed,
    /// Failed without a call of its own, together with all remaining ones.
    GivenUp,
}

/// Counts completed records and reports them in batches.
pub(crate) struct Tracker {
    progress: Progress,
    batch_size: usize,
    questions_left: usize,
    questions_done: usize,
    started: Instant,
}

impl Tracker {
    /// Starts the clock; without questions it reports at once.
    pub(crate) fn start(total: usize, batch_size: u32, observer: &mut dyn EnrichmentObserver) -> Self {
        let progress = Progress { total, ..Progress::default() };
        observer.advance(&progress);
        if total == 0 {
            observer.report(&progress);
        }
        let batch_size = usize::try_from(batch_size).unwrap_or(usize::MAX);
        Self { progress, batch_size, questions_left: 0, questions_done: 0, started: Instant::now() }
    }

    /// Records the number of distinct questions to ask.
    pub(crate) fn begin_asking(&mut self, question_count: usize) {
        self.questions_left = question_count;
        self.started = Instant::now();
    }

    /// Records that a distinct question was sent for the first time.
    pub(crate) fn question_sent(&mut self, concurrency: usize) {
        self.progress.asked += 1;
        self.progress.concurrency = concurrency;
    }

    /// Records that a distinct question was answered or failed.
    pub(crate) fn question_done(&mut self) {
        self.questions_left = self.questions_left.saturating_sub(1);
        self.questions_done += 1;
    }

    /// Records the number of calls in flight.
    pub(crate) fn in_flight(&mut self, count: usize, observer: &mut dyn EnrichmentObserver) {
        if self.progress.in_flight != count {
            self.progress.in_flight = count;
            observer.advance(&self.progress);
        }
    }

    /// Counts one completed record, and reports when it fills a batch or is the last.
    pub(crate) fn complete(&mut self, completion: Completion, observer: &mut dyn EnrichmentObserver) {
        self.progress.completed += 1;
        match completion {
            Completion::Asked => {}
            Completion::Reused => self.progress.reused += 1,
            Completion::Shared => self.progress.shared += 1,
            Completion::Failed | Completion::GivenUp => self.progress.failed += 1,
        }
        self.progress.eta = self.remaining_time();
        observer.advance(&self.progress);
        // Records without a call complete all at once: a line for every few of them would be useless.
        let is_called = !matches!(completion, Completion::Reused | Completion::GivenUp);
        let Progress { completed, total, .. } = self.progress;
        if (is_called && completed.is_multiple_of(self.batch_size)) || completed == total {
            observer.report(&self.progress);
        }
    }

    /// Records that a question's records, of which the first was asked about and the others shared its answer, failed
    /// after all.
    pub(crate) fn take_back(&mut self, record_count: usize) {
        self.progress.failed += record_count;
        self.progress.shared -= record_count - 1;
    }

    /// The counts so far.
    pub(crate) fn progress(&self) -> Progress {
        self.progress
    }

    /// Remaining calls times the average time of the completed ones.
    fn remaining_time(&self) -> Duration {
        if self.questions_done == 0 {
            return Duration::ZERO;
        }
        let nanoseconds = self.started.elapsed().as_nanos().saturating_mul(self.questions_left as u128);
        u64::try_from(nanoseconds / (self.questions_done as u128)).map_or(Duration::MAX, Duration::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    /// Completes `total` questions of one second each (every third fails) and returns the reports.
    async fn reports(total: usize, batch_size: u32) -> Vec<Progress> {
        let mut seen = Vec::new();
        let mut observer = |progress: &Progress| seen.push(*progress);
        let mut tracker = Tracker::start(total, batch_size, &mut observer);
        tracker.begin_asking(total);
        for call in 1..=total {
            advance(Duration::from_secs(1)).await;
            tracker.question_done();
            let completion = if call % 3 == 0 { Completion::Failed } else { Completion::Asked };
            tracker.complete(completion, &mut observer);
        }
        seen
    }

    fn report(completed: usize, total: usize, failed: usize, eta_seconds: u64) -> Progress {
        Progress { completed, total, failed, eta: Duration::from_secs(eta_seconds), ..Progress::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn each_batch_and_end_is_reported() {
        assert_eq!(reports(5, 2).await, [report(2, 5, 0, 3), report(4, 5, 1, 1), report(5, 5, 1, 0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn full_last_batch_is_reported_once() {
        assert_eq!(reports(4, 2).await, [report(2, 4, 0, 2), report(4, 4, 1, 0)]);
        assert_eq!(reports(1, 1).await, [report(1, 1, 0, 0)]);
        assert_eq!(reports(2, u32::MAX).await, [report(2, 2, 0, 0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_questions_give_one_report() {
        let seen = reports(0, 10).await;
        assert_eq!(seen, [report(0, 0, 0, 0)]);
        assert!((seen[0].percent() - 100.0).abs() < f64::EPSILON);
    }

    #[tokio::test(start_paused = true)]
    async fn average_covers_all_batches() {
        let mut etas = Vec::new();
        let mut observer = |progress: &Progress| etas.push(progress.eta);
        let mut tracker = Tracker::start(6, 2, &mut observer);
        tracker.begin_asking(6);
        for milliseconds in [500, 1500, 500, 500, 6000, 0] {
            advance(Duration::from_millis(milliseconds)).await;
            tracker.question_done();
            tracker.complete(Completion::Asked, &mut observer);
        }
        // 4 × 2.0 s / 2, then 2 × 3.0 s / 4.
        assert_eq!(etas, [Duration::from_secs(4), Duration::from_millis(1500), Duration::ZERO]);
    }

    #[tokio::test(start_paused = true)]
    async fn free_records_take_no_time() {
        let mut seen = Vec::new();
        let mut observer = |progress: &Progress| seen.push(*progress);
        let mut tracker = Tracker::start(10, 1, &mut observer);
        for _ in 0..4 {
            tracker.complete(Completion::Reused, &mut observer);
        }
        tracker.begin_asking(3);
        advance(Duration::from_secs(2)).await;
        tracker.question_sent(4);
        tracker.question_done();
        tracker.complete(Completion::Asked, &mut observer);
        tracker.complete(Completion::Shared, &mut observer);
        for _ in 0..4 {
            tracker.complete(Completion::GivenUp, &mut observer);
        }
        let asked = Progress { reused: 4, asked: 1, concurrency: 4, ..report(5, 10, 0, 4) };
        let shared = Progress { completed: 6, shared: 1, ..asked };
        let end = Progress { completed: 10, failed: 4, ..shared };
        assert_eq!(seen, [asked, shared, end]);
    }

    #[test]
    fn percentage_reaches_100_only_at_end() {
        for (completed, total, expected) in
            [(0, 3, "0.0"), (1, 3, "33.3"), (2, 3, "66.7"), (99_999, 100_000, "99.9"), (3, 3, "100.0"), (1, 8, "12.5")]
        {
            assert_eq!(format!("{:.1}", report(completed, total, 0, 0).percent()), expected);
        }
    }
}
