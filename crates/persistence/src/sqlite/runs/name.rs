//! What a user may call a run.

/// The fewest digits that are taken for the beginning of an id.
const SHORTEST_PREFIX: usize = 4;

/// The digits of an id.
const DIGIT_COUNT: usize = 32;

/// What a text may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// So many places before the newest.
    Newest(usize),
    /// A number, an id or its beginning; a text of decimal digits may be either.
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
        // Without leading zeros, so that beginnings of ids stay what they are.
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        match text.strip_prefix("latest~").filter(|places| places.bytes().all(|byte| byte.is_ascii_digit())) {
            // What is too large for a number is before everything.
            Some(places) if !places.is_empty() => Self::Newest(places.parse().unwrap_or(usize::MAX)),
            _ => Self::Given { number: text.parse().ok().filter(|_| is_number), prefix: prefix(text) },
        }
    }
}

/// The text as the beginning of an id, where it can be one.
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
    fn a_name_is_a_place_a_number_or_the_beginning_of_an_id() {
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
