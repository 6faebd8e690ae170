//! Files that are replaced whole, and read only as far as they may be long.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::Error;

/// What a bounded read found.
pub(crate) enum Content {
    /// The whole file.
    Bytes(Vec<u8>),
    /// Nothing is there.
    Missing,
    /// The file is longer than allowed, and was not read.
    TooLong,
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
///
/// Something else than a regular file is there, or the system refused.
pub(crate) fn read_bounded(path: &Path, limit: u64) -> Result<Content, Error> {
    let is_file = match fs::metadata(path) {
        Ok(metadata) => metadata.is_file(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Content::Missing),
        Err(source) => return Err(Error::io("look at", path)(source)),
    };
    if !is_file {
        return Err(Error::NotARegularFile { path: path.to_owned() });
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Content::Missing),
        Err(source) => return Err(Error::io("open", path)(source)),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    Ok(if bytes.len() as u64 > limit { Content::TooLong } else { Content::Bytes(bytes) })
}

/// Replaces the file at `path` by one with these bytes: after a crash there is the old one or the new one, whole.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let draft = draft_of(path);
    let written = write_new(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    if let Err(source) = written {
        // What is left of the attempt would be removed by the next one; a failure to do so now changes nothing.
        let _ = fs::remove_file(&draft);
        return Err(Error::io("write", path)(source));
    }
    sync_directory(parent_of(path))
}

/// Creates a file that is on disk when this returns. A leftover of that name is removed first; nothing is followed.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A fixed name, so that a killed attempt leaves one file at most, which the next attempt takes over.
fn draft_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".draft");
    path.with_file_name(name)
}

/// The directory that `path` is in; for a bare name the current one.
fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes the names in a directory survive a power cut.
#[cfg(unix)]
pub(crate) fn sync_directory(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(Error::io("sync directory", path))
}

/// Elsewhere a directory cannot be opened as a file, and the system writes its names by itself.
#[cfg(not(unix))]
pub(crate) fn sync_directory(_path: &Path) -> Result<(), Error> {
    Ok(())
}
