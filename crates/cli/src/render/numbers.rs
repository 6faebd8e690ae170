//! Shares as percentages, rounded alike wherever they are shown; the HTML page does the same by itself.

/// With one decimal: `5.5 %`.
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
