//! How many calls may be in flight: a fixed number, or one found by search.

use std::{num::NonZeroUsize, time::Duration};

use tokio::time::Instant;

use super::climb::Climb;

/// How many calls may be in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// A fixed number.
    Fixed(NonZeroUsize),
    /// As many as make the provider faster: between 1 and 64, starting with 4.
    Auto,
}

/// One answered call, as the limit uses it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observed {
    /// When it was sent.
    pub(crate) sent: Instant,
    /// Calls in flight right after that, including this one.
    pub(crate) in_flight: usize,
    /// The time from then until its answer.
    pub(crate) latency: Duration,
}

/// The current limit.
#[derive(Debug)]
pub(crate) enum Limit {
    Fixed(usize),
    Auto(Climb),
}

impl Limit {
    /// Creates the limit. `slots` is the server's capacity, if known; each call may take `request_timeout`.
    pub(crate) fn new(concurrency: Concurrency, slots: Option<usize>, request_timeout: Duration) -> Self {
        match concurrency {
            Concurrency::Fixed(limit) => Self::Fixed(limit.get()),
            Concurrency::Auto => Self::Auto(Climb::new(slots, request_timeout)),
        }
    }

    /// The maximum of calls in flight.
    pub(crate) fn get(&self) -> usize {
        match self {
            Self::Fixed(limit) => *limit,
            Self::Auto(climb) => climb.level(),
        }
    }

    /// Records an answer.
    pub(crate) fn answered(&mut self, now: Instant, call: Observed) {
        if let Self::Auto(climb) = self {
            climb.answered(now, call);
        }
    }

    /// Records an overload, reported by a call that was sent at `sent`.
    pub(crate) fn overloaded(&mut self, now: Instant, sent: Instant) {
        if let Self::Auto(climb) = self {
            climb.overloaded(now, sent);
        }
    }
}
