//! The first bytes of a database file: <https://www.sqlite.org/fileformat2.html#the_database_header>.

/// Where the number stands that grows with the transactions that change the first page.
const COUNTER_OFFSET: usize = 24;

/// Where the number stands that changes with the schema.
const SCHEMA_OFFSET: usize = 40;

/// How long the header is.
pub(super) const LENGTH: usize = 100;

const MAGIC: &[u8] = b"SQLite format 3\0";
const PAGE_SIZE_OFFSET: usize = 16;
const PAGE_COUNT_OFFSET: usize = 28;
const VALID_FOR_OFFSET: usize = 92;

/// What the header of a database says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) page_size: u32,
    pub(super) mark: Mark,
    /// Where it can be relied on.
    pub(super) page_count: Option<u32>,
}

/// What tells one state of a first page from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Grows with the transactions that change the page.
    pub(super) counter: u32,
    /// Grows with each change of the schema; a database that cds creates begins with a number of its own.
    pub(super) schema: u32,
}

impl Mark {
    /// That of a first page.
    pub(super) fn of(page: &[u8]) -> Self {
        Self { counter: word(page, COUNTER_OFFSET), schema: word(page, SCHEMA_OFFSET) }
    }
}

impl Header {
    /// Nothing where these are not the bytes of a header.
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
