//! Tables as Parquet files, written and read as a stream, so that memory does not grow with the size of a run.
//!
//! A file is plain Parquet: version 1 pages, zstd, `STRING` for text, dictionary pages for columns that repeat. A row
//! group ends before it exceeds [`MAX_GROUP_BYTES`] or [`MAX_GROUP_ROWS`]. A single row may be longer, up to
//! [`MAX_ROW_BYTES`].

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

/// The most bytes that a row group buffers before it is written.
pub const MAX_GROUP_BYTES: usize = 16 * 1024 * 1024;
/// The most rows in a row group.
pub const MAX_GROUP_ROWS: usize = 65_536;
/// The longest row, in bytes over all of its values.
pub const MAX_ROW_BYTES: usize = 128 * 1024 * 1024;
/// The zstd compression level. Level 6 takes 2.5 times as long and saves an eighth of the size.
pub const COMPRESSION_LEVEL: i32 = 3;
