//! Opening the files of an untrusted repository.
//!
//! The library for git opens a file whatever it is and reads it whole. A pipe would hold it up for ever, a device would
//! fill the memory. So every file comes through here first.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use crate::error::{Error, Result};

/// An error once the caller asks to stop.
pub(crate) fn check(interrupt: &AtomicBool) -> Result<()> {
    if interrupt.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
}

/// The regular file behind `path`, links followed, and its length; never waits on a pipe.
pub(crate) fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = open_at_once(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok((file, metadata.len()))
}

/// The bytes of a regular file of at most `limit` bytes; none when nothing is there.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    let failed = |error| Error::io(name_of(path), error);
    let (file, size) = match open(path) {
        Ok(opened) => opened,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    if size <= limit {
        bytes.reserve_exact(usize::try_from(size).unwrap_or(0));
        // One byte more than allowed shows a file that grew since its size was asked for.
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    }
    let size = size.max(bytes.len() as u64);
    if size > limit { Err(Error::too_large(name_of(path), limit)) } else { Ok(Some(bytes)) }
}

/// The last part of a path, as errors name it.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether nothing is at that path.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(unix)]
fn open_at_once(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    let at_once = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    OpenOptions::new().read(true).custom_flags(at_once).open(path)
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// A path as git writes it; `None` if this system cannot have such a name.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have names that are no text")]
pub(crate) fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    Some(PathBuf::from(OsStr::from_bytes(bytes)))
}

/// A path as git writes it; `None` if this system cannot have such a name.
#[cfg(not(unix))]
pub(crate) fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    std::str::from_utf8(bytes).ok().map(PathBuf::from)
}

/// A relative path as git writes it: `/` between the parts.
pub(crate) fn git_path(relative: &Path) -> Vec<u8> {
    let parts: Vec<&[u8]> = relative.components().map(|part| part.as_os_str().as_encoded_bytes()).collect();
    parts.join(&b'/')
}

/// A path as git stores it, the target of a link for example.
pub(crate) fn git_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_encoded_bytes().to_vec()
}

/// The same for callers: a name that this system cannot have becomes one that no file has.
pub fn path_from_git(bytes: &[u8]) -> PathBuf {
    path_of(bytes).unwrap_or_else(|| PathBuf::from(String::from_utf8_lossy(bytes).into_owned()))
}

/// A relative path as git writes it.
pub fn path_to_git(relative: &Path) -> Vec<u8> {
    git_path(relative)
}

/// Whether `path` is `scope` or below it; the empty scope is everything.
pub(crate) fn is_within(path: &[u8], scope: &[u8]) -> bool {
    scope.is_empty() || path.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_files_are_read_within_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "12345").unwrap();
        assert_eq!(read(&file, 5).unwrap().unwrap(), b"12345");
        assert_eq!(read(&file, 4).unwrap_err().to_string(), "file has more than 4 bytes");
        assert_eq!(read(&folder.path().join("absent"), 5).unwrap(), None);
        assert!(read(folder.path(), 5).is_err());
        #[cfg(unix)]
        {
            let endless = folder.path().join("endless");
            std::os::unix::fs::symlink("/dev/zero", &endless).unwrap();
            assert!(read(&endless, 5).is_err());
        }
    }

    #[test]
    fn paths_are_those_of_git() {
        assert_eq!(git_path(Path::new("a/b/c.py")), b"a/b/c.py");
        assert_eq!(git_path(Path::new("")), b"");
    }
}
