//! Parses a rollback journal as `SQLite` does, without applying it.
//!
//! Format: <https://www.sqlite.org/fileformat2.html#the_rollback_journal>. It holds pages as they were before the
//! transaction that it rolls back.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom},
    path::Path,
};

use super::{
    header::{Mark, word},
    write_ahead::fill,
};

const HEADER_LENGTH: usize = 28;
const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
/// The checksum of a page covers every 200th byte.
const CHECKSUM_STRIDE: usize = 200;
const SIZES: std::ops::RangeInclusive<u32> = 512..=65_536;

/// What a journal says about its database file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RollbackJournal {
    pub(super) page_size: u32,
    /// The number of pages before the transaction.
    pub(super) page_count: u32,
    /// The mark of the first page before the transaction, if the journal has that page.
    pub(super) mark: Option<Mark>,
}

/// The journal at `path`; `None` if it does not exist or rolls nothing back.
pub(super) fn read(path: &Path) -> io::Result<Option<RollbackJournal>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(first) = Segment::read(&mut file, 0)? else { return Ok(None) };
    let mut journal = RollbackJournal { page_size: first.page_size, page_count: first.page_count, mark: None };
    let mut next = Some(first);
    while let Some(segment) = next {
        match segment.find_mark(&mut file)? {
            Search::Found(mark) => {
                journal.mark = Some(mark);
                break;
            }
            Search::EndedAt(position) => next = Segment::read(&mut file, segment.behind(position))?,
        }
    }
    Ok(Some(journal))
}

/// A header with its records; each sync of the journal starts another one.
struct Segment {
    start: u64,
    record_count: u32,
    nonce: u32,
    page_count: u32,
    sector_size: u32,
    page_size: u32,
}

enum Search {
    Found(Mark),
    EndedAt(u64),
}

impl Segment {
    /// The segment whose header is at `start`, if there is one.
    fn read(file: &mut File, start: u64) -> io::Result<Option<Self>> {
        let mut header = [0; HEADER_LENGTH];
        file.seek(SeekFrom::Start(start))?;
        if !fill(file, &mut header)? || !header.starts_with(&MAGIC) {
            return Ok(None);
        }
        let [record_count, nonce, page_count, sector_size, page_size] =
            [8, 12, 16, 20, 24].map(|offset| word(&header, offset));
        let are_sizes = [sector_size, page_size].iter().all(|size| SIZES.contains(size) && size.is_power_of_two());
        let segment = Self { start, record_count, nonce, page_count, sector_size, page_size };
        Ok(are_sizes.then_some(segment))
    }

    /// Searches the records for an image of the first page.
    fn find_mark(&self, file: &mut File) -> io::Result<Search> {
        let mut record = vec![0; self.page_size as usize + 8];
        let mut position = self.start + u64::from(self.sector_size);
        file.seek(SeekFrom::Start(position))?;
        for _ in 0..self.record_count {
            if !fill(file, &mut record)? || word(&record, 0) == 0 || !is_intact(&record, self.nonce) {
                break;
            }
            position += record.len() as u64;
            if word(&record, 0) == 1 {
                return Ok(Search::Found(Mark::of(&record[4..])));
            }
        }
        Ok(Search::EndedAt(position))
    }

    /// The offset where the next header can be.
    fn behind(&self, position: u64) -> u64 {
        position.next_multiple_of(u64::from(self.sector_size)).max(self.start + u64::from(self.sector_size))
    }
}

/// Whether the checksum after the page is correct.
fn is_intact(record: &[u8], nonce: u32) -> bool {
    let page = &record[4..record.len() - 4];
    let mut sum = nonce;
    let mut at = page.len() - CHECKSUM_STRIDE;
    while at > 0 {
        sum = sum.wrapping_add(u32::from(page[at]));
        at = at.saturating_sub(CHECKSUM_STRIDE);
    }
    sum == word(record, record.len() - 4)
}
