//! How a file can be read without creating or changing anything.
//!
//! A database in write-ahead mode needs two files next to it, and `SQLite` creates them even for a reader. So a file
//! that no process has open is read as immutable. If a log or journal must be applied first, that is done on a copy.
//!
//! This module opens the database file outside of `SQLite`. Closing it would drop all POSIX locks of this process on
//! that file, so it is done only if the files next to it show that no process is writing.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use super::{
    location::{Identity, Location},
    rollback, write_ahead,
};

/// The offset of the byte with the read version; 2 means write-ahead mode.
const READ_VERSION_OFFSET: usize = 19;
const LOG_VERSION: u8 = 2;

/// How a database is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Together with a writer.
    Shared,
    /// As an immutable file; if it changes, it is read again.
    Immutable,
    /// As a copy made when it was opened, because reading the original would change it.
    Copy,
}

impl Access {
    /// The simplest access that the state of the file allows.
    pub(super) fn fit_for(location: &Location) -> io::Result<Self> {
        let size_of = |suffix| fs::metadata(location.beside(suffix)).map(|file| file.len()).ok();
        let log_size = size_of("-wal");
        if log_size.is_some() && size_of("-shm").is_some() {
            return Ok(Self::Shared);
        }
        if log_size.is_some_and(|size| size > 0) {
            return Ok(Self::Copy);
        }
        Ok(match (is_in_log_mode(&location.absolute)?, size_of("-journal").is_some_and(|size| size > 0)) {
            (false, _) => Self::Shared,
            (true, false) => Self::Immutable,
            (true, true) => Self::Copy,
        })
    }

    pub(super) fn flags(self) -> OpenFlags {
        match self {
            Self::Shared => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Self::Immutable | Self::Copy => OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
        }
    }
}

fn is_in_log_mode(path: &Path) -> io::Result<bool> {
    let mut header = Vec::new();
    File::open(path)?.take(READ_VERSION_OFFSET as u64 + 1).read_to_end(&mut header)?;
    Ok(header.get(READ_VERSION_OFFSET) == Some(&LOG_VERSION))
}

/// Existing copies, to be removed if the process ends without dropping its values.
static COPIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes the copies of this process; call it if the process ends in the middle of its work.
pub fn remove_copies() {
    for directory in COPIES.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        drop(fs::remove_dir_all(directory));
    }
}

/// A copy of a database with its log or journal applied; dropping it removes the copy.
#[derive(Debug)]
pub(super) struct TemporaryCopy {
    directory: TempDir,
}

impl TemporaryCopy {
    /// Copies the file and its log or journal into a private directory.
    pub(super) fn of(location: &Location) -> io::Result<Self> {
        let parts = parts(location)?;
        check_room(&tempfile::env::temp_dir(), parts.iter().map(|(_, length)| length).sum())?;
        let copy = Self { directory: private_directory()? };
        COPIES.lock().unwrap_or_else(PoisonError::into_inner).push(copy.directory.path().to_owned());
        for (suffix, length) in parts {
            let from = if suffix.is_empty() { location.absolute.clone() } else { location.beside(suffix) };
            let mut to = OsString::from(copy.path());
            to.push(suffix);
            // Without permissions: the copy of a read-only file must be writable.
            io::copy(&mut File::open(from)?.take(length), &mut File::create(to)?)?;
        }
        Ok(copy)
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("copy.sqlite")
    }

    /// Merges the log or journal into the copy; returns whether that succeeded.
    pub(super) fn settle(&self) -> bool {
        let settle = || {
            let connection = Connection::open_with_flags(self.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            let mode: String = connection.pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0))?;
            connection.close().map_err(|(_, cause)| cause)?;
            Ok::<_, rusqlite::Error>(mode)
        };
        settle().is_ok_and(|mode| mode == "delete")
    }
}

impl Drop for TemporaryCopy {
    fn drop(&mut self) {
        COPIES.lock().unwrap_or_else(PoisonError::into_inner).retain(|path| path != self.directory.path());
    }
}

/// The suffixes of the files to copy and the bytes to copy of each; of a log, only what is committed.
fn parts(location: &Location) -> io::Result<Vec<(&'static str, u64)>> {
    let mut parts = vec![("", fs::metadata(&location.absolute)?.len())];
    if let Some(log) = write_ahead::read(&location.beside("-wal"))? {
        parts.push(("-wal", log.length));
    }
    if rollback::read(&location.beside("-journal"))?.is_some() {
        parts.push(("-journal", fs::metadata(location.beside("-journal"))?.len()));
    }
    Ok(parts)
}

/// Fails early if the copy would fill the disk.
#[cfg(target_os = "linux")]
fn check_room(directory: &Path, needed: u64) -> io::Result<()> {
    let room = rustix::fs::statvfs(directory)?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if needed <= free {
        return Ok(());
    }
    let text = format!("{} needs {needed} bytes, and only {free} are free", directory.display());
    Err(io::Error::new(io::ErrorKind::StorageFull, text))
}

#[cfg(not(target_os = "linux"))]
fn check_room(_: &Path, _: u64) -> io::Result<()> {
    Ok(())
}

fn private_directory() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("cds-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

/// The URI of a file that is opened as immutable.
///
/// Every byte that may have a meaning in a URI is percent-encoded, so that a file name cannot inject parameters.
pub(super) fn immutable_uri(path: &Path) -> PathBuf {
    // The empty host prevents that a path with two leading slashes names one.
    let mut uri = String::from(if cfg!(windows) { "file:///" } else { "file://" });
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => uri.push(byte.into()),
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => uri.extend([b'%', hex_digit(byte >> 4), hex_digit(byte & 15)].map(char::from)),
        }
    }
    uri.push_str("?immutable=1");
    uri.into()
}

const fn hex_digit(value: u8) -> u8 {
    b"0123456789ABCDEF"[value as usize]
}

/// Identifies a state of a database file and its side files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    identity: Option<Identity>,
    files: [Option<(u64, Option<SystemTime>)>; 3],
}

impl Stamp {
    pub(super) fn of(location: &Location) -> Self {
        let state_of = |path: PathBuf| fs::metadata(path).ok().map(|file| (file.len(), file.modified().ok()));
        Self {
            identity: location.identity(),
            files: ["", "-wal", "-journal"].map(|end| state_of(location.beside(end))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn file_names_cannot_inject_uri_parameters() {
        use std::os::unix::ffi::OsStrExt;
        for (name, uri) in [
            (&b"/srv/a-b_c.sqlite"[..], "file:///srv/a-b_c.sqlite?immutable=1"),
            (b"/a?mode=rwc&x#y%41 z", "file:///a%3Fmode%3Drwc%26x%23y%2541%20z?immutable=1"),
            (b"//host/a", "file:////host/a?immutable=1"),
            (b"/\xff\n", "file:///%FF%0A?immutable=1"),
        ] {
            assert_eq!(immutable_uri(Path::new(std::ffi::OsStr::from_bytes(name))), Path::new(uri));
        }
    }
}
