//! Files that are replaced whole, and read only as far as they may be long.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::Error;

/// How many drafts this process began.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

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

/// As [`write_atomically`]; folders that are missing are made.
pub(crate) fn write_with_folders(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    create_directory(parent_of(path))?;
    write_atomically(path, bytes)
}

/// Replaces the file at `path` by one with these bytes: after a crash there is the old one or the new one, whole.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let (draft, file) = create_draft(path).map_err(Error::io("write", path))?;
    let written = write_all(file, bytes).and_then(|()| fs::rename(&draft, path));
    if let Err(source) = written {
        // A failure to remove it changes nothing about the one that is told.
        let _ = fs::remove_file(&draft);
        return Err(Error::io("write", path)(source));
    }
    sync_directory(parent_of(path))
}

/// Makes a directory and those above it, so that all of them survive a power cut.
fn create_directory(path: &Path) -> Result<(), Error> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.is_dir()).collect();
    for directory in missing.into_iter().rev() {
        match fs::create_dir(directory) {
            // Another command made it in between.
            Err(_) if directory.is_dir() => {}
            made => made.map_err(Error::io("create directory", directory))?,
        }
        sync_directory(parent_of(directory))?;
    }
    Ok(())
}

/// Creates the file that is to take the place of `path`, under a name that no other writer has: commands with different
/// databases may have their files in one folder. What a killed attempt left is passed over; nothing is followed.
fn create_draft(path: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        let draft = draft_of(path, std::process::id(), DRAFTS.fetch_add(1, Ordering::Relaxed));
        match OpenOptions::new().write(true).create_new(true).open(&draft) {
            Ok(file) => return Ok((draft, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Fills a file; it is on disk when this returns.
fn write_all(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

fn draft_of(path: &Path, process: u32, number: u64) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{process}-{number}.draft"));
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

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn many_may_replace_one_file_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        thread::scope(|scope| {
            for writer in 0..8_u8 {
                let path = &path;
                scope.spawn(move || (0..20).for_each(|_| write_atomically(path, &[writer; 100]).unwrap()));
            }
        });
        let bytes = fs::read(&path).unwrap();
        assert!(bytes.len() == 100 && bytes.iter().all(|byte| *byte == bytes[0]), "one of them, whole: {bytes:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn leftovers_are_in_nobodys_way_and_failures_leave_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let next = DRAFTS.load(Ordering::Relaxed);
        for number in next..next + 50 {
            fs::write(draft_of(&path, std::process::id(), number), "{").unwrap();
        }
        write_atomically(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 51);
        let other = tempfile::tempdir().unwrap();
        fs::create_dir_all(other.path().join("state/full")).unwrap();
        write_atomically(&other.path().join("state"), b"").unwrap_err();
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1);
    }
}
