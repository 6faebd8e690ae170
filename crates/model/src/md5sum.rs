//! The fingerprint of normalized code.

use std::{fmt, str::FromStr};

use crate::hex;

/// An MD5 sum, shown as 32 lower-case hexadecimal digits.
///
/// It compares code. It is no protection against anyone who constructs two texts with the same sum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Md5Sum(pub [u8; 16]);

impl fmt::Display for Md5Sum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(hex::text(&hex::digits::<16, 32>(self.0)))
    }
}

impl fmt::Debug for Md5Sum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Md5Sum {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if !hex::is_hex(text, 32) {
            return Err(());
        }
        u128::from_str_radix(text, 16).map(|value| Self(value.to_be_bytes())).map_err(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sum_reads_back_from_its_text() {
        let sum = Md5Sum([0, 1, 0x7f, 0x80, 0xff, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xa5]);
        assert_eq!(sum.to_string(), "00017f80ff05060708090a0b0c0d0ea5");
        assert_eq!(sum.to_string().parse(), Ok(sum));
    }

    #[test]
    fn sum_needs_32_lower_case_digits() {
        for wrong in ["", "00", "D41D8CD98F00B204E9800998ECF8427E", "+41d8cd98f00b204e9800998ecf8427e"] {
            assert_eq!(wrong.parse::<Md5Sum>(), Err(()), "{wrong}");
        }
    }
}
