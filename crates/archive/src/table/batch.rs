//! A batch of rows from a table.

use std::path::Path;

use parquet::{
    column::reader::{ColumnReader, ColumnReaderImpl},
    data_type::{ByteArray, DataType},
};

use super::{ColumnSpec, ColumnType, Value};
use crate::Error;

/// Consecutive rows, stored by column. Values are borrowed from the batch.
#[derive(Default)]
pub struct Batch {
    row_count: usize,
    columns: Vec<Cells>,
}

struct Cells {
    values: Values,
    /// For each row, the index of its value. `None` for a column without NULLs, which has one value for each row.
    indexes: Option<Vec<Option<usize>>>,
}

enum Values {
    Integers(Vec<i64>),
    Reals(Vec<f64>),
    Texts(Vec<ByteArray>),
    Blobs(Vec<ByteArray>),
}

impl Batch {
    /// The number of rows; at least one.
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// The value in a row of this batch and a column of the table, both from 0.
    ///
    /// # Panics
    ///
    /// If there is no such row or column.
    pub fn value(&self, row: usize, column: usize) -> Value<'_> {
        let cells = &self.columns[column];
        let index = match &cells.indexes {
            Some(indexes) => match indexes[row] {
                Some(index) => index,
                None => return Value::Null,
            },
            None => row,
        };
        match &cells.values {
            Values::Integers(integers) => Value::Integer(integers[index]),
            Values::Reals(reals) => Value::Real(reals[index]),
            // The text was checked when it was read. Skipping this second check would need unsafe code.
            Values::Texts(texts) => Value::Text(str::from_utf8(texts[index].data()).unwrap_or_default()),
            Values::Blobs(blobs) => Value::Blob(blobs[index].data()),
        }
    }

    /// The values of a row of this batch, from 0, in column order.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = Value<'_>> {
        (0..self.columns.len()).map(move |column| self.value(row, column))
    }

    /// Reads the same number of rows from each column.
    pub(super) fn read(
        path: &Path,
        specs: &[ColumnSpec],
        readers: &mut [ColumnReader],
        row_count: usize,
    ) -> Result<Self, Error> {
        let columns = specs.iter().zip(readers).map(|(spec, reader)| read_cells(path, spec, reader, row_count));
        Ok(Self { row_count, columns: columns.collect::<Result<_, _>>()? })
    }
}

fn read_cells(path: &Path, spec: &ColumnSpec, reader: &mut ColumnReader, row_count: usize) -> Result<Cells, Error> {
    let mut levels = Vec::new();
    let values = match (reader, spec.column_type) {
        (ColumnReader::Int64ColumnReader(reader), ColumnType::Integer) => {
            Values::Integers(read_values(path, spec, reader, row_count, &mut levels)?)
        }
        (ColumnReader::DoubleColumnReader(reader), ColumnType::Real) => {
            Values::Reals(read_values(path, spec, reader, row_count, &mut levels)?)
        }
        (ColumnReader::ByteArrayColumnReader(reader), ColumnType::Blob) => {
            Values::Blobs(read_values(path, spec, reader, row_count, &mut levels)?)
        }
        (ColumnReader::ByteArrayColumnReader(reader), ColumnType::Text) => {
            let texts = read_values(path, spec, reader, row_count, &mut levels)?;
            if texts.iter().any(|text: &ByteArray| str::from_utf8(text.data()).is_err()) {
                return Err(unfit(path, format!("column {:?} holds invalid UTF-8", spec.name)));
            }
            Values::Texts(texts)
        }
        _ => return Err(unfit(path, format!("column {:?} changes its type", spec.name))),
    };
    let indexes = spec.nullable.then(|| {
        let mut next = 0..;
        levels.iter().map(|level| if *level == 1 { next.next() } else { None }).collect()
    });
    Ok(Cells { values, indexes })
}

fn read_values<T: DataType>(
    path: &Path,
    spec: &ColumnSpec,
    reader: &mut ColumnReaderImpl<T>,
    row_count: usize,
    levels: &mut Vec<i16>,
) -> Result<Vec<T::T>, Error> {
    let mut values = Vec::new();
    let levels = spec.nullable.then_some(levels);
    let (found, _, _) =
        reader.read_records(row_count, levels, None, &mut values).map_err(Error::table("read", path))?;
    if found == row_count {
        Ok(values)
    } else {
        Err(unfit(path, format!("column {:?} is shorter than its row group", spec.name)))
    }
}

fn unfit(path: &Path, reason: String) -> Error {
    Error::UnfitTable { path: path.to_owned(), reason }
}
