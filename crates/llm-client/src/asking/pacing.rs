//! Whether a call may be sent now, from pause, breaker, warm-up and concurrency.
//!
//! - A *pause* is what a provider requests (`Retry-After`); it holds for every call of the run.
//! - The *breaker* says when to stop sending to a failing provider, and when to probe whether it is back. Five consecutive
//!   transient failures open it if the provider is unreachable, failing or too busy. While it is open, one question at a
//!   time is sent as a probe, at growing intervals. Any other reply closes it. A 5xx status keeps it open, since a gateway
//!   answers with it for a dead server. So do "busy" and "loading", which a server answers to everything while it starts.
//!   Once the patience is over, the run gives up.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    EnrichOptions,
    concurrency::{Limit, Observed},
    spending::backoff,
};

/// A longer wait counts as a refusal, not a pause: most likely the quota is used up.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Consecutive failures that open it.
const THRESHOLD: u32 = 5;

/// Everything that can delay a call.
#[derive(Debug)]
pub(super) struct Pacing {
    pub(super) breaker: Breaker,
    pub(super) pause: Pause,
    limit: Limit,
    /// Whether the model has written text in this run, and so is loaded.
    is_warm: bool,
    load_timeout: Duration,
    request_timeout: Duration,
}

/// The permission to send one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Permit {
    pub(super) is_probe: bool,
    /// The time limit of the call.
    pub(super) limit: Duration,
}

impl Pacing {
    pub(super) fn new(options: &EnrichOptions, slots: Option<usize>) -> Self {
        Self {
            breaker: Breaker::new(options.provider_patience),
            pause: Pause::default(),
            limit: Limit::new(options.concurrency, slots, options.request_timeout),
            is_warm: false,
            load_timeout: options.load_timeout,
            request_timeout: options.request_timeout,
        }
    }

    /// Permits one more call while `in_flight` calls are open, or refuses it.
    pub(super) fn permit(&self, now: Instant, in_flight: usize) -> Option<Permit> {
        let is_probe = self.breaker.is_open();
        let is_allowed = self.pause.end(now).is_none()
            && if is_probe { self.breaker.may_probe(now) } else { in_flight < self.in_flight_limit() };
        let limit = if self.is_warm { self.request_timeout } else { self.load_timeout };
        is_allowed.then_some(Permit { is_probe, limit })
    }

    /// The limit of calls in flight: one until the model is loaded, since the first question triggers the load.
    pub(super) fn in_flight_limit(&self) -> usize {
        if self.is_warm { self.limit.get() } else { 1 }
    }

    /// The limit of calls to a loaded model.
    pub(super) fn concurrency(&self) -> usize {
        self.limit.get()
    }

    pub(super) fn is_warm(&self) -> bool {
        self.is_warm
    }

    /// Records that the model has written text.
    pub(super) fn warm_up(&mut self) {
        self.is_warm = true;
    }

    /// Records an answered call.
    pub(super) fn answered(&mut self, now: Instant, call: Observed) {
        self.limit.answered(now, call);
    }

    /// Records that a call sent at `sent` overloaded the provider.
    pub(super) fn overloaded(&mut self, now: Instant, sent: Instant) {
        self.limit.overloaded(now, sent);
    }

    /// The next moment at which time alone changes the decision.
    pub(super) fn next_change(&self, now: Instant) -> Option<Instant> {
        let moments = [self.pause.end(now), self.breaker.next_probe(), self.breaker.patience_ends()];
        moments.into_iter().flatten().filter(|moment| *moment > now).min()
    }
}

/// No call is sent before its end.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    until: Option<Instant>,
}

/// The result of a requested pause.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The pause begins or becomes longer.
    Granted,
    /// A pause of at least this length is already active.
    Known,
    /// The pause is too long; the text says why.
    Refused(String),
}

impl Pause {
    /// Applies a requested pause.
    pub(crate) fn extend(&mut self, now: Instant, wait: Duration) -> Wish {
        if wait > LONGEST_PAUSE {
            return Wish::Refused(format!("provider asks to wait {} s", wait.as_secs()));
        }
        let until = now + wait;
        if self.until.is_some_and(|known| known >= until) {
            return Wish::Known;
        }
        self.until = Some(until);
        Wish::Granted
    }

    /// When it ends, unless it has ended.
    pub(crate) fn end(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }
}

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
        let next_probe = now + backoff(1);
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
            open.next_probe = now + backoff(open.probe_count + 1);
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

    #[test]
    fn longest_requested_pause_wins() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut pause = Pause::default();
        assert_eq!(pause.extend(now, 5 * second), Wish::Granted);
        assert_eq!(pause.extend(now, 3 * second), Wish::Known);
        assert_eq!(pause.extend(now, 7 * second), Wish::Granted);
        assert_eq!(pause.end(now), Some(now + 7 * second));
        assert_eq!(pause.end(now + 7 * second), None);
    }

    #[test]
    fn too_long_pause_is_refused() {
        let mut pause = Pause::default();
        assert_eq!(pause.extend(Instant::now(), LONGEST_PAUSE), Wish::Granted);
        let refused = Wish::Refused("provider asks to wait 301 s".to_owned());
        assert_eq!(pause.extend(Instant::now(), LONGEST_PAUSE + Duration::from_secs(1)), refused);
    }

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
