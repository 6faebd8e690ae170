//! Parses a write-ahead log as `SQLite` does, without applying it.
//!
//! Format: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>. Only committed frames count: those up to the
//! last one that ends a transaction, with the salts of the log and correct running checksums.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use super::header::{Mark, word};

const HEADER_LENGTH: usize = 32;
const FRAME_HEADER_LENGTH: usize = 24;
/// The last bit is set if the checksums use big-endian words.
const MAGIC: u32 = 0x377f_0682;
const FORMAT: u32 = 3_007_000;
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 512..=65_536;

/// The committed content of a log.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    pub(super) page_size: u32,
    /// The pages with an image in the log.
    pub(super) pages: HashSet<u32>,
    /// The marks of its images of the first page, in order.
    pub(super) marks: Vec<Mark>,
    /// The size of the database in pages after the last transaction.
    pub(super) page_count: u32,
    /// The length in bytes up to the end of the last transaction.
    pub(super) length: u64,
}

/// The log at `path`; `None` if it does not exist or has no transaction.
pub(super) fn read(path: &Path) -> io::Result<Option<Log>> {
    match File::open(path) {
        Ok(file) => read_from(BufReader::with_capacity(1 << 16, file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_from(mut source: impl Read) -> io::Result<Option<Log>> {
    let mut header = [0; HEADER_LENGTH];
    if !fill(&mut source, &mut header)? {
        return Ok(None);
    }
    let (magic, page_size) = (word(&header, 0), word(&header, 8));
    let mut sum = Checksum { is_big_endian: magic & 1 == 1, state: [0; 2] };
    sum.add(&header[..24]);
    let is_sound = magic & !1 == MAGIC
        && word(&header, 4) == FORMAT
        && PAGE_SIZES.contains(&page_size)
        && page_size.is_power_of_two()
        && sum.state == [word(&header, 24), word(&header, 28)];
    if !is_sound {
        return Ok(None);
    }
    let salts = &header[16..24];
    let mut log = Log { page_size, ..Log::default() };
    // These belong to a transaction that may not end.
    let (mut pages, mut marks) = (Vec::new(), Vec::new());
    let mut frame = vec![0; FRAME_HEADER_LENGTH + page_size as usize];
    let mut length = HEADER_LENGTH as u64;
    while fill(&mut source, &mut frame)? {
        let (head, page) = frame.split_at(FRAME_HEADER_LENGTH);
        let (number, page_count) = (word(head, 0), word(head, 4));
        sum.add(&head[..8]);
        sum.add(page);
        if number == 0 || &head[8..16] != salts || sum.state != [word(head, 16), word(head, 20)] {
            break;
        }
        length += frame.len() as u64;
        pages.push(number);
        if number == 1 {
            marks.push(Mark::of(page));
        }
        if page_count > 0 {
            log.pages.extend(pages.drain(..));
            log.marks.append(&mut marks);
            log.page_count = page_count;
            log.length = length;
        }
    }
    Ok((log.length > 0).then_some(log))
}

/// Fills the buffer; returns whether there were enough bytes.
pub(super) fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match source.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

struct Checksum {
    is_big_endian: bool,
    state: [u32; 2],
}

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        let [mut one, mut other] = self.state;
        for pair in bytes.chunks_exact(8) {
            let words = [word(pair, 0), word(pair, 4)];
            let [first, second] = if self.is_big_endian { words } else { words.map(u32::swap_bytes) };
            one = one.wrapping_add(first).wrapping_add(other);
            other = other.wrapping_add(second).wrapping_add(one);
        }
        self.state = [one, other];
    }
}
