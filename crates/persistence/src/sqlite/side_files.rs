//! What stands beside a database under the names that `SQLite` gives its own files.
//!
//! `SQLite` opens them without asking what they are: it waits for the other end of a pipe, and reads from a device.

use std::fs;

use super::location::{Location, irregular_kind};
use crate::Error;

/// The write-ahead log, the memory that processes share, and the rollback journal.
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A larger one is no log of a database: it would take days to write, and a copy of it fills a disk.
const LARGEST_SIDE_FILE: u64 = 256 << 30;

/// Refuses a database beside which stands what cannot be its log.
pub(super) fn check(location: &Location) -> Result<(), Error> {
    for suffix in SIDE_FILES {
        let side_file = location.beside(suffix);
        // What cannot be looked at is not there, or is for the database to complain about.
        let Ok(metadata) = fs::symlink_metadata(&side_file) else { continue };
        let what = match irregular_kind(metadata.file_type()) {
            Some(kind) => format!("is {kind}, not a regular file"),
            None if metadata.len() > LARGEST_SIDE_FILE => {
                format!("has {} bytes, more than the {LARGEST_SIDE_FILE} that are allowed", metadata.len())
            }
            None => continue,
        };
        return Err(Error::SideFile { path: location.path.clone(), side_file, what });
    }
    Ok(())
}
