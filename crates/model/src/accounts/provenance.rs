//! Where the code and the configuration of a run come from.

use std::fmt;

use crate::hex;

/// The commit of the analyzed tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CodeRef {
    /// The commit, with `-dirty` behind it where the tree differs from it; none where it is not known.
    pub commit: Option<String>,
    /// Where the commit comes from, or why it is not known; one line.
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

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
