//! Values with a unit.

use std::{num::NonZeroU32, str::FromStr, time::Duration};

/// The largest file that can be asked for; offsets into a file are 32 bits.
const LARGEST_FILE: u64 = 1 << 30;

/// `5` (seconds), `500ms`, `2m`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let accepted = "accepted are seconds (5) or a number with a unit (500ms, 30s, 2m, 1h)";
    if let Ok(seconds) = u64::from_str(text) {
        return Ok(Duration::from_secs(seconds));
    }
    let duration = jiff::SignedDuration::from_str(text).map_err(|_| accepted)?;
    Duration::try_from(duration).map_err(|_| format!("a time cannot be negative; {accepted}"))
}

/// `1`, `2`, …
pub(crate) fn parse_positive(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| format!("accepted is a whole number from 1 to {}", u32::MAX))
}

/// `5000000`, `5MB`, `5MiB`.
pub(crate) fn parse_file_size(text: &str) -> Result<u64, String> {
    let accepted = "accepted are bytes from 1 to 1GiB, also as kB, MB, GB, KiB, MiB, GiB";
    let digits = text.len() - text.trim_start_matches(|character: char| character.is_ascii_digit()).len();
    let factor = match text[digits..].trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(accepted.to_owned()),
    };
    let size = u64::from_str(&text[..digits]).ok().and_then(|number| number.checked_mul(factor));
    size.filter(|size| (1..=LARGEST_FILE).contains(size)).ok_or_else(|| accepted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_seconds() {
        assert_eq!(parse_duration("5"), Ok(Duration::from_secs(5)));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "x", "-5s", "5 parsecs"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_have_decimal_and_binary_units() {
        assert_eq!(parse_file_size("5MB"), Ok(5_000_000));
        assert_eq!(parse_file_size("64 KiB"), Ok(65_536));
        assert_eq!(parse_file_size("1gib"), Ok(1 << 30));
        for wrong in ["", "0", "MB", "5XB", "2GiB", "-1", "99999999999999999999"] {
            assert!(parse_file_size(wrong).is_err(), "{wrong}");
        }
    }
}
