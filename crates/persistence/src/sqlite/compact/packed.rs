//! Stored values of the compact layout: hashes as bytes, and what decides that two records are equal.

use cds_model::{FieldHasher, FieldValue, Fingerprint};

/// A hash as it is stored: 32 bytes if it has the usual form, any other value as it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) enum Packed<'a> {
    Bytes([u8; 32]),
    Other(FieldValue<'a>),
}

impl<'a> Packed<'a> {
    /// Packs the 64 lower-case digits after `prefix`.
    pub(in super::super) fn of(value: FieldValue<'a>, prefix: &str) -> Self {
        let digits = match value {
            FieldValue::Text(text) => text.strip_prefix(prefix.as_bytes()),
            _ => None,
        };
        digits.and_then(bytes_of).map_or(Self::Other(value), Self::Bytes)
    }

    /// The value to store.
    pub(in super::super) fn field(&self) -> FieldValue<'_> {
        match self {
            Self::Bytes(bytes) => FieldValue::Blob(bytes),
            Self::Other(value) => *value,
        }
    }
}

fn bytes_of(digits: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (value(pair[0])? << 4) | value(pair[1])?;
    }
    Some(bytes)
}

/// What decides that two records of a file are equal: the stored hashes, the question, and whether it was cut.
pub(in super::super) fn row_key(values: [FieldValue<'_>; 4]) -> Fingerprint {
    FieldHasher::hash("cds shared record 1", values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_usual_hashes_are_packed() {
        let usual = format!("sha256:{}", "0f".repeat(32));
        assert_eq!(Packed::of(usual.as_str().into(), "sha256:"), Packed::Bytes([15; 32]));
        for other in [&usual.to_uppercase(), &usual[..70], "sha256:", "x", &format!("{usual}0")] {
            assert_eq!(Packed::of(other.into(), "sha256:"), Packed::Other(other.into()), "{other}");
        }
        assert_eq!(Packed::of(FieldValue::Null, ""), Packed::Other(FieldValue::Null));
    }
}
