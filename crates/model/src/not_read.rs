//! The parts of a tree that were not read, counted by file extension and reason.

use std::{fmt, str::FromStr};

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotReadReason {
    /// The caller wants no file of this language or at this path.
    Excluded,
    /// Its name begins with a dot.
    Hidden,
    /// An ignore file matches it or a folder that holds it.
    Ignored,
    /// It is a symbolic link; links are never followed.
    Link,
    /// No analyzer knows its file extension.
    OtherLanguage,
    /// It is larger than the limit.
    TooLarge,
    /// It could not be opened, listed or decoded, or is not a regular file.
    Unreadable,
}

impl NotReadReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Excluded,
        Self::Hidden,
        Self::Ignored,
        Self::Link,
        Self::OtherLanguage,
        Self::TooLarge,
        Self::Unreadable,
    ];

    /// The word that the database and every output use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::Hidden => "hidden",
            Self::Ignored => "ignored",
            Self::Link => "link",
            Self::OtherLanguage => "other_language",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for NotReadReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for NotReadReason {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word).ok_or(())
    }
}

/// The files of one extension that were not read for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRead {
    /// The name from its last dot on, such as `.js`. Empty if it has no dot; or [`FOLDER`](Self::FOLDER) or
    /// [`OTHERS`](Self::OTHERS).
    pub ending: String,
    /// Why they were not read.
    pub reason: NotReadReason,
    /// How many; a folder counts once, whatever it holds.
    pub file_count: u64,
}

impl NotRead {
    /// The `ending` of folders.
    pub const FOLDER: &str = "/";
    /// The `ending` of all extensions without a row of their own.
    pub const OTHERS: &str = "*";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_read_back_from_their_words() {
        for reason in NotReadReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        assert_eq!("Hidden".parse::<NotReadReason>(), Err(()));
    }
}
