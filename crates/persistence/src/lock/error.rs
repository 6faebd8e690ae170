//! What can go wrong with a lock: while it is taken, while it is told what it is held for, while somebody looks at it.

use std::{io, path::Path, path::PathBuf};

use super::{LockHolder, LockLost};

/// Why a lock could not be taken, written to or looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Somebody else holds it, for longer than it was to be waited.
    #[error("take lock {path:?}: it is held by {}", name(holder.as_deref()))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, where its file tells.
        holder: Option<Box<LockHolder>>,
    },
    /// The caller was told to stop before the lock was taken.
    #[error("take lock: it was told to stop")]
    Stopped,
    /// The file system that holds the file has no locks.
    #[error("take lock {path:?}: its file system has no locks")]
    Unsupported {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else is at the path; it is neither followed nor opened.
    #[error("open lock {path:?}: it is {kind}, not a regular file")]
    NotARegularFile {
        /// The lock file.
        path: PathBuf,
        /// What it is, with its article.
        kind: &'static str,
    },
    /// The file says that it is not to be written, or its file system is read-only.
    #[error("write to lock {path:?}: it is read-only")]
    ReadOnly {
        /// The lock file.
        path: PathBuf,
    },
    /// It was held, and is not known to be any more.
    #[error(transparent)]
    Lost(LockLost),
    /// The system failed.
    #[error("{step} lock {path:?}")]
    Io {
        /// What was attempted.
        step: &'static str,
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl LockError {
    pub(super) fn io(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { step, path: path.to_owned(), source }
    }
}

fn name(holder: Option<&LockHolder>) -> String {
    holder.map_or_else(|| "a process that does not tell its name".to_owned(), ToString::to_string)
}
