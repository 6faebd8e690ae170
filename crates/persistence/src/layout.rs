//! How a database stores the records of its runs.

use std::{fmt, str::FromStr};

/// How a database stores the records of its runs. Readers see the same rows in both layouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Each run has its own rows.
    #[default]
    Plain,
    /// Runs share unchanged files, definitions and texts; `records` is a view.
    Compact,
}

impl Layout {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Compact => "compact",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Layout {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::Plain, Self::Compact].into_iter().find(|layout| layout.as_str() == word).ok_or(())
    }
}
