//! The location of a database: everything known about a path without opening it.
//!
//! This module never opens, reads or hashes the file: closing a second handle on a database that this process has open
//! would drop the locks that `SQLite` holds on it.

use std::{
    fs::{self, FileType, Metadata},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{mount, side_files};
use crate::{DatabaseAddress, Error};

/// A database has at least one page, and the smallest page size is 512 bytes.
const SMALLEST_DATABASE: u64 = 512;

/// A regular file, existing or just created.
#[derive(Debug, Clone)]
pub(super) struct Location {
    /// The path as the user gave it.
    pub(super) path: PathBuf,
    /// The path for `SQLite`: an absolute path can never be a URI or an in-memory database.
    pub(super) absolute: PathBuf,
    is_new: bool,
}

impl Location {
    /// Checks that the file at `path` may be written, or creates an empty private one.
    pub(super) fn claim(path: &Path) -> Result<Self, Error> {
        check_name(path)?;
        let absolute = std::path::absolute(path).map_err(|source| Error::Inspect { path: path.to_owned(), source })?;
        let found = find(path)?;
        if let Some(metadata) = &found {
            check_is_writable_file(path, metadata)?;
        } else {
            create(path)?;
        }
        let location = Self { path: path.to_owned(), absolute, is_new: found.is_none() };
        side_files::check(&location).inspect_err(|_| location.abandon_file())?;
        Ok(location)
    }

    /// Checks a file to be read; creates nothing.
    pub(super) fn existing(path: &Path) -> Result<Self, Error> {
        check_name(path)?;
        let absolute = std::path::absolute(path).map_err(|source| Error::Inspect { path: path.to_owned(), source })?;
        let metadata = find(path)?.ok_or_else(|| Error::Missing { path: path.to_owned() })?;
        check_file(path, &metadata)?;
        let location = Self { path: path.to_owned(), absolute, is_new: false };
        side_files::check(&location)?;
        Ok(location)
    }

    /// Checks an existing file to be written.
    pub(super) fn existing_writable(path: &Path) -> Result<Self, Error> {
        let location = Self::existing(path)?;
        if let Some(metadata) = find(path)? {
            check_is_writable_file(path, &metadata)?;
        }
        Ok(location)
    }

    /// Rejects a file that has several names, each with its own journal and lock.
    pub(super) fn check_is_reached_once(&self) -> Result<(), Error> {
        find(&self.path)?.map_or(Ok(()), |metadata| check_is_reached_once(&self.path, &metadata))
    }

    /// The location of a copy; errors about it name the original.
    pub(super) fn copied_to(&self, copy: PathBuf) -> Self {
        Self { path: self.path.clone(), absolute: copy, is_new: false }
    }

    /// Removes the file if it was created here.
    pub(super) fn abandon(&self) {
        if self.is_new {
            // The caller reports the first error; an error of this clean-up adds nothing.
            for path in [self.beside("-wal"), self.beside("-shm"), self.absolute.clone()] {
                drop(fs::remove_file(path));
            }
        }
    }

    /// Like [`abandon`](Self::abandon), but only the file: other files next to it belong to another process.
    fn abandon_file(&self) {
        if self.is_new {
            drop(fs::remove_file(&self.absolute));
        }
    }

    /// The identity of the file that the path leads to now; `None` if unknown.
    pub(super) fn identity(&self) -> Option<Identity> {
        fs::metadata(&self.absolute).ok().as_ref().and_then(Identity::of)
    }

    /// Whether the file has a write-ahead log with content.
    pub(super) fn has_pending_log(&self) -> bool {
        fs::metadata(self.beside("-wal")).is_ok_and(|log| log.len() > 0)
    }

    /// The path of a side file; for a symbolic link, it is next to the target.
    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = fs::canonicalize(&self.absolute).unwrap_or_else(|_| self.absolute.clone()).into_os_string();
        name.push(suffix);
        name.into()
    }
}

/// Identifies a file regardless of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "other systems have no file numbers")]
    fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self { device: metadata.dev(), inode: metadata.ino() })
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Option<Self> {
        None
    }
}

fn check_name(path: &Path) -> Result<(), Error> {
    let name = path.as_os_str().as_encoded_bytes();
    let reason = if name.is_empty() {
        "the name is empty"
    } else if name == b":memory:" {
        "a database in memory is lost when cds ends"
    } else if let Some(address) = DatabaseAddress::of(path) {
        return Err(Error::Address { address });
    } else {
        return Ok(());
    };
    Err(Error::InvalidName { path: path.to_owned(), reason })
}

/// The metadata of `path`; `None` if the file is missing but its directory exists.
fn find(path: &Path) -> Result<Option<Metadata>, Error> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            let directory = match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            };
            if directory.is_dir() {
                Ok(None)
            } else {
                Err(Error::MissingDirectory { path: path.to_owned(), directory: directory.to_owned() })
            }
        }
        Err(source) => Err(Error::Inspect { path: path.to_owned(), source }),
    }
}

fn check_is_writable_file(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    check_file(path, metadata)?;
    check_is_reached_once(path, metadata)?;
    // The superuser could write it anyway, but the permissions ask not to.
    if metadata.permissions().readonly() {
        return Err(Error::ReadOnly { path: path.to_owned(), source: None });
    }
    Ok(())
}

/// Journal and lock are named after their database, so a file with two names would have two of each.
fn check_is_reached_once(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    if has_other_names(metadata) {
        return Err(Error::NotARegularFile { path: path.to_owned(), kind: "a file with several names (hard links)" });
    }
    if mount::is_mount(path) {
        return Err(Error::OwnMount { path: path.to_owned() });
    }
    Ok(())
}

#[cfg(unix)]
fn has_other_names(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.nlink() > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}

fn check_file(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    if let Some(kind) = irregular_kind(metadata.file_type()) {
        return Err(Error::NotARegularFile { path: path.to_owned(), kind });
    }
    // SQLite treats a file of one byte as empty, and would overwrite it.
    if (1..SMALLEST_DATABASE).contains(&metadata.len()) {
        return Err(Error::NotADatabase { path: path.to_owned() });
    }
    Ok(())
}

/// What it is, with an article, unless it is a regular file.
pub(super) fn irregular_kind(file_type: FileType) -> Option<&'static str> {
    if file_type.is_file() {
        return None;
    }
    if file_type.is_dir() {
        return Some("a directory");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if file_type.is_fifo() {
            return Some("a named pipe");
        }
        if file_type.is_socket() {
            return Some("a socket");
        }
        if file_type.is_char_device() || file_type.is_block_device() {
            return Some("a device");
        }
    }
    Some(if file_type.is_symlink() { "a symbolic link" } else { "something else" })
}

fn create(path: &Path) -> Result<(), Error> {
    match create_private(path) {
        Ok(()) => Ok(()),
        // The path is a symbolic link whose target does not exist.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match find(path)? {
            Some(metadata) => check_is_writable_file(path, &metadata),
            None => Err(Error::NotARegularFile { path: path.to_owned(), kind: "a symbolic link to nothing" }),
        },
        Err(source) => Err(Error::Create { path: path.to_owned(), source }),
    }
}

/// Creates the file for its owner only, because a database may hold secrets of the code. Side files copy its mode.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}
