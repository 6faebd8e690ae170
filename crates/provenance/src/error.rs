//! Why something of a repository is not known.

use std::{io, path::PathBuf};

/// The result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something of a repository is not known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another user owns the repository, and nothing says that it may be read.
    #[error("another user owns {}, and safe.directory does not name it", path.display())]
    Unowned {
        /// The working tree, or what belongs to its repository.
        path: PathBuf,
    },
    /// The repository has no working tree here, or says that it is another one.
    #[error("{0}")]
    NotOfTree(&'static str),
    /// The branch that is checked out has no commit.
    #[error("nothing is committed yet on the branch that is checked out")]
    Unborn,
    /// The repository has no such object or reference.
    #[error("the repository has no {0}")]
    Missing(String),
    /// The repository keeps something in a form that is not read.
    #[error("{0}")]
    Unsupported(&'static str),
    /// What is there has more bytes, entries or levels than are read.
    #[error("{what} {than} {limit} {unit}")]
    TooLarge {
        /// The file or object.
        what: String,
        /// How it goes beyond the limit.
        than: &'static str,
        /// The most that is read.
        limit: u64,
        /// What is counted.
        unit: &'static str,
    },
    /// An object has more bytes than are read.
    #[error("it has more than {limit} bytes")]
    LargeObject {
        /// Its size.
        size: u64,
        /// The most that is read.
        limit: u64,
    },
    /// What is there is not what git writes.
    #[error("{0}")]
    Damaged(String),
    /// Whether the file differs can only be said by a program, and none is run.
    #[error("{path} is under the filter {filter}, which is not run")]
    Filtered {
        /// From the root of the working tree.
        path: String,
        /// The filter's name.
        filter: String,
    },
    /// The caller asked to stop.
    #[error("looking was interrupted")]
    Interrupted,
    /// A file cannot be read.
    #[error("read {what}: {source}")]
    Io {
        /// The file's name.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// Something went wrong on the way.
    #[error("{doing}: {source}")]
    While {
        /// What was done.
        doing: String,
        /// What went wrong.
        source: Box<Error>,
    },
}

impl Error {
    /// Whether the caller's interrupt is the reason, so that the caller can say why it came.
    pub fn is_interrupt(&self) -> bool {
        match self {
            Self::Interrupted => true,
            Self::While { source, .. } => source.is_interrupt(),
            _ => false,
        }
    }

    /// Whether the object is not there: it was not fetched, as in a shallow or partial clone.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Missing(_) => true,
            Self::While { source, .. } => source.is_missing(),
            _ => false,
        }
    }

    /// The size of the object, if it is too large.
    pub fn object_size(&self) -> Option<u64> {
        match self {
            Self::LargeObject { size, .. } => Some(*size),
            Self::While { source, .. } => source.object_size(),
            _ => None,
        }
    }

    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }

    pub(crate) fn too_large(what: impl Into<String>, limit: u64) -> Self {
        Self::TooLarge { what: what.into(), than: "has more than", limit, unit: "bytes" }
    }
}

/// Says what was done when an error came.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Self {
        self.map_err(|source| Error::While { doing: what(), source: Box::new(source) })
    }
}

/// What the library for git says, in one line.
pub(crate) fn library(error: impl std::fmt::Display) -> Error {
    let text = error.to_string();
    Error::Damaged(text.lines().next().unwrap_or_default().to_owned())
}
