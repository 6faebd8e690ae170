//! Counts and shares as people read them; the HTML page rounds shares in the same way by itself.

/// `1 group`, `1,200 groups`.
pub fn counted(number: u64, what: &str) -> String {
    one_or_many(number, what, &format!("{what}s"))
}

/// The same where more than an `s` differs: `1 copy is`, `2 copies are`.
pub fn one_or_many(number: u64, one: &str, many: &str) -> String {
    let what = if number == 1 { one } else { many };
    format!("{} {what}", grouped_u64(number))
}

/// A number of bytes in decimal units: `812 B`, `26.9 MB`.
pub fn in_bytes(number: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    // In tenths, so that nothing is rounded to 1,000 of a unit.
    let Some((size, unit)) = units.into_iter().find(|(size, _)| number >= *size) else { return format!("{number} B") };
    let tenths = number / (size / 10);
    format!("{}.{} {unit}", grouped_u64(tenths / 10), tenths % 10)
}

/// `1,200`.
pub fn grouped_u64(number: u64) -> String {
    grouped(usize::try_from(number).unwrap_or(usize::MAX))
}

/// A share with one decimal: `5.5 %`.
pub fn percent(share: f64) -> String {
    format!("{} %", percentage(share, 1))
}

/// The number alone, with this number of decimals; a half is rounded up.
pub fn percentage(share: f64, decimals: u8) -> String {
    let scale = 10_f64.powi(i32::from(decimals));
    let rounded = (share * (scale * 100.0)).round() / scale;
    format!("{rounded:.*}", usize::from(decimals))
}

/// The number with a comma between groups of three digits.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_decimal_units() {
        let shown = [0, 999, 1_000, 1_999, 999_999, 26_861_568, 1_234_000_000_000].map(in_bytes);
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "1.9 kB", "999.9 kB", "26.8 MB", "1,234.0 GB"]);
    }

    #[test]
    fn large_numbers_are_grouped() {
        for (number, expected) in [(0, "0"), (999, "999"), (1_204, "1,204"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn a_half_is_rounded_up() {
        for (share, expected) in [
            (0.0, "0.0 %"),
            (8_503.0 / 155_249.0, "5.5 %"),
            (0.0625, "6.3 %"),
            (0.022, "2.2 %"),
            (0.999_4, "99.9 %"),
            (1.0, "100.0 %"),
        ] {
            assert_eq!(percent(share), expected);
        }
        assert_eq!(percentage(0.020_04, 3), "2.004");
    }
}
