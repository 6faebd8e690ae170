//! The parts of a tree that were not read, counted by file extension and reason.

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

crate::words! {
    NotReadReason:
        Excluded = "excluded",
        Hidden = "hidden",
        Ignored = "ignored",
        Link = "link",
        OtherLanguage = "other_language",
        TooLarge = "too_large",
        Unreadable = "unreadable",
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
