//! Where snapshots are read from.

use std::{fmt, path::Path};

use cds_persistence::{OpenOptions, SqliteReader};

/// A database that is open for reading, and what the caller knows beside it.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The database.
    pub reader: &'a SqliteReader,
    /// Its path, for readers that work side by side.
    pub path: &'a Path,
    /// How those are opened.
    pub options: &'a OpenOptions,
    /// Whether an intent was derived from the code and not written by a model; the second value is whether the run's
    /// model was the embedded provider.
    pub is_derived: fn(&str, bool) -> bool,
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Source").field("path", &self.path).finish_non_exhaustive()
    }
}
