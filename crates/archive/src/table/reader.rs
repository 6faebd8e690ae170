//! Reads a table in batches of rows.
//!
//! Files may come from an untrusted source: every size in a file is checked before it is used.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

use parquet::{
    column::reader::{ColumnReader, get_column_reader},
    file::{metadata::RowGroupMetaData, reader::FileReader, serialized_reader::SerializedFileReader},
};

use super::{Batch, ColumnSpec, MAX_ROW_BYTES, schema::from_schema};
use crate::Error;

/// The most rows in a batch.
const MAX_BATCH_ROWS: usize = 1024;
/// The target size of a batch in bytes; it is exact only if all rows have the same length.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The longest row group that is read, in bytes before compression: one row of the maximum length plus its overhead.
const MAX_READ_GROUP_BYTES: usize = MAX_ROW_BYTES + MAX_ROW_BYTES / 8;
/// The longest footer, in bytes; ten thousand row groups need less.
const MAX_FOOTER_BYTES: u32 = 32 * 1024 * 1024;
/// The bytes at the beginning and the end of every Parquet file.
const MAGIC: &[u8; 4] = b"PAR1";

/// A Parquet file whose columns a table can have.
pub struct TableReader {
    path: PathBuf,
    file: SerializedFileReader<File>,
    columns: Vec<ColumnSpec>,
    row_count: u64,
    next_group: usize,
    /// The column readers of the current row group, and its remaining rows.
    readers: Vec<ColumnReader>,
    rows_left: usize,
    rows_at_once: usize,
}

impl TableReader {
    /// Opens a file and reads its footer.
    ///
    /// # Errors
    ///
    /// If the file is not a regular file or not Parquet, if it has unsupported columns or oversized row groups, or on
    /// an I/O error.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut file = open_regular(path)?;
        let length = check_footer(path, &mut file)?;
        let file = contain(path, || SerializedFileReader::new(file).map_err(Error::table("read", path)))?;
        let metadata = file.metadata();
        let columns = from_schema(path, metadata.file_metadata().schema_descr())?;
        let mut row_count = 0;
        for group in metadata.row_groups() {
            row_count +=
                check_group(group, length).map_err(|reason| Error::UnfitTable { path: path.to_owned(), reason })?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            columns,
            row_count,
            next_group: 0,
            readers: Vec::new(),
            rows_left: 0,
            rows_at_once: 0,
        })
    }

    /// The columns in order. `dictionary` is not known for a file that is read.
    pub fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    /// The index of the column with this name, from 0.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The number of rows of the table.
    pub fn row_count(&self) -> u64 {
        self.row_count
    }

    /// The next rows; `None` after the last row.
    ///
    /// # Errors
    ///
    /// If the file is damaged or holds invalid UTF-8, or on an I/O error. After an error there are no more rows.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, Error> {
        let path = self.path.clone();
        let batch = contain(&path, || self.read_batch());
        if batch.is_err() {
            self.readers.clear();
            self.rows_left = 0;
            self.next_group = self.file.num_row_groups();
        }
        batch
    }

    fn read_batch(&mut self) -> Result<Option<Batch>, Error> {
        while self.rows_left == 0 {
            if self.next_group == self.file.num_row_groups() {
                return Ok(None);
            }
            self.open_group()?;
        }
        let row_count = self.rows_left.min(self.rows_at_once);
        let batch = Batch::read(&self.path, &self.columns, &mut self.readers, row_count)?;
        self.rows_left -= row_count;
        Ok(Some(batch))
    }

    fn open_group(&mut self) -> Result<(), Error> {
        let group = self.file.get_row_group(self.next_group).map_err(Error::table("read", &self.path))?;
        let metadata = group.metadata();
        let open = |column: usize| {
            let pages = group.get_column_page_reader(column)?;
            Ok(get_column_reader(metadata.column(column).column_descr_ptr(), pages))
        };
        self.readers =
            (0..self.columns.len()).map(open).collect::<Result<_, _>>().map_err(Error::table("read", &self.path))?;
        // `open` checked both.
        self.rows_left = usize::try_from(metadata.num_rows()).unwrap_or_default();
        let byte_count = usize::try_from(metadata.total_byte_size()).unwrap_or_default().max(1);
        self.rows_at_once = self.rows_left.saturating_mul(BATCH_BYTES).div_ceil(byte_count).clamp(1, MAX_BATCH_ROWS);
        self.next_group += 1;
        Ok(())
    }
}

/// Runs work that may panic: the Parquet library panics on some damaged files. A panic becomes an error, and the state
/// that the work held is not used again.
fn contain<T>(path: &Path, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::UnfitTable { path: path.to_owned(), reason: "its pages are damaged".to_owned() })
    })
}

fn open_regular(path: &Path) -> Result<File, Error> {
    let metadata = std::fs::metadata(path).map_err(Error::io("look at", path))?;
    if !metadata.is_file() {
        return Err(Error::NotARegularFile { path: path.to_owned() });
    }
    File::open(path).map_err(Error::io("open", path))
}

/// Checks the length of the footer before the library reads it into memory; returns the length of the file.
fn check_footer(path: &Path, file: &mut File) -> Result<u64, Error> {
    let unfit = |reason: &str| Error::UnfitTable { path: path.to_owned(), reason: reason.to_owned() };
    let length = file.metadata().map_err(Error::io("look at", path))?.len();
    if length < 12 {
        return Err(unfit("it is too short for Parquet"));
    }
    let mut end = [0; 8];
    file.seek(SeekFrom::Start(length - 8)).map_err(Error::io("read", path))?;
    file.read_exact(&mut end).map_err(Error::io("read", path))?;
    let [a, b, c, d, magic @ ..] = end;
    if magic != *MAGIC {
        return Err(unfit("it does not end with the Parquet magic"));
    }
    let footer_length = u32::from_le_bytes([a, b, c, d]);
    if footer_length > MAX_FOOTER_BYTES || u64::from(footer_length) + 12 > length {
        return Err(unfit("its footer is too long"));
    }
    Ok(length)
}

/// Checks the sizes in a row group's metadata; returns its number of rows.
fn check_group(group: &RowGroupMetaData, file_length: u64) -> Result<u64, String> {
    let byte_count = group.total_byte_size();
    if !usize::try_from(byte_count).is_ok_and(|byte_count| byte_count <= MAX_READ_GROUP_BYTES) {
        return Err(format!("a row group has {byte_count} bytes, and the limit is {MAX_READ_GROUP_BYTES}"));
    }
    for column in group.columns() {
        // The library assumes that both hold, and aborts if they do not.
        let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
        let end = u64::try_from(start).ok().zip(u64::try_from(column.compressed_size()).ok());
        if end.and_then(|(start, length)| start.checked_add(length)).is_none_or(|end| end > file_length) {
            return Err("a column is outside of the file".to_owned());
        }
    }
    u32::try_from(group.num_rows()).map(u64::from).map_err(|_| format!("a group has {} rows", group.num_rows()))
}
