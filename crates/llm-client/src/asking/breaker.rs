//! The circuit breaker: when to stop sending to a failing provider, and when to probe whether it is back.
//!
//! Five consecutive transient failures open it if the provider is unreachable, failing or too busy. While it is open,
//! one question at a time is sent as a probe, at growing intervals. Any other reply closes it. A 5xx status keeps it
//! open, since a gateway answers with it for a dead server. So do "busy" and "loading", which a server answers to
//! everything while it starts. Once the patience is over, the run gives up.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff;

/// Consecutive failures that open it.
const THRESHOLD: u32 = 5;

/// Closed, or open since some moment.
#[derive(Debug)]
pub(crate) struct Breaker {
    patience: Duration,
    failures_in_a_row: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    since: Instant,
    patience_ends: Instant,
    next_probe: Instant,
    probe_count: u32,
    is_probing: bool,
}

impl Breaker {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, failures_in_a_row: 0, open: None }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Counts a failure while it is closed; returns whether it must open.
    pub(crate) fn count_failure(&mut self) -> bool {
        self.failures_in_a_row += 1;
        self.open.is_none() && self.failures_in_a_row >= THRESHOLD
    }

    /// Opens it. The patience starts at `ready`, which is later than `now` if the provider asked to wait.
    pub(crate) fn open(&mut self, now: Instant, ready: Instant) {
        let next_probe = now + backoff::bound(1);
        let patience_ends = ready.max(now) + self.patience;
        self.open = Some(Open { since: now, patience_ends, next_probe, probe_count: 0, is_probing: false });
    }

    /// Whether a probe may be sent now.
    pub(crate) fn may_probe(&self, now: Instant) -> bool {
        self.open.as_ref().is_some_and(|open| !open.is_probing && open.next_probe <= now)
    }

    /// Records that a probe was sent.
    pub(crate) fn begin_probe(&mut self) {
        if let Some(open) = &mut self.open {
            open.is_probing = true;
        }
    }

    /// Records that a probe failed.
    pub(crate) fn end_probe(&mut self, now: Instant) {
        if let Some(open) = &mut self.open {
            open.probe_count += 1;
            open.is_probing = false;
            open.next_probe = now + backoff::bound(open.probe_count + 1);
        }
    }

    /// Records that the provider works. Returns how long the breaker was open if this closed it.
    pub(crate) fn close(&mut self, now: Instant) -> Option<Duration> {
        self.failures_in_a_row = 0;
        Some(now - self.open.take()?.since)
    }

    /// When the next probe is due, unless one is in flight.
    pub(crate) fn next_probe(&self) -> Option<Instant> {
        self.open.as_ref().filter(|open| !open.is_probing).map(|open| open.next_probe)
    }

    /// When the patience ends.
    pub(crate) fn patience_ends(&self) -> Option<Instant> {
        self.open.as_ref().map(|open| open.patience_ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn five_consecutive_failures_open_it() {
        let start = Instant::now();
        let mut breaker = Breaker::new(60 * SECOND);
        assert_eq!((0..4).filter(|_| breaker.count_failure()).count(), 0);
        assert_eq!(breaker.close(start), None);
        assert_eq!((0..4).filter(|_| breaker.count_failure()).count(), 0);
        assert!(breaker.count_failure());
    }

    #[test]
    fn probes_are_single_and_back_off() {
        let start = Instant::now();
        let mut breaker = Breaker::new(60 * SECOND);
        breaker.open(start, start);
        let mut at = Vec::new();
        while let Some(due) = breaker.next_probe().filter(|due| Some(*due) < breaker.patience_ends()) {
            assert!(breaker.may_probe(due) && !breaker.may_probe(due - SECOND / 1000));
            at.push((due - start).as_millis());
            breaker.begin_probe();
            assert!(!breaker.may_probe(due + SECOND) && breaker.next_probe().is_none());
            breaker.end_probe(due);
        }
        assert_eq!(at, [500, 1500, 3500, 7500, 15_500, 23_500, 31_500, 39_500, 47_500, 55_500]);
        assert_eq!(breaker.close(start + 9 * SECOND), Some(9 * SECOND));
        assert!(!breaker.is_open() && breaker.patience_ends().is_none());
    }

    #[test]
    fn requested_wait_costs_no_patience() {
        let start = Instant::now();
        let mut breaker = Breaker::new(60 * SECOND);
        breaker.open(start, start + 100 * SECOND);
        assert_eq!(breaker.patience_ends(), Some(start + 160 * SECOND));
    }
}
