//! Whether a call may be sent now, from pause, breaker, warm-up and concurrency.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    EnrichOptions,
    breaker::Breaker,
    concurrency::{Limit, Observed},
    pause::Pause,
};

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
