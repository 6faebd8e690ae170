//! Parses the name of a run.

/// The shortest accepted prefix of an id, in digits.
const SHORTEST_PREFIX: usize = 4;

/// The number of digits of an id.
const DIGIT_COUNT: usize = 32;

/// The possible meanings of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// The run N positions before the newest.
    Newest(usize),
    /// A number, an id or its prefix; decimal digits may be either.
    Given {
        /// The number of a snapshot.
        number: Option<i64>,
        /// Lower-case digits, with hyphens where an id has them.
        prefix: Option<String>,
    },
}

impl Name {
    pub(super) fn of(text: &str) -> Self {
        if text == "latest" {
            return Self::Newest(0);
        }
        // A number has no leading zeros: prefixes of ids may have them.
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        match text.strip_prefix("latest~").filter(|places| places.bytes().all(|byte| byte.is_ascii_digit())) {
            // A number that is too large counts past the oldest run.
            Some(count) if !count.is_empty() => Self::Newest(count.parse().unwrap_or(usize::MAX)),
            _ => Self::Given { number: text.parse().ok().filter(|_| is_number), prefix: prefix(text) },
        }
    }
}

/// The text as the prefix of an id, if it can be one.
fn prefix(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        return None;
    }
    let digits: Vec<char> =
        text.chars().filter(|&letter| letter != '-').map(|digit| digit.to_ascii_lowercase()).collect();
    if !(SHORTEST_PREFIX..=DIGIT_COUNT).contains(&digits.len()) {
        return None;
    }
    let mut prefix = String::new();
    for (index, digit) in digits.into_iter().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            prefix.push('-');
        }
        prefix.push(digit);
    }
    Some(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_position_number_or_prefix() {
        for (text, number, prefix) in [
            ("7", Some(7), None),
            ("0", Some(0), None),
            ("2026", Some(2026), Some("2026")),
            ("0199", None, Some("0199")),
            ("019A9F3E-1", None, Some("019a9f3e-1")),
            ("019a9f3e1c2b7d", None, Some("019a9f3e-1c2b-7d")),
            ("019a9f3e-", None, Some("019a9f3e")),
            ("99999999999999999999", None, Some("99999999-9999-9999-9999")),
            ("019a9f3e-1c2b-7def-8123-456789abcdef", None, Some("019a9f3e-1c2b-7def-8123-456789abcdef")),
            ("019a9f3e-1c2b-7def-8123-456789abcdef0", None, None),
            ("abc", None, None),
            ("latest~", None, None),
            ("latest~-1", None, None),
            ("Latest", None, None),
            ("+7", None, None),
            ("-7", None, None),
            ("", None, None),
        ] {
            assert_eq!(Name::of(text), Name::Given { number, prefix: prefix.map(str::to_owned) }, "{text}");
        }
        for (text, places) in
            [("latest", 0), ("latest~0", 0), ("latest~12", 12), ("latest~99999999999999999999", usize::MAX)]
        {
            assert_eq!(Name::of(text), Name::Newest(places), "{text}");
        }
    }
}
