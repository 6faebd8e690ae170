//! Where the code and the configuration of a run come from.

use std::{fmt, str::FromStr};

use crate::hex;

/// The commit of the analyzed tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CodeRef {
    /// The commit, followed by `-dirty` if the tree differs from it; `None` if unknown.
    pub commit: Option<String>,
    /// The source of the commit, or why it is unknown; one line.
    pub note: String,
}

/// A SHA-256, shown as `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("sha256:")?;
        formatter.write_str(hex::text(&hex::digits::<32, 64>(self.0)))
    }
}

impl FromStr for Fingerprint {
    type Err = ();

    /// Accepts only what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.strip_prefix("sha256:").filter(|digits| hex::is_hex(digits, 64)).ok_or(())?;
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| ())?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
