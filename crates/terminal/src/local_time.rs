//! Stored moments, which are in UTC, as the reader's clock shows them.

use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};

use super::time_zone;

/// The reader's time zone.
#[derive(Debug, Clone)]
pub struct LocalTime {
    zone: TimeZone,
}

impl LocalTime {
    /// That of `TZ` or of the system; UTC where neither is known.
    pub fn of_system() -> Self {
        Self::of(time_zone::of_environment().unwrap_or(TimeZone::UTC))
    }

    /// That of this zone.
    pub fn of(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// What the times of a table are in: `Europe/Berlin`, `UTC`.
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("local time")
    }

    /// With seconds and the distance from UTC: `2026-11-20 10:20:00 +01:00`.
    pub fn in_full(&self, stored: &str) -> String {
        self.format(stored, if self.is_utc() { "%Y-%m-%d %H:%M:%SZ" } else { "%Y-%m-%d %H:%M:%S %:z" })
    }

    /// The same for a table, from long to short.
    pub fn in_column(&self, stored: &str) -> [String; 3] {
        let formats = if self.is_utc() {
            ["%Y-%m-%d %H:%M:%SZ", "%Y-%m-%d %H:%MZ", "%m-%d %H:%MZ"]
        } else {
            ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%m-%d %H:%M"]
        };
        formats.map(|format| self.format(stored, format))
    }

    fn is_utc(&self) -> bool {
        matches!(self.zone.iana_name(), Some("UTC" | "Etc/UTC"))
    }

    /// What is no moment stands as it is.
    fn format(&self, stored: &str, format: &str) -> String {
        let zoned = stored.parse().map(|moment: Timestamp| ZonedDateTime::new(moment, self.zone.clone()));
        zoned.map_or_else(|_| stored.to_owned(), |zoned| zoned.strftime(format).to_string())
    }
}

/// Seconds between two stored moments; `None` if one is no moment, or the clock was set back in between.
pub fn seconds_between(start: &str, end: &str) -> Option<f64> {
    let (start, end): (Timestamp, Timestamp) = (start.parse().ok()?, end.parse().ok()?);
    Some(end.duration_since(start).as_secs_f64()).filter(|seconds| *seconds >= 0.0)
}

#[cfg(test)]
mod tests {
    use jiff::tz;

    use super::*;

    #[test]
    fn times_are_those_of_the_readers_clock() {
        let east = LocalTime::of(TimeZone::fixed(tz::offset(1)));
        assert_eq!(east.in_full("2026-12-31T23:30:05.120Z"), "2027-01-01 00:30:05 +01:00");
        let expected = ["2027-01-01 00:30:05", "2027-01-01 00:30", "01-01 00:30"];
        assert_eq!(east.in_column("2026-12-31T23:30:05.120Z"), expected);
        let utc = LocalTime::of(TimeZone::UTC);
        assert_eq!(utc.in_full("2026-12-31T23:30:05.120Z"), "2026-12-31 23:30:05Z");
        assert_eq!(utc.in_full("yesterday"), "yesterday");
    }

    #[test]
    fn a_clock_that_was_set_back_gives_no_duration() {
        assert_eq!(seconds_between("2026-11-20T09:20:00.120Z", "2026-11-20T09:20:01.620Z"), Some(1.5));
        assert_eq!(seconds_between("2026-11-20T09:20:01.000Z", "2026-11-20T09:20:00.000Z"), None);
        assert_eq!(seconds_between("", "2026-11-20T09:20:00.000Z"), None);
    }
}
