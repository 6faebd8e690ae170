//! How a command changed the size of the database.

use std::{ffi::OsString, fs, path::Path};

use cds_persistence::SqliteReader;
use cds_terminal::numbers::in_bytes;

use crate::{arguments::DatabasePlan, render::messages::Console};

/// The size of a database before and after a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    /// Bytes of the database with its log.
    pub(crate) bytes: u64,
    /// Bytes that the command added; negative if it gave room back.
    pub(crate) added: i64,
}

impl Growth {
    /// The growth of the database at `path` since it had `before` bytes.
    pub(crate) fn since(before: u64, path: &Path) -> Self {
        let bytes = size(path);
        let added = i64::try_from(bytes).unwrap_or(i64::MAX).saturating_sub(i64::try_from(before).unwrap_or(i64::MAX));
        Self { bytes, added }
    }
}

/// The bytes of a database with its log; 0 if it does not exist.
pub(crate) fn size(path: &Path) -> u64 {
    let mut log = OsString::from(path);
    log.push("-wal");
    let bytes = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    bytes(path).saturating_add(bytes(Path::new(&log)))
}

/// Suggests the compact layout for a plain database that has grown far.
pub(crate) fn suggest_compact(plan: &DatabasePlan, console: Console) {
    // The work is done; a database that cannot be read now says so at its next use.
    let Ok(growth) = SqliteReader::open(&plan.path, &plan.options).and_then(|reader| reader.growth()) else { return };
    if let Some(times) = growth.excess() {
        let (size, path) = (in_bytes(growth.file_bytes), plan.path.display());
        console.note(&format!(
            "hint: the database has {size}, {times} times its first snapshot; cds db compact --db-path {path} lets \
             snapshots share what is equal"
        ));
    }
}
