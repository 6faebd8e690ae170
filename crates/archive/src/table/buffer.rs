//! Buffers the values of one column until their row group is written.

use parquet::{
    data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type},
    errors::ParquetError,
    file::writer::SerializedColumnWriter,
};

use super::{ColumnSpec, ColumnType, Value};

pub(super) struct ColumnBuffer {
    values: Values,
    /// For each row 1 if it has a value, else 0: Parquet's definition levels. Empty for a column without NULLs.
    levels: Vec<i16>,
    nullable: bool,
}

enum Values {
    Integers(Vec<i64>),
    Reals(Vec<f64>),
    /// All values in one buffer, and the end of each.
    Bytes {
        all: Vec<u8>,
        ends: Vec<usize>,
    },
}

impl ColumnBuffer {
    pub(super) fn new(column: &ColumnSpec) -> Self {
        let values = match column.column_type {
            ColumnType::Integer => Values::Integers(Vec::new()),
            ColumnType::Real => Values::Reals(Vec::new()),
            ColumnType::Text | ColumnType::Blob => Values::Bytes { all: Vec::new(), ends: Vec::new() },
        };
        Self { values, levels: Vec::new(), nullable: column.nullable }
    }

    /// An empty buffer with the capacity that `full` needed.
    pub(super) fn like(full: &Self) -> Self {
        let values = match &full.values {
            Values::Integers(integers) => Values::Integers(Vec::with_capacity(integers.len())),
            Values::Reals(reals) => Values::Reals(Vec::with_capacity(reals.len())),
            Values::Bytes { all, ends } => {
                Values::Bytes { all: Vec::with_capacity(all.len()), ends: Vec::with_capacity(ends.len()) }
            }
        };
        Self { values, levels: Vec::with_capacity(full.levels.len()), nullable: full.nullable }
    }

    /// Adds a value; the caller checks with [`fits`] that it fits the column.
    pub(super) fn push(&mut self, value: Value<'_>) {
        if self.nullable {
            self.levels.push(i16::from(value != Value::Null));
        }
        match (&mut self.values, value) {
            (Values::Integers(integers), Value::Integer(integer)) => integers.push(integer),
            (Values::Reals(reals), Value::Real(real)) => reals.push(real),
            (Values::Bytes { all, ends }, Value::Text(text)) => append(all, ends, text.as_bytes()),
            (Values::Bytes { all, ends }, Value::Blob(bytes)) => append(all, ends, bytes),
            _ => {}
        }
    }

    /// Writes the buffered values.
    pub(super) fn write(self, writer: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = self.nullable.then_some(self.levels.as_slice());
        match self.values {
            Values::Integers(integers) => {
                writer.typed::<Int64Type>().write_batch(&integers, levels, None)?;
            }
            Values::Reals(reals) => {
                writer.typed::<DoubleType>().write_batch(&reals, levels, None)?;
            }
            Values::Bytes { all, ends } => {
                // The values share one allocation, so nothing is copied.
                let all = ByteArray::from(all);
                let starts = [0].into_iter().chain(ends.iter().copied());
                let slices: Vec<ByteArray> =
                    starts.zip(ends.iter()).map(|(start, end)| all.slice(start, end - start)).collect();
                writer.typed::<ByteArrayType>().write_batch(&slices, levels, None)?;
            }
        }
        Ok(())
    }
}

fn append(all: &mut Vec<u8>, ends: &mut Vec<usize>, bytes: &[u8]) {
    all.extend_from_slice(bytes);
    ends.push(all.len());
}

/// Whether the column accepts the value.
pub(super) fn fits(column: &ColumnSpec, value: Value<'_>) -> bool {
    match value {
        Value::Null => column.nullable,
        Value::Integer(_) => column.column_type == ColumnType::Integer,
        Value::Real(_) => column.column_type == ColumnType::Real,
        Value::Text(_) => column.column_type == ColumnType::Text,
        Value::Blob(_) => column.column_type == ColumnType::Blob,
    }
}
