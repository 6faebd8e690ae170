//! What the engine decides on the way; for a log and for telemetry.

use std::time::Duration;

/// Something that was decided, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A question will be sent again.
    Retry {
        /// Which attempt failed, from 1.
        attempt: u32,
        /// How long it waits at least.
        delay: Duration,
        /// Why it failed.
        reason: String,
    },
    /// No call is sent for a while, because the provider asked for that.
    Paused {
        /// How long.
        wait: Duration,
        /// What the provider said.
        reason: String,
    },
    /// The provider seems to be gone: from now on only single probes are sent.
    BreakerOpened {
        /// How the last call failed.
        reason: String,
    },
    /// The provider is back.
    BreakerClosed {
        /// How long it was waited for.
        after: Duration,
    },
    /// Another number of calls may be in flight.
    ConcurrencyChanged {
        /// How many it were.
        from: usize,
        /// How many it are.
        to: usize,
    },
    /// The store of answers cannot be read or written; told once a run.
    StoreFailed {
        /// What it said.
        reason: String,
    },
    /// No question is sent any more; every record without an answer gets this reason.
    GaveUp {
        /// Why.
        reason: String,
    },
    /// An interruption was asked for; no call is sent any more.
    Interrupted {
        /// Calls that are still waited for.
        in_flight: usize,
    },
}
