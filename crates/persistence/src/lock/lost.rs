//! How a held lock gets lost.

use std::{fmt, path::PathBuf};

/// The lock may no longer be ours: another process may hold another file at its path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its lock file {path:?} {why}")]
pub struct LockLost {
    /// The absolute path of the lock file.
    pub path: PathBuf,
    /// What happened to it.
    pub why: LossReason,
}

/// What happened to a lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossReason {
    /// It no longer exists.
    Deleted,
    /// Another file is at its path.
    Replaced,
    /// Its content was changed by another program.
    Overwritten,
    /// It could not be checked several times in a row.
    Unreadable,
    /// No thread could be started to check it.
    Unwatched,
}

impl fmt::Display for LossReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Deleted => "was deleted",
            Self::Replaced => "was replaced",
            Self::Overwritten => "was overwritten",
            Self::Unreadable => "can no longer be read",
            Self::Unwatched => "cannot be watched, because no thread could be started",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_shown_with_the_path() {
        let text = |why| LockLost { path: "/srv/x.lock".into(), why }.to_string();
        assert_eq!(text(LossReason::Unreadable), "its lock file \"/srv/x.lock\" can no longer be read");
        assert_eq!(
            text(LossReason::Unwatched),
            "its lock file \"/srv/x.lock\" cannot be watched, because no thread could be started"
        );
    }
}
