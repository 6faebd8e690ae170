//! Errors of taking, updating and examining a lock.

use std::{io, path::Path, path::PathBuf};

use super::{LockHolder, LockLost};

/// Why a lock could not be taken, updated or examined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process held it for longer than the timeout.
    #[error("take lock {path:?}: it is held by {}", name(holder.as_deref()))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// The holder, if its file names it.
        holder: Option<Box<LockHolder>>,
    },
    /// The caller asked to stop before the lock was taken.
    #[error("take lock: interrupted")]
    Stopped,
    /// The file system of the lock file does not support locks.
    #[error("take lock {path:?}: its file system does not support locks")]
    Unsupported {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The path is not a regular file; it is neither followed nor opened.
    #[error("open lock {path:?}: it is {kind}, not a regular file")]
    NotARegularFile {
        /// The lock file.
        path: PathBuf,
        /// What it is, with an article.
        kind: &'static str,
    },
    /// The file or its file system is read-only.
    #[error("write to lock {path:?}: it is read-only")]
    ReadOnly {
        /// The lock file.
        path: PathBuf,
    },
    /// It was held, and may now be held by another process.
    #[error(transparent)]
    Lost(LockLost),
    /// The operating system reported an error.
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
    holder.map_or_else(|| "an unknown process".to_owned(), ToString::to_string)
}
