//! The ladder of formats: each rung is one change of the file, with a number and a name.
//!
//! The number is the `user_version`. A file is read and written at whatever rung it stands; no file is moved without
//! being asked for. A rung above the last one is of a later version of this program, so such a file is refused.
//!
//! A new format adds a variant here, and its step up and down to [`steps`](super::convert). A missing table is no
//! rung: readers treat it as empty, and writers create it.

use crate::Layout;

/// A rung of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Each run has its own rows. Files of other implementations of the contract may have the number 0.
    Plain = 1,
    /// Runs share their rows.
    Compact = 2,
}

/// The last rung: the latest `user_version` that this program can read.
///
/// It must grow if a program that knows the older format would misread or damage a file.
pub const FORMAT_VERSION: i64 = Format::Compact.version();

impl Format {
    /// Its `user_version`.
    pub const fn version(self) -> i64 {
        self as i64
    }

    /// The format of a layout.
    pub const fn of_layout(layout: Layout) -> Self {
        match layout {
            Layout::Plain => Self::Plain,
            Layout::Compact => Self::Compact,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_have_their_numbers() {
        assert_eq!([Format::Plain, Format::Compact].map(Format::version), [1, 2]);
        assert_eq!(FORMAT_VERSION, Format::of_layout(Layout::Compact).version());
    }
}
