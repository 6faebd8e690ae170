//! Values with a unit.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    str::FromStr,
    time::Duration,
};

use cds_llm_client::Concurrency;

/// The largest file that can be asked for; offsets into a file are 32 bits.
const LARGEST_FILE: u64 = 1 << 30;

/// Enough for a remark, in characters; a ledger is no place for reports.
const LONGEST_NOTE: usize = 4_000;

/// `5` (seconds), `500ms`, `2m`, `7d`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let accepted = "accepted are seconds (5) or a number with a unit (500ms, 30s, 2m, 1h, 7d)";
    match u64::from_str(text) {
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(_) => humantime::parse_duration(text).map_err(|_| accepted.to_owned()),
    }
}

/// `auto`, or a number from 1 to 64.
pub(crate) fn parse_concurrency(text: &str) -> Result<Concurrency, String> {
    if text == "auto" {
        return Ok(Concurrency::Auto);
    }
    let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= 64);
    number.map(Concurrency::Fixed).ok_or_else(|| "accepted are auto and the numbers from 1 to 64".to_owned())
}

/// `1`, `2`, …
pub(crate) fn parse_positive(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| format!("accepted is a whole number from 1 to {}", u32::MAX))
}

/// `0` (one a core), `1`, … `256`.
pub(crate) fn parse_threads(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number <= 256);
    number.ok_or_else(|| "accepted are the numbers from 0 to 256".to_owned())
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

/// A note of one line, or none; line breaks become blanks, and blanks around it go.
pub(crate) fn parse_notes(text: &str) -> Result<String, String> {
    let is_break =
        |character| matches!(character, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let line = text.trim().replace("\r\n", " ").replace(is_break, " ");
    if line.chars().count() > LONGEST_NOTE { Err(accepted_note()) } else { Ok(line) }
}

/// The same, though it has to say something.
pub(crate) fn parse_note(text: &str) -> Result<String, String> {
    parse_notes(text).and_then(|line| if line.is_empty() { Err(accepted_note()) } else { Ok(line) })
}

fn accepted_note() -> String {
    format!("accepted are 1 to {LONGEST_NOTE} characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_seconds() {
        assert_eq!(parse_duration("5"), Ok(Duration::from_secs(5)));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse_duration("7d"), Ok(Duration::from_secs(7 * 24 * 3600)));
        for wrong in ["", "x", "-5s", "5 parsecs"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn concurrency_is_auto_or_bounded() {
        assert_eq!(parse_concurrency("auto"), Ok(Concurrency::Auto));
        assert_eq!(parse_concurrency("64"), Ok(Concurrency::Fixed(NonZeroUsize::new(64).unwrap())));
        for wrong in ["", "0", "65", "-1", "many"] {
            assert!(parse_concurrency(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn note_is_one_bounded_line() {
        for (text, line) in [
            (" as it was ", "as it was"),
            ("one\ntwo\r\nthree\rfour\n", "one two three four"),
            ("one\u{2028}\ttwo", "one \ttwo"),
        ] {
            assert_eq!((parse_note(text), parse_notes(text)), (Ok(line.to_owned()), Ok(line.to_owned())));
        }
        let longest = "ü".repeat(LONGEST_NOTE);
        assert_eq!(parse_note(&format!("\n{longest} ")), Ok(longest.clone()));
        assert!(parse_note(&format!("{longest}x")).is_err() && parse_notes(&format!("{longest}x")).is_err());
        assert_eq!(parse_notes(" \n"), Ok(String::new()));
        assert!(parse_note(" \n").is_err());
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
