//! What can become of one run, and what that means for the others.

use std::{error::Error as StdError, io::ErrorKind, path::Path};

use cds_persistence::{Error as DatabaseError, ImportError, RunId};

use crate::Error;

/// A run that is where it was to go.
#[derive(Debug)]
pub(super) enum Arrival {
    /// It came there now.
    Moved { local_run: Option<RunId>, record_count: u64, byte_count: u64, snapshot_root: String },
    /// It was there, in a database under this number.
    AlreadyThere { local_run: Option<RunId> },
}

/// Why a run did not arrive.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// Because of something that is its own.
    Failure(String),
    /// Because of something that all others would meet as well.
    Stop(String),
    /// It was called off and is as if it had not been tried.
    Interrupted,
    /// The work cannot go on, and nothing is known of the run.
    Fatal(Box<Error>),
}

impl From<Error> for Obstacle {
    fn from(error: Error) -> Self {
        let is_for_all = match &error {
            Error::CalledOff => return Self::Interrupted,
            Error::Withdrawn => return Self::Fatal(Box::new(error)),
            Error::Database(inner) if is_fatal(inner) => return Self::Fatal(Box::new(error)),
            Error::NoArchive { .. } => true,
            Error::Io { source, .. } => matches!(
                source.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem
            ),
            _ => false,
        };
        let reason = reason(&error);
        if is_for_all { Self::Stop(reason) } else { Self::Failure(reason) }
    }
}

impl From<ImportError> for Obstacle {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Database(inner) => match inner {
                DatabaseError::Full { .. } => Self::Stop(reason(&inner)),
                // The row could not be written as it is.
                DatabaseError::Statement { .. } if !inner.is_file_failure() => Self::Failure(reason(&inner)),
                DatabaseError::RowIgnored { .. } => Self::Failure(reason(&inner)),
                _ => Self::Fatal(Box::new(inner.into())),
            },
            ImportError::Source(inner) => match inner.downcast::<Error>() {
                Ok(error) => Self::from(*error),
                Err(inner) => match inner.downcast::<DatabaseError>() {
                    Ok(error) => Self::from(Error::from(*error)),
                    Err(inner) => Self::Failure(reason(&*inner)),
                },
            },
            error => Self::Failure(reason(&error)),
        }
    }
}

impl Obstacle {
    /// The same; but where the archive is gone by now, nothing else can be the reason.
    pub(super) fn unless_gone(self, archive: &Path) -> Self {
        match self {
            Self::Failure(reason) if !archive.is_dir() => Self::Stop(reason),
            other => other,
        }
    }
}

/// Whether a source cannot be read at this moment, which says nothing about a run.
fn is_fatal(error: &DatabaseError) -> bool {
    matches!(
        error,
        DatabaseError::ChangedWhileRead { .. } | DatabaseError::Locked { .. } | DatabaseError::Withdrawn { .. }
    )
}

/// An error with its causes.
pub(super) fn reason(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{io, path::PathBuf};

    use super::*;

    fn io_error(kind: ErrorKind) -> Error {
        Error::Io { action: "write", path: PathBuf::from("/a/b"), source: kind.into() }
    }

    #[test]
    fn what_would_stop_every_run_ends_the_work() {
        for error in [
            io_error(ErrorKind::StorageFull),
            io_error(ErrorKind::ReadOnlyFilesystem),
            Error::NoArchive { path: PathBuf::from("/a") },
        ] {
            assert!(matches!(Obstacle::from(error), Obstacle::Stop(_)));
        }
        let full = || ImportError::Source(Box::new(io_error(ErrorKind::StorageFull)));
        assert!(matches!(Obstacle::from(full()), Obstacle::Stop(_)));
    }

    #[test]
    fn what_is_wrong_with_one_run_is_its_failure_with_all_its_causes() {
        let Obstacle::Failure(reason) = Obstacle::from(io_error(ErrorKind::PermissionDenied)) else { panic!() };
        assert_eq!(reason, format!("write \"/a/b\": {}", io::Error::from(ErrorKind::PermissionDenied)));
        let here = PathBuf::from(".");
        assert!(matches!(Obstacle::Failure(String::new()).unless_gone(&here), Obstacle::Failure(_)));
        let gone = PathBuf::from("/nowhere/at/all");
        assert!(matches!(Obstacle::Failure(String::new()).unless_gone(&gone), Obstacle::Stop(_)));
    }

    #[test]
    fn what_is_called_off_was_not_tried() {
        assert!(matches!(Obstacle::from(Error::CalledOff), Obstacle::Interrupted));
        let called_off = ImportError::Source(Box::new(Error::CalledOff));
        assert!(matches!(Obstacle::from(called_off), Obstacle::Interrupted));
        let path = PathBuf::from("/a");
        let withdrawn = ImportError::Database(DatabaseError::Withdrawn { path: path.clone() });
        assert!(matches!(Obstacle::from(withdrawn), Obstacle::Fatal(_)));
        let changed = ImportError::Source(Box::new(DatabaseError::ChangedWhileRead { path }));
        assert!(matches!(Obstacle::from(changed), Obstacle::Fatal(_)));
    }
}
