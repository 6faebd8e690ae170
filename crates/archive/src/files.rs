//! Reads files up to a limit, and replaces files atomically.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::Error;

/// The number of drafts that this process created.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

/// The result of a bounded read.
pub(crate) enum Content {
    /// The whole file.
    Bytes(Vec<u8>),
    /// The file does not exist.
    Missing,
    /// The file is longer than the limit and was not read.
    TooLong,
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
///
/// If it is not a regular file, or on an I/O error.
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

/// Like [`write_atomically`], and creates missing directories.
pub(crate) fn write_with_folders(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    create_directory(parent_of(path))?;
    write_atomically(path, bytes)
}

/// Replaces the file at `path`. After a crash, either the old or the new content is there, complete.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let (draft, file) = create_draft(path).map_err(Error::io("write", path))?;
    let written = write_all(file, bytes).and_then(|()| fs::rename(&draft, path));
    if let Err(source) = written {
        // The caller gets the first error; a failed removal adds nothing.
        let _ = fs::remove_file(&draft);
        return Err(Error::io("write", path)(source));
    }
    sync_directory(parent_of(path))
}

/// Creates a directory and its parents, so that all of them survive a power cut.
fn create_directory(path: &Path) -> Result<(), Error> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.is_dir()).collect();
    for directory in missing.into_iter().rev() {
        match fs::create_dir(directory) {
            // Another process created it in between.
            Err(_) if directory.is_dir() => {}
            made => made.map_err(Error::io("create directory", directory))?,
        }
        sync_directory(parent_of(directory))?;
    }
    Ok(())
}

/// Creates the file that will replace `path`, under a unique name: commands with different databases may share a
/// folder. Drafts of killed processes are skipped, and links are not followed.
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

/// Writes and syncs a file.
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

/// The directory of `path`; the current directory for a bare name.
fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Syncs a directory, so that the names in it survive a power cut.
#[cfg(unix)]
pub(crate) fn sync_directory(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(Error::io("sync directory", path))
}

/// Other systems cannot open a directory as a file, and sync its names themselves.
#[cfg(not(unix))]
pub(crate) fn sync_directory(_path: &Path) -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn parallel_writers_replace_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        thread::scope(|scope| {
            for writer in 0..8_u8 {
                let path = &path;
                scope.spawn(move || (0..20).for_each(|_| write_atomically(path, &[writer; 100]).unwrap()));
            }
        });
        let bytes = fs::read(&path).unwrap();
        assert!(
            bytes.len() == 100 && bytes.iter().all(|byte| *byte == bytes[0]),
            "exactly one writer's content: {bytes:?}"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn old_drafts_do_not_block_writing() {
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
