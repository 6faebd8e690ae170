//! How many calls may be in flight: a fixed number, or one that is found.

use std::{num::NonZeroUsize, time::Duration};

use tokio::time::Instant;

use super::climb::Climb;

/// How many calls may be in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// Always so many.
    Fixed(NonZeroUsize),
    /// As many as make the provider faster: between 1 and 64, at first 4.
    Auto,
}

/// One answered call, as the limit sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observed {
    /// When it was sent.
    pub(crate) sent: Instant,
    /// Calls in flight right after that, itself among them.
    pub(crate) in_flight: usize,
    /// From then until its answer.
    pub(crate) latency: Duration,
}

/// The limit in force.
#[derive(Debug)]
pub(crate) enum Limit {
    Fixed(usize),
    Auto(Climb),
}

impl Limit {
    /// The limit for a server with so many slots, where that is known, whose calls may take `request_timeout`.
    pub(crate) fn new(concurrency: Concurrency, slots: Option<usize>, request_timeout: Duration) -> Self {
        match concurrency {
            Concurrency::Fixed(limit) => Self::Fixed(limit.get()),
            Concurrency::Auto => Self::Auto(Climb::new(slots, request_timeout)),
        }
    }

    /// Calls in flight at most.
    pub(crate) fn get(&self) -> usize {
        match self {
            Self::Fixed(limit) => *limit,
            Self::Auto(climb) => climb.level(),
        }
    }

    /// An answer came.
    pub(crate) fn answered(&mut self, now: Instant, call: Observed) {
        if let Self::Auto(climb) = self {
            climb.answered(now, call);
        }
    }

    /// The provider has too much to do with calls like the one that was sent then.
    pub(crate) fn overloaded(&mut self, now: Instant, sent: Instant) {
        if let Self::Auto(climb) = self {
            climb.overloaded(now, sent);
        }
    }
}
