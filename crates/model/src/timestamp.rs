//! Timestamps in the form of the database.

use std::fmt;

/// A moment in UTC with milliseconds, shown as RFC 3339: `2026-11-20T09:30:00.000Z`.
///
/// The caller reads the clock, so that nothing here depends on the time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The moment `milliseconds` after 1970-01-01T00:00:00Z.
    ///
    /// Moments after the year 9999 become the last moment that can be written.
    pub fn from_unix_milliseconds(milliseconds: i64) -> Self {
        Self(jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(jiff::Timestamp::MAX))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.3}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_is_rfc_3339_utc() {
        assert_eq!(Timestamp::from_unix_milliseconds(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_unix_milliseconds(1_795_166_400_120).to_string(), "2026-11-20T09:20:00.120Z");
    }
}
