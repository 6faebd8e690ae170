//! Whether a call may be sent now: pause, breaker, warm-up and concurrency together.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    EnrichOptions,
    breaker::Breaker,
    concurrency::{Limit, Observed},
    pause::Pause,
};

/// Everything that holds calls back.
#[derive(Debug)]
pub(super) struct Pacing {
    pub(super) breaker: Breaker,
    pub(super) pause: Pause,
    limit: Limit,
    /// Whether the model has written something in this run, so that it is loaded.
    is_warm: bool,
    load_timeout: Duration,
    request_timeout: Duration,
}

/// The permission to send one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Permit {
    pub(super) is_probe: bool,
    /// How long the call may take.
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

    /// Whether one more call may be sent while `in_flight` are under way.
    pub(super) fn permit(&self, now: Instant, in_flight: usize) -> Option<Permit> {
        let is_probe = self.breaker.is_open();
        let is_allowed = self.pause.end(now).is_none()
            && if is_probe { self.breaker.may_probe(now) } else { in_flight < self.in_flight_limit() };
        let limit = if self.is_warm { self.request_timeout } else { self.load_timeout };
        is_allowed.then_some(Permit { is_probe, limit })
    }

    /// Calls in flight at most; a single one until the model is loaded, since a load serves whoever asks first.
    pub(super) fn in_flight_limit(&self) -> usize {
        if self.is_warm { self.limit.get() } else { 1 }
    }

    /// The number of calls that a loaded model is asked at once.
    pub(super) fn concurrency(&self) -> usize {
        self.limit.get()
    }

    pub(super) fn is_warm(&self) -> bool {
        self.is_warm
    }

    /// The model has written something.
    pub(super) fn warm_up(&mut self) {
        self.is_warm = true;
    }

    /// A call was answered.
    pub(super) fn answered(&mut self, now: Instant, call: Observed) {
        self.limit.answered(now, call);
    }

    /// A call that was sent at `sent` was too much for the provider.
    pub(super) fn overloaded(&mut self, now: Instant, sent: Instant) {
        self.limit.overloaded(now, sent);
    }

    /// The next moment at which time alone changes what is allowed.
    pub(super) fn next_change(&self, now: Instant) -> Option<Instant> {
        let moments = [self.pause.end(now), self.breaker.next_probe(), self.breaker.patience_ends()];
        moments.into_iter().flatten().filter(|moment| *moment > now).min()
    }
}
