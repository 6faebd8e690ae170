//! How a file is read without creating or changing anything: which way its state allows.
//!
//! A database in write-ahead mode needs two files beside it, and `SQLite` creates them even for a reader. So a file that
//! nobody has open is read as one that cannot change, and where a log or journal is left that must be applied first,
//! that is done to a copy.
//!
//! The database file is opened here outside of `SQLite`, which can drop the locks that this process holds on it. That is
//! done only while the files beside it say that nobody is at work.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use rusqlite::OpenFlags;
use tempfile::TempDir;

use super::location::{Identity, Location};

/// In a database, the byte that says how it is to be read: 2 for through a write-ahead log.
const READ_VERSION_OFFSET: usize = 19;
const LOG_VERSION: u8 = 2;

/// What may stand beside a database with content of its own.
const SIDE_FILES: [&str; 2] = ["-wal", "-journal"];

/// How a database is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Together with whoever writes to it.
    Shared,
    /// As a file that does not change; when it does, what was read is read again.
    Immutable,
    /// As a copy, made when it was opened, because the original cannot be read without changing something.
    Copy,
}

impl Access {
    /// The first that will do for the file in the state in which it is.
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
            Self::Immutable => OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
            // The log or journal beside the copy is applied to it.
            Self::Copy => OpenFlags::SQLITE_OPEN_READ_WRITE,
        }
    }
}

fn is_in_log_mode(path: &Path) -> io::Result<bool> {
    let mut header = Vec::new();
    File::open(path)?.take(READ_VERSION_OFFSET as u64 + 1).read_to_end(&mut header)?;
    Ok(header.get(READ_VERSION_OFFSET) == Some(&LOG_VERSION))
}

/// Copies the file and what must be applied to it into a directory that only its owner may enter.
pub(super) fn copy(location: &Location) -> io::Result<(TempDir, PathBuf)> {
    let directory = private_directory()?;
    let copy = directory.path().join("copy.sqlite");
    copy_content(&location.absolute, &copy)?;
    for suffix in SIDE_FILES {
        let side_file = location.beside(suffix);
        if side_file.exists() {
            let mut name = OsString::from(&copy);
            name.push(suffix);
            copy_content(&side_file, Path::new(&name))?;
        }
    }
    Ok((directory, copy))
}

/// Permissions are left behind: the copy of a file that may not be written must be.
fn copy_content(from: &Path, to: &Path) -> io::Result<()> {
    io::copy(&mut File::open(from)?, &mut File::create(to)?).map(drop)
}

fn private_directory() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("cds-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

/// The URI of a file that is to be taken for one that does not change.
///
/// Every byte but the few that mean nothing in a URI is written as its number, so that no name can say anything else.
pub(super) fn immutable_uri(path: &Path) -> PathBuf {
    // The empty host keeps a path that begins with two slashes from naming one.
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

/// By what a file and the files beside it differ from an earlier state of themselves.
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
    fn no_name_of_a_file_can_say_anything_else_in_a_uri() {
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
