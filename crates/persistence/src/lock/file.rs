//! Opens lock files, takes the kernel's lock, and compares files.

use std::{
    fs::{self, File, FileType, Metadata, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    path::Path,
};

use super::{LockError, LossReason};

/// Opens the file to be locked, or creates an empty one; existing content stays.
pub(super) fn open_for_writing(path: &Path) -> Result<File, LockError> {
    let is_there = inspect(path)?.is_some();
    let mut options = options();
    options.write(true);
    // Without `create` for an existing file: with it, the kernel may refuse to open another user's file in a directory
    // such as `/tmp` (`fs.protected_regular`).
    let opened = match if is_there { options.open(path) } else { create(&mut options, path) } {
        Err(error) if is_there && error.kind() == ErrorKind::NotFound => create(&mut options, path),
        other => other,
    };
    let file = opened.map_err(|error| explain(path, error))?;
    let metadata = check_opened(path, &file)?;
    // The superuser could write it anyway, but the permissions ask not to.
    if metadata.permissions().readonly() {
        return Err(LockError::ReadOnly { path: path.to_owned() });
    }
    Ok(file)
}

/// Gives a lock file the owner and mode of the file that it protects, as far as this user may.
///
/// A user who may write one must be able to lock the other. The owner can always lock, even if the database is
/// read-only for a while. A failure is ignored.
#[cfg(target_os = "linux")]
pub(super) fn take_over_mode(path: &Path, file: &File) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let is_lock = path.extension().is_some_and(|end| end == "lock");
    let (Ok(protected), Ok(own)) = (fs::metadata(path.with_extension("")), file.metadata()) else { return };
    if !is_lock || !protected.is_file() {
        return;
    }
    if (protected.uid(), protected.gid()) != (own.uid(), own.gid()) {
        let (owner, group) = (rustix::fs::Uid::from_raw(protected.uid()), rustix::fs::Gid::from_raw(protected.gid()));
        // Only the superuser may change the owner; other users may change the group to one of theirs.
        if rustix::fs::fchown(file, Some(owner), Some(group)).is_err() {
            let _ = rustix::fs::fchown(file, None, Some(group));
        }
    }
    let wanted = protected.mode() & 0o666 | 0o600;
    if own.mode() & 0o7777 != wanted {
        drop(file.set_permissions(fs::Permissions::from_mode(wanted)));
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn take_over_mode(_: &Path, _: &File) {}

/// Opens the file for reading; `None` if it does not exist.
pub(super) fn open_for_reading(path: &Path) -> Result<Option<File>, LockError> {
    if inspect(path)?.is_none() {
        return Ok(None);
    }
    let file = match options().open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(explain(path, error)),
    };
    check_opened(path, &file)?;
    Ok(Some(file))
}

/// Whether the lock was granted; a file system without locks is an error.
pub(super) fn is_granted(path: &Path, answer: Result<(), TryLockError>) -> Result<bool, LockError> {
    match answer {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Interrupted => Ok(false),
        Err(TryLockError::Error(source)) if is_unsupported(&source) => {
            Err(LockError::Unsupported { path: path.to_owned(), source })
        }
        Err(TryLockError::Error(source)) => Err(LockError::io("take", path)(source)),
    }
}

/// What happened to the path since `file` was opened there; `None` if it still leads to it.
pub(super) fn find_loss(path: &Path, file: &File) -> io::Result<Option<LossReason>> {
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((!is_same_file(&there, &file.metadata()?)).then_some(LossReason::Replaced)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Some(LossReason::Deleted))
        }
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Without file numbers, only a path that is no file any more can be detected.
#[cfg(not(unix))]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    one.is_file() && other.is_file()
}

/// Never follows a symbolic link at the path, and never waits for a pipe, if the system supports these options. If not,
/// [`inspect`] is the only guard.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    }
    options
}

fn create(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.create(true).truncate(false);
    // Private to its owner until it gets the mode of the database.
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// The metadata of the path without following a link; `None` if nothing exists there.
fn inspect(path: &Path) -> Result<Option<Metadata>, LockError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => {
            check_kind(path, metadata.file_type())?;
            Ok(Some(metadata))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(LockError::io("look at", path)(source)),
    }
}

fn check_opened(path: &Path, file: &File) -> Result<Metadata, LockError> {
    let metadata = file.metadata().map_err(LockError::io("look at", path))?;
    check_kind(path, metadata.file_type())?;
    Ok(metadata)
}

fn check_kind(path: &Path, file_type: FileType) -> Result<(), LockError> {
    let kind = if file_type.is_file() {
        return Ok(());
    } else if file_type.is_dir() {
        "a directory"
    } else if file_type.is_symlink() {
        "a symbolic link"
    } else {
        "a pipe, a socket or a device"
    };
    Err(LockError::NotARegularFile { path: path.to_owned(), kind })
}

/// Finds the reason why a file could not be opened by examining the path.
fn explain(path: &Path, error: io::Error) -> LockError {
    match inspect(path) {
        Err(irregular @ LockError::NotARegularFile { .. }) => return irregular,
        Ok(Some(metadata)) if metadata.permissions().readonly() && error.kind() == ErrorKind::PermissionDenied => {}
        _ if error.kind() == ErrorKind::ReadOnlyFilesystem => {}
        _ => return LockError::io("open", path)(error),
    }
    LockError::ReadOnly { path: path.to_owned() }
}

fn is_unsupported(error: &io::Error) -> bool {
    if error.kind() == ErrorKind::Unsupported {
        return true;
    }
    // NFS returns this if the server has no lock service.
    #[cfg(target_os = "linux")]
    if error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer_to(error: io::Error) -> Result<bool, LockError> {
        is_granted(Path::new("/srv/x.lock"), Err(TryLockError::Error(error)))
    }

    #[test]
    fn only_system_failures_are_errors() {
        let path = Path::new("/srv/x.lock");
        assert!(is_granted(path, Ok(())).unwrap());
        assert!(!is_granted(path, Err(TryLockError::WouldBlock)).unwrap());
        assert!(!answer_to(ErrorKind::Interrupted.into()).unwrap(), "it is tried again");
        let error = answer_to(ErrorKind::Other.into()).unwrap_err();
        assert!(matches!(&error, LockError::Io { step: "take", .. }), "{error:?}");
        assert_eq!(error.to_string(), "take lock \"/srv/x.lock\"");
    }

    #[test]
    fn missing_lock_support_is_reported() {
        let error = answer_to(ErrorKind::Unsupported.into()).unwrap_err();
        assert!(matches!(error, LockError::Unsupported { .. }), "{error:?}");
        assert_eq!(error.to_string(), "take lock \"/srv/x.lock\": its file system does not support locks");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nfs_without_locks_is_reported() {
        let error = answer_to(io::Error::from_raw_os_error(rustix::io::Errno::NOLCK.raw_os_error())).unwrap_err();
        assert!(matches!(error, LockError::Unsupported { .. }), "{error:?}");
    }

    #[test]
    fn refused_open_names_the_file_kind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.lock");
        let refused = |kind: ErrorKind| explain(&path, kind.into());
        assert!(matches!(refused(ErrorKind::ReadOnlyFilesystem), LockError::ReadOnly { .. }));
        assert!(matches!(refused(ErrorKind::PermissionDenied), LockError::Io { step: "open", .. }));
        fs::write(&path, "").unwrap();
        assert!(
            matches!(refused(ErrorKind::PermissionDenied), LockError::Io { step: "open", .. }),
            "it may be written"
        );
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        assert!(matches!(refused(ErrorKind::PermissionDenied), LockError::ReadOnly { .. }));
        assert!(matches!(refused(ErrorKind::Other), LockError::Io { step: "open", .. }), "another reason stays");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(refused(ErrorKind::Other), LockError::NotARegularFile { kind: "a directory", .. }));
    }
}
