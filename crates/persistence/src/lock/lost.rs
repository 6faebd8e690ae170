//! How a lock is lost while it is held.

use std::{fmt, path::PathBuf};

/// The lock is not known to be ours any more: somebody may hold another file at its path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its lock file {path:?} {why}")]
pub struct LockLost {
    /// The lock file, from the root.
    pub path: PathBuf,
    /// What happened to it.
    pub why: LossReason,
}

/// What happened to a lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossReason {
    /// Nothing is at its path.
    Deleted,
    /// Something else is at its path.
    Replaced,
    /// It says something that its holder did not write.
    Overwritten,
    /// Again and again it could not be looked at.
    Unreadable,
    /// There is no thread that could look at it.
    Unwatched,
}

impl fmt::Display for LossReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Deleted => "was deleted",
            Self::Replaced => "was replaced",
            Self::Overwritten => "was overwritten",
            Self::Unreadable => "can no longer be read",
            Self::Unwatched => "cannot be watched, since no thread could be started",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_says_what_happened() {
        let told = |why| LockLost { path: "/srv/x.lock".into(), why }.to_string();
        assert_eq!(told(LossReason::Unreadable), "its lock file \"/srv/x.lock\" can no longer be read");
        assert_eq!(
            told(LossReason::Unwatched),
            "its lock file \"/srv/x.lock\" cannot be watched, since no thread could be started"
        );
    }
}
