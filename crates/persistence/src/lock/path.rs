//! The path of the lock for a file or directory.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The lock file for `path`, which need not exist: the same path with `.lock` appended.
///
/// Symbolic links are followed, so that two names of one database share one lock; for a missing file, the links of its
/// directory are followed. Two hard links of one file have two locks.
pub fn lock_path(path: &Path) -> PathBuf {
    let mut name = real_path(path).into_os_string();
    name.push(".lock");
    name.into()
}

fn real_path(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (absolute.parent().map(fs::canonicalize), absolute.file_name()) {
        (Some(Ok(directory)), Some(name)) => directory.join(name),
        _ => absolute,
    }
}
