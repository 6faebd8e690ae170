//! What of a tree was not read, counted by the ending of the names and by the reason.

use std::{fmt, str::FromStr};

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotReadReason {
    /// Its name begins with a dot.
    Hidden,
    /// An ignore file names it, or a folder that holds it.
    Ignored,
    /// It is a symbolic link; what it leads to is never followed.
    Link,
    /// No analyzer knows the ending of its name.
    OtherLanguage,
    /// It is larger than the limit.
    TooLarge,
    /// It could not be opened, listed or decoded, or is no regular file.
    Unreadable,
}

impl NotReadReason {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::Hidden, Self::Ignored, Self::Link, Self::OtherLanguage, Self::TooLarge, Self::Unreadable];

    /// The word that the database and every output use.
    pub const fn as_str(self) -> &'static str {
        match self {
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

/// Files of one ending that were not read for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRead {
    /// The end of the name from its last dot, such as `.js`; empty where there is none, [`FOLDER`](Self::FOLDER), or
    /// [`OTHERS`](Self::OTHERS).
    pub ending: String,
    /// Why.
    pub reason: NotReadReason,
    /// How many; a folder counts once, whatever is in it.
    pub file_count: u64,
}

impl NotRead {
    /// The ending of folders.
    pub const FOLDER: &str = "/";
    /// Stands for the endings that have no row of their own.
    pub const OTHERS: &str = "*";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_read_back() {
        for reason in NotReadReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        assert_eq!("Hidden".parse::<NotReadReason>(), Err(()));
    }
}
