//! The clock on the wall, which no other crate reads.

use std::time::{Duration, SystemTime};

use cds_model::Timestamp;

/// The time of day.
pub(crate) fn now() -> Timestamp {
    ago(Duration::ZERO)
}

/// The moment that lies so long before now.
pub(crate) fn ago(duration: Duration) -> Timestamp {
    timestamp(since_epoch().saturating_sub(duration))
}

/// The moment that lies so long after now.
pub(crate) fn in_future(duration: Duration) -> Timestamp {
    timestamp(since_epoch().saturating_add(duration))
}

/// A seed for the jitter of waits, another one in each process.
pub(crate) fn seed() -> u64 {
    let since_epoch = since_epoch();
    since_epoch.as_secs() ^ u64::from(since_epoch.subsec_nanos()) << 32 ^ u64::from(std::process::id())
}

/// A clock before 1970 counts as 1970.
pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn timestamp(since_epoch: Duration) -> Timestamp {
    Timestamp::from_unix_milliseconds(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
