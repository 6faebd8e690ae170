//! Counts and shares as people read them; the HTML page rounds shares in the same way by itself.

use super::account::grouped;

/// `1 group`, `1,200 groups`.
pub(crate) fn counted(number: u64, what: &str) -> String {
    one_or_many(number, what, &format!("{what}s"))
}

/// The same where more than an `s` differs: `1 copy is`, `2 copies are`.
pub(crate) fn one_or_many(number: u64, one: &str, many: &str) -> String {
    let what = if number == 1 { one } else { many };
    format!("{} {what}", grouped_u64(number))
}

/// `1,200`.
pub(crate) fn grouped_u64(number: u64) -> String {
    grouped(usize::try_from(number).unwrap_or(usize::MAX))
}

/// A share with one decimal: `5.5 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{} %", percentage(share, 1))
}

/// The number alone, with so many decimals; a half is rounded up.
pub(crate) fn percentage(share: f64, decimals: u8) -> String {
    let scale = 10_f64.powi(i32::from(decimals));
    let rounded = (share * (scale * 100.0)).round() / scale;
    format!("{rounded:.*}", usize::from(decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

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
