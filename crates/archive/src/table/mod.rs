//! Tables as Parquet files: written and read in a stream, so that memory does not grow with the size of a run.
//!
//! A file is plain Parquet: version 1 pages, zstd, `STRING` for text, dictionary pages for the columns that repeat. A
//! group of rows ends before it has more than [`MAX_GROUP_BYTES`] or [`MAX_GROUP_ROWS`]; a single row may be longer
//! than that, up to [`MAX_ROW_BYTES`].

mod background;
mod batch;
mod buffer;
mod hashing;
mod reader;
mod schema;
mod value;
mod writer;

pub use batch::Batch;
pub use reader::TableReader;
pub use value::{ColumnSpec, ColumnType, Value};
pub use writer::{TableWriter, WrittenTable};

pub(crate) use hashing::HashingWriter;

/// Values of a group of rows that are held before they are written, in bytes.
pub const MAX_GROUP_BYTES: usize = 16 * 1024 * 1024;
/// Rows of a group.
pub const MAX_GROUP_ROWS: usize = 65_536;
/// The longest row, in bytes over all of its values.
pub const MAX_ROW_BYTES: usize = 128 * 1024 * 1024;
/// The level of the compression with zstd. Level 6 takes 2.5 times as long for an eighth less.
pub const COMPRESSION_LEVEL: i32 = 3;
