//! Outputs that are the database, or a file that belongs to it: refused before anything is written.
//!
//! Files are compared by their numbers, so that no link hides one behind another name. Nothing is opened: closing a
//! database file would drop the locks that SQLite has on it in this process.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::anyhow;

use crate::failure::Failure;

/// What SQLite and cds append to the name of a database for the files beside it.
const SUFFIXES: [&str; 5] = ["", "-wal", "-shm", "-journal", ".lock"];

/// Refuses an `output` of `option` that would replace or overwrite `database` or a file that belongs to it.
pub(crate) fn refuse_output(database: &Path, output: &Path, option: &str) -> Result<(), Failure> {
    let is_output = |file: &Path| is_same_file(file, output) || resolved(file) == resolved(output);
    let Some(file) = files_of(database).into_iter().find(|file| is_output(file)) else { return Ok(()) };
    Err(Failure::usage(anyhow!("use {option} {}: {}", output.display(), belongs(&file, database)))
        .with_hint("name another file; nothing was written"))
}

/// Refuses a `database` that the stdout or stderr of this process goes to.
pub(crate) fn refuse_streams(database: &Path) -> Result<(), Failure> {
    for (name, stream) in streams() {
        let Some(stream) = stream else { continue };
        let is_stream = |file: &PathBuf| identity(file).is_some_and(|file| file == stream);
        if let Some(file) = files_of(database).iter().find(|file| is_stream(file)) {
            let what = belongs(file, database);
            return Err(Failure::usage(anyhow!("use --db-path {}: {name} goes to it: {what}", database.display()))
                .with_hint(format!("send {name} somewhere else, or name another database")));
        }
    }
    Ok(())
}

/// Whether both names lead to one file, be it by a link or as a second name.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((identity(one), identity(other)), (Some(one), Some(other)) if one == other)
}

/// The database under both of its names, and what may lie beside it.
fn files_of(database: &Path) -> Vec<PathBuf> {
    let mut names = vec![database.to_owned()];
    names.extend(resolved(database).filter(|real| real != database));
    let beside = |name: &PathBuf| {
        SUFFIXES.map(|suffix| {
            let mut file = name.clone().into_os_string();
            file.push(suffix);
            PathBuf::from(file)
        })
    };
    names.iter().flat_map(beside).collect()
}

fn belongs(file: &Path, database: &Path) -> String {
    if is_same_file(file, database) || file == database {
        "it is the database".to_owned()
    } else {
        format!("it belongs to the database {}", database.display())
    }
}

/// The path without links; of what is not there yet, that of its folder with its name.
fn resolved(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = fs::canonicalize(path) {
        return Some(real);
    }
    let absolute = std::path::absolute(path).ok()?;
    Some(fs::canonicalize(absolute.parent()?).ok()?.join(absolute.file_name()?))
}

#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = PathBuf;

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    fs::canonicalize(path).ok()
}

/// Which files stdout and stderr are, where they are files.
#[cfg(unix)]
fn streams() -> [(&'static str, Option<Identity>); 2] {
    use std::os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::MetadataExt as _,
    };
    let identity = |stream: BorrowedFd<'_>| {
        let file = fs::File::from(stream.try_clone_to_owned().ok()?).metadata().ok()?;
        file.is_file().then(|| (file.dev(), file.ino()))
    };
    [("stdout", identity(io::stdout().as_fd())), ("stderr", identity(io::stderr().as_fd()))]
}

/// Without numbers of files nothing is known of them.
#[cfg(not(unix))]
fn streams() -> [(&'static str, Option<Identity>); 0] {
    []
}
