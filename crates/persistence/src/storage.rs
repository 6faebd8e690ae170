//! What takes the room of a database.

use crate::{Layout, RunId};

/// What takes the room of a database. Numbers of bytes of single runs are estimates: pages hold rows of many runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageUse {
    /// How the records are stored.
    pub layout: Layout,
    /// All pages of the file.
    pub file_bytes: u64,
    /// Unused pages, which `VACUUM` gives back.
    pub free_bytes: u64,
    /// By table with its indexes, the largest first.
    pub tables: Vec<TableUse>,
    /// By run, the newest first.
    pub runs: Vec<RunUse>,
    /// What another run of the tree of the newest run adds if nothing changed in it; `None` without a run.
    pub unchanged_run_bytes: Option<u64>,
    /// What the compact layout would save; `None` if the database has it.
    pub compact_saves_bytes: Option<u64>,
}

/// The room that a table takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableUse {
    /// Its name.
    pub name: String,
    /// With its indexes.
    pub bytes: u64,
}

/// The room that the records of a run take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunUse {
    /// The run.
    pub run_id: RunId,
    /// The number of its records.
    pub record_count: u64,
    /// What no other run uses, so that its removal frees it.
    pub own_bytes: u64,
}

/// How far a database has grown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// How the records are stored.
    pub layout: Layout,
    /// All pages of the file.
    pub file_bytes: u64,
    /// An estimate of the file after its first snapshot, by its share of all records.
    pub first_bytes: u64,
}

impl Growth {
    /// A plain file that grows by more than this many times its first snapshot is worth converting.
    const MOST_TIMES: u64 = 10;

    /// How many times its first snapshot the file is, if the compact layout would keep it from growing like that.
    pub fn excess(&self) -> Option<u64> {
        let added = self.file_bytes.saturating_sub(self.first_bytes);
        let is_excessive = self.layout == Layout::Plain && added > self.first_bytes.saturating_mul(Self::MOST_TIMES);
        is_excessive.then(|| self.file_bytes / self.first_bytes.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_grow_to_excess() {
        let growth = |layout, file_bytes| Growth { layout, file_bytes, first_bytes: 100 }.excess();
        assert_eq!(growth(Layout::Plain, 1_100), None);
        assert_eq!(growth(Layout::Plain, 1_101), Some(11));
        assert_eq!(growth(Layout::Compact, 9_000), None);
    }
}
