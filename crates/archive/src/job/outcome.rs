//! The outcome of one run, and whether the job can continue after it.

use std::{error::Error as StdError, io::ErrorKind, path::Path};

use cds_persistence::{Error as DatabaseError, ImportError, RunId};

use crate::Error;

/// A run that is in the target.
#[derive(Debug)]
pub(super) enum Arrival {
    /// It was moved now.
    Moved { local_run: Option<RunId>, record_count: u64, byte_count: u64, snapshot_root: String },
    /// It was there before; in a database, under this number.
    AlreadyThere { local_run: Option<RunId> },
}

/// Why a run was not moved.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// A problem of this run only.
    Failure(String),
    /// A problem that every other run would have as well.
    Stop(String),
    /// It was cancelled and counts as not tried.
    Interrupted,
    /// The job cannot continue, and the outcome of the run is unknown.
    Fatal(Box<Error>),
}

impl From<Error> for Obstacle {
    fn from(error: Error) -> Self {
        let is_for_all = match &error {
            Error::Cancelled => return Self::Interrupted,
            Error::Withdrawn => return Self::Fatal(Box::new(error)),
            Error::Database(inner) if is_fatal(inner) => return Self::Fatal(Box::new(error)),
            // These would stop every other run too.
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
                // Only this run's row could not be written; other runs may succeed.
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
    /// Turns a failure into a stop if the archive no longer exists: then every other run would fail as well.
    pub(super) fn or_stop_if_missing(self, archive: &Path) -> Self {
        match self {
            // The directory may vanish while a run is written, as with an unmounted disk.
            Self::Failure(reason) if !archive.is_dir() => Self::Stop(reason),
            other => other,
        }
    }
}

/// Whether the source cannot be read at the moment, which says nothing about the run.
fn is_fatal(error: &DatabaseError) -> bool {
    matches!(
        error,
        DatabaseError::ChangedWhileRead { .. } | DatabaseError::Locked { .. } | DatabaseError::Withdrawn { .. }
    )
}

/// The text of an error with its causes.
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
    fn shared_problem_ends_the_job() {
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
    fn run_problem_is_failure_with_causes() {
        let Obstacle::Failure(reason) = Obstacle::from(io_error(ErrorKind::PermissionDenied)) else { panic!() };
        assert_eq!(reason, format!("write \"/a/b\": {}", io::Error::from(ErrorKind::PermissionDenied)));
        let here = PathBuf::from(".");
        assert!(matches!(Obstacle::Failure(String::new()).or_stop_if_missing(&here), Obstacle::Failure(_)));
        let missing = PathBuf::from("/nowhere/at/all");
        assert!(matches!(Obstacle::Failure(String::new()).or_stop_if_missing(&missing), Obstacle::Stop(_)));
    }

    #[test]
    fn cancelled_run_counts_as_not_tried() {
        assert!(matches!(Obstacle::from(Error::Cancelled), Obstacle::Interrupted));
        let cancelled = ImportError::Source(Box::new(Error::Cancelled));
        assert!(matches!(Obstacle::from(cancelled), Obstacle::Interrupted));
        let path = PathBuf::from("/a");
        let withdrawn = ImportError::Database(DatabaseError::Withdrawn { path: path.clone() });
        assert!(matches!(Obstacle::from(withdrawn), Obstacle::Fatal(_)));
        let changed = ImportError::Source(Box::new(DatabaseError::ChangedWhileRead { path }));
        assert!(matches!(Obstacle::from(changed), Obstacle::Fatal(_)));
    }
}
