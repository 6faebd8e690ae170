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

/// What a cell costs beside its bytes: where it ends, and whether it is there.
const CELL_OVERHEAD: usize = 16;

/// A new Parquet file. It is whole only after [`finish`](Self::finish); whoever drops it before removes the file.
pub struct TableWriter {
    path: PathBuf,
    columns: Vec<ColumnSpec>,
    groups: GroupWriter,
    buffers: Vec<ColumnBuffer>,
    /// Rows and bytes that wait in the buffers.
    waiting_rows: usize,
    waiting_bytes: usize,
    row_count: u64,
}

/// What came to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenTable {
    /// How many rows the table has.
    pub row_count: u64,
    /// The length of the file.
    pub byte_count: u64,
    /// SHA-256 of the file, as 64 lower-case hexadecimal digits.
    pub sha256: String,
}

impl TableWriter {
    /// Creates the file; none may be there.
    ///
    /// # Errors
    ///
    /// There is a file, the columns are none or not unique, or the system refused.
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

    /// Adds a row with a value for each column, in their order.
    ///
    /// # Errors
    ///
    /// A value does not fit its column or the row is too long, and nothing was added; or the file cannot be written,
    /// and is of no more use.
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
        // A row that fills a group by itself does not wait for a second one.
        if self.waiting_rows >= MAX_GROUP_ROWS || self.waiting_bytes >= MAX_GROUP_BYTES {
            self.write_group()?;
        }
        Ok(())
    }

    /// Ends the table. The file is on disk when this returns; its name is not until its directory is.
    ///
    /// # Errors
    ///
    /// The file cannot be written, and is of no use.
    pub fn finish(mut self) -> Result<WrittenTable, Error> {
        let last = (self.waiting_rows > 0).then(|| mem::take(&mut self.buffers));
        let mut file = self.groups.finish(last)?;
        file.finish().map_err(Error::table("write", &self.path))?;
        let written = file.inner();
        written.inner().sync_all().map_err(Error::io("sync", &self.path))?;
        let (byte_count, sha256) = (written.byte_count(), written.sha256());
        Ok(WrittenTable { row_count: self.row_count, byte_count, sha256 })
    }

    /// What the row weighs, when it fits.
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
