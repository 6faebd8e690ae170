//! Checks the files next to a database that have the names of `SQLite`'s own files.
//!
//! `SQLite` opens them without checking their kind: it would wait for the other end of a pipe, or read from a device.

use std::fs;

use super::location::{Location, irregular_kind};
use crate::Error;

/// The write-ahead log, its shared memory, and the rollback journal.
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A larger file is not the log of a database: writing it would take days, and copying it could fill a disk.
const LARGEST_SIDE_FILE: u64 = 256 << 30;

/// Rejects a database with a side file that cannot be its log.
pub(super) fn check(location: &Location) -> Result<(), Error> {
    for suffix in SIDE_FILES {
        let side_file = location.beside(suffix);
        // A file that cannot be examined is missing, or `SQLite` reports the problem.
        let Ok(metadata) = fs::symlink_metadata(&side_file) else { continue };
        let what = match irregular_kind(metadata.file_type()) {
            Some(kind) => format!("is {kind}, not a regular file"),
            None if metadata.len() > LARGEST_SIDE_FILE => {
                format!("has {} bytes, and the limit is {LARGEST_SIDE_FILE}", metadata.len())
            }
            None => continue,
        };
        return Err(Error::SideFile { path: location.path.clone(), side_file, what });
    }
    Ok(())
}
