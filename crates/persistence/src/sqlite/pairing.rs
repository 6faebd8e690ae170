//! Checks that a database file and the log next to it belong together.
//!
//! `SQLite` applies any log it finds. If a file was restored from a copy, the log of a killed process would put pages
//! of a later state into an earlier one. These fields show whether they match:
//!
//! - The change counter in the first page: a log begins with the counter of the file or the next one, and so does each
//!   image of that page in it.
//! - The size of the file, if a program wrote only other pages and left no counter in the log.
//! - The schema cookie, which differs between databases with equal counters, because cds starts it at a random number.

use super::{
    header::{Header, Mark},
    rollback::RollbackJournal,
    write_ahead::Log,
};

/// Schema cookies start at 1 and grow with each change; those that cds starts are at least this large.
pub(super) const FIRST_OF_ITS_OWN: u32 = 1 << 16;

/// No transaction changes the schema this often.
const MOST_CHANGES: u32 = 10_000;

/// Why a log does not belong to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// The file has no database header.
    NoDatabase,
    /// Their pages have different sizes.
    PageSize,
    /// The log continues another state.
    State,
    /// The file lacks pages that the log requires.
    MissingPages,
}

impl Mismatch {
    /// The reason as a part of a sentence.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::NoDatabase => "the file is not a database",
            Self::PageSize => "their pages have different sizes",
            Self::State => "the log continues another state of the file",
            Self::MissingPages => "the file lacks pages that the log builds on",
        }
    }
}

/// The offset of the page that only holds locks of processes and never data.
const LOCK_BYTE: u64 = 0x4000_0000;

/// Compares the `start` of a file of `length` bytes with its write-ahead log.
pub(super) fn check_log(start: &[u8], length: u64, log: &Log) -> Result<(), Mismatch> {
    // An empty file cannot be damaged, and its log is never applied.
    if length == 0 {
        return Ok(());
    }
    let header = Header::parse(start).ok_or(Mismatch::NoDatabase)?;
    if header.page_size != log.page_size {
        return Err(Mismatch::PageSize);
    }
    if let Some(first) = log.marks.first() {
        let Mark { counter, schema } = header.mark;
        let is_base = counter == first.counter || counter.wrapping_add(1) == first.counter;
        let is_same = schema < FIRST_OF_ITS_OWN || first.schema.wrapping_sub(schema) < MOST_CHANGES;
        // If a part of the log was merged, the file has one of its images of the first page.
        if !(is_base && is_same || log.marks.contains(&header.mark)) {
            return Err(Mismatch::State);
        }
    }
    let page_size = u64::from(log.page_size);
    let lock_page = LOCK_BYTE / page_size + 1;
    let missing = length / page_size + 1..=u64::from(log.page_count);
    let is_in_log = |page: u64| page == lock_page || u32::try_from(page).is_ok_and(|page| log.pages.contains(&page));
    if missing.into_iter().all(is_in_log) { Ok(()) } else { Err(Mismatch::MissingPages) }
}

/// Compares the `start` of a file of `length` bytes with its rollback journal.
pub(super) fn check_journal(start: &[u8], length: u64, journal: &RollbackJournal) -> Result<(), Mismatch> {
    // The first transaction of a new file that was not written yet.
    if length == 0 {
        return Ok(());
    }
    let Some(header) = Header::parse(start) else {
        return if journal.page_count == 0 { Ok(()) } else { Err(Mismatch::NoDatabase) };
    };
    if header.page_size != journal.page_size && journal.page_count > 0 {
        return Err(Mismatch::PageSize);
    }
    let is_right = match journal.mark {
        Some(before) => {
            let Mark { counter, schema } = header.mark;
            let is_next = counter == before.counter || counter == before.counter.wrapping_add(1);
            is_next && (before.schema < FIRST_OF_ITS_OWN || schema.wrapping_sub(before.schema) < MOST_CHANGES)
        }
        // The first transaction of a file sets its counter to 1.
        None if journal.page_count == 0 => header.mark.counter <= 1,
        // The first page was not changed by the transaction.
        None => header.page_count.is_none_or(|count| count == journal.page_count),
    };
    if is_right { Ok(()) } else { Err(Mismatch::State) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(counter: u32, page_count: u32) -> Vec<u8> {
        file_of(counter, 7, page_count)
    }

    fn file_of(counter: u32, schema: u32, page_count: u32) -> Vec<u8> {
        let mut bytes = b"SQLite format 3\0\x10\0".to_vec();
        bytes.resize(100, 0);
        for (offset, number) in [(24, counter), (28, page_count), (40, schema), (92, counter)] {
            bytes[offset..offset + 4].copy_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    fn log(counters: &[u32], pages: &[u32], page_count: u32) -> Log {
        let pages = pages.iter().copied().collect();
        let marks = counters.iter().map(|&counter| Mark { counter, schema: 7 }).collect();
        Log { page_size: 4096, pages, marks, page_count, length: 1 }
    }

    #[test]
    fn log_continues_its_file() {
        let check = |counter: u32, log: &Log| check_log(&file(counter, 3), 3 * 4096, log);
        // Written by another connection than the file, and by the same one.
        assert_eq!(check(7, &log(&[8, 9], &[1, 2], 3)), Ok(()));
        assert_eq!(check(8, &log(&[8, 9], &[1, 2], 3)), Ok(()));
        // Partly merged.
        assert_eq!(check(9, &log(&[8, 9], &[1, 2], 3)), Ok(()));
        assert_eq!(check(u32::MAX, &log(&[0], &[1], 3)), Ok(()));
        // Older and newer copies of the file.
        for counter in [5, 6, 10] {
            assert_eq!(check(counter, &log(&[8, 9], &[1, 2], 3)), Err(Mismatch::State), "{counter}");
        }
        // The log has no image of the first page.
        assert_eq!(check(5, &log(&[], &[2], 3)), Ok(()));
    }

    #[test]
    fn schema_separates_equal_counters() {
        let check = |of_file: u32, of_log: u32| {
            let marks = vec![Mark { counter: 8, schema: of_log }];
            let log = Log { marks, ..log(&[], &[1], 3) };
            check_log(&file_of(7, of_file, 3), 3 * 4096, &log)
        };
        assert_eq!(check(70_000, 70_000), Ok(()));
        assert_eq!(check(70_000, 70_040), Ok(()));
        // The log sets the schema number of the file.
        assert_eq!(check(40, 70_000), Ok(()));
        for other in [40, 69_999, 900_000] {
            assert_eq!(check(70_000, other), Err(Mismatch::State), "{other}");
        }
    }

    #[test]
    fn missing_pages_reveal_a_shorter_file() {
        let check = |pages: &[u32], count: u32| check_log(&file(7, 3), 3 * 4096, &log(&[], pages, count));
        assert_eq!(check(&[2, 4, 5], 5), Ok(()));
        assert_eq!(check(&[2, 5], 5), Err(Mismatch::MissingPages));
        assert_eq!(check(&[2], 2), Ok(()));
        let lock_page = 262_145;
        let length = u64::from(lock_page - 1) * 4096;
        let log = log(&[], &[lock_page + 1], lock_page + 1);
        assert_eq!(check_log(&file(7, lock_page - 1), length, &log), Ok(()));
    }

    #[test]
    fn other_files_never_match_a_log() {
        let log = log(&[1], &[1], 1);
        assert_eq!(check_log(b"", 0, &log), Ok(()));
        assert_eq!(check_log(b"text", 4, &log), Err(Mismatch::NoDatabase));
        assert_eq!(check_log(&file(1, 1), 4096, &Log { page_size: 8192, ..log }), Err(Mismatch::PageSize));
    }

    #[test]
    fn journal_matches_its_file() {
        let check = |counter: u32, before: Option<u32>, page_count: u32| {
            let mark = before.map(|counter| Mark { counter, schema: 7 });
            let journal = RollbackJournal { page_size: 4096, page_count, mark };
            check_journal(&file(counter, 3), 3 * 4096, &journal)
        };
        assert_eq!(check(7, Some(7), 3), Ok(()));
        assert_eq!(check(8, Some(7), 3), Ok(()));
        assert_eq!(check(6, Some(7), 3), Err(Mismatch::State));
        assert_eq!(check(9, Some(7), 3), Err(Mismatch::State));
        assert_eq!(check(7, None, 3), Ok(()));
        assert_eq!(check(7, None, 4), Err(Mismatch::State));
        assert_eq!(check(1, None, 0), Ok(()));
        assert_eq!(check(7, None, 0), Err(Mismatch::State));
    }
}
