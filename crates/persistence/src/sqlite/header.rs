//! The header of a database file: <https://www.sqlite.org/fileformat2.html#the_database_header>.

/// The offset of the change counter, which grows with transactions that write the first page.
const COUNTER_OFFSET: usize = 24;

/// The offset of the schema cookie, which changes with the schema.
const SCHEMA_OFFSET: usize = 40;

/// The length of the header.
pub(super) const LENGTH: usize = 100;

const MAGIC: &[u8] = b"SQLite format 3\0";
const PAGE_SIZE_OFFSET: usize = 16;
const PAGE_COUNT_OFFSET: usize = 28;
const VALID_FOR_OFFSET: usize = 92;

/// The fields of a database header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) page_size: u32,
    pub(super) mark: Mark,
    /// The number of pages; `None` if the field is not valid.
    pub(super) page_count: Option<u32>,
}

/// Identifies a state of the first page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Grows with transactions that write the page.
    pub(super) counter: u32,
    /// Grows with each schema change; cds starts it at a random number in each database that it creates.
    pub(super) schema: u32,
}

impl Mark {
    /// The mark of a first page.
    pub(super) fn of(page: &[u8]) -> Self {
        Self { counter: word(page, COUNTER_OFFSET), schema: word(page, SCHEMA_OFFSET) }
    }
}

impl Header {
    /// Parses a header; `None` if the bytes are not one.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < LENGTH || !bytes.starts_with(MAGIC) {
            return None;
        }
        let page_size = match u32::from(bytes[PAGE_SIZE_OFFSET]) << 8 | u32::from(bytes[PAGE_SIZE_OFFSET + 1]) {
            1 => 65_536,
            size => size,
        };
        let mark = Mark::of(bytes);
        let is_valid = word(bytes, VALID_FOR_OFFSET) == mark.counter;
        let page_count = is_valid.then(|| word(bytes, PAGE_COUNT_OFFSET));
        Some(Self { page_size, mark, page_count })
    }
}

/// The big-endian number at `offset`.
pub(super) fn word(bytes: &[u8], offset: usize) -> u32 {
    bytes[offset..offset + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}
