//! Writes a table row by row.

use std::{
    fs::OpenOptions,
    mem,
    path::{Path, PathBuf},
    sync::Arc,
};

use parquet::file::writer::SerializedFileWriter;

use super::{
    ColumnSpec, HashingWriter, MAX_GROUP_BYTES, MAX_GROUP_ROWS, MAX_ROW_BYTES, Value,
    background::GroupWriter,
    buffer::{ColumnBuffer, fits},
    schema::{to_properties, to_schema},
};
use crate::Error;

/// The memory of a cell besides its bytes: its end and its definition level.
const CELL_OVERHEAD: usize = 16;

/// A new Parquet file. It is complete only after [`finish`](Self::finish); dropping the writer removes the file.
pub struct TableWriter {
    path: PathBuf,
    columns: Vec<ColumnSpec>,
    groups: GroupWriter,
    buffers: Vec<ColumnBuffer>,
    /// Buffered rows and bytes.
    waiting_rows: usize,
    waiting_bytes: usize,
    row_count: u64,
}

/// The size and hash of a written table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenTable {
    /// The number of rows.
    pub row_count: u64,
    /// The length of the file.
    pub byte_count: u64,
    /// SHA-256 of the file, as 64 lower-case hexadecimal digits.
    pub sha256: String,
}

impl TableWriter {
    /// Creates the file.
    ///
    /// # Errors
    ///
    /// If the file exists, if there are no columns or two with the same name, or on an I/O error.
    pub fn create(path: &Path, columns: &[ColumnSpec]) -> Result<Self, Error> {
        let schema = to_schema(path, columns)?;
        let properties = Arc::new(to_properties(path, columns)?);
        let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(Error::io("create", path))?;
        let file = SerializedFileWriter::new(HashingWriter::new(file), schema, properties)
            .map_err(Error::table("write", path))?;
        Ok(Self {
            path: path.to_owned(),
            columns: columns.to_vec(),
            groups: GroupWriter::new(path, file),
            buffers: columns.iter().map(ColumnBuffer::new).collect(),
            waiting_rows: 0,
            waiting_bytes: 0,
            row_count: 0,
        })
    }

    /// Adds a row with one value for each column, in order.
    ///
    /// # Errors
    ///
    /// If a value does not fit its column or the row is too long; nothing was added. If the file cannot be written; it
    /// is then unusable.
    pub fn push(&mut self, row: &[Value<'_>]) -> Result<(), Error> {
        let byte_count = self.check(row)?;
        if self.waiting_rows > 0 && self.waiting_bytes + byte_count > MAX_GROUP_BYTES {
            self.write_group()?;
        }
        for (buffer, value) in self.buffers.iter_mut().zip(row) {
            buffer.push(*value);
        }
        self.row_count += 1;
        self.waiting_rows += 1;
        self.waiting_bytes += byte_count;
        // Write at once: one more row could double the memory of a group that is full already.
        if self.waiting_rows >= MAX_GROUP_ROWS || self.waiting_bytes >= MAX_GROUP_BYTES {
            self.write_group()?;
        }
        Ok(())
    }

    /// Finishes the table. The content of the file is then on disk; its name is only after its directory was synced.
    ///
    /// # Errors
    ///
    /// If the file cannot be written; it is then unusable.
    pub fn finish(mut self) -> Result<WrittenTable, Error> {
        let last = (self.waiting_rows > 0).then(|| mem::take(&mut self.buffers));
        let mut file = self.groups.finish(last)?;
        file.finish().map_err(Error::table("write", &self.path))?;
        let written = file.inner();
        written.inner().sync_all().map_err(Error::io("sync", &self.path))?;
        let (byte_count, sha256) = (written.byte_count(), written.sha256());
        Ok(WrittenTable { row_count: self.row_count, byte_count, sha256 })
    }

    /// The size of the row, if it fits.
    fn check(&self, row: &[Value<'_>]) -> Result<usize, Error> {
        let number = self.row_count + 1;
        if row.len() != self.columns.len() {
            let (expected, found) = (self.columns.len(), row.len());
            return Err(Error::RowLength { path: self.path.clone(), row: number, expected, found });
        }
        if let Some((column, value)) = self.columns.iter().zip(row).find(|(column, value)| !fits(column, **value)) {
            return Err(Error::ValueType {
                path: self.path.clone(),
                row: number,
                column: column.name.clone(),
                expected: column.column_type,
                found: value.kind(),
            });
        }
        let length = row.iter().map(|value| value.byte_count()).sum::<usize>();
        if length > MAX_ROW_BYTES {
            return Err(Error::RowTooLong { path: self.path.clone(), row: number, length, limit: MAX_ROW_BYTES });
        }
        Ok(length + row.len() * CELL_OVERHEAD)
    }

    fn write_group(&mut self) -> Result<(), Error> {
        let next = self.buffers.iter().map(ColumnBuffer::like).collect();
        let group = mem::replace(&mut self.buffers, next);
        self.groups.write(group)?;
        self.waiting_rows = 0;
        self.waiting_bytes = 0;
        Ok(())
    }
}
