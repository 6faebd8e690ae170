//! Converts columns to and from the Parquet schema.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use parquet::{
    basic::{Compression, ConvertedType, LogicalType, Repetition, Type as PhysicalType, ZstdLevel},
    errors::ParquetError,
    file::properties::{EnabledStatistics, WriterProperties, WriterVersion},
    schema::types::{ColumnDescriptor, ColumnPath, SchemaDescriptor, Type, TypePtr},
};

use super::{COMPRESSION_LEVEL, ColumnSpec, ColumnType};
use crate::Error;

/// The size of a page in bytes before compression; a longer value gets a page of its own. Pages of a quarter of this
/// size make files a tenth larger, because code repeats text of its file and class.
const PAGE_BYTES: usize = 1024 * 1024;
/// The most columns of a table that is read.
const MAX_COLUMNS: usize = 256;

/// The schema of a file to be written.
pub(super) fn to_schema(path: &Path, columns: &[ColumnSpec]) -> Result<TypePtr, Error> {
    let invalid = |reason: String| Error::InvalidColumns { path: path.to_owned(), reason };
    if columns.is_empty() {
        return Err(invalid("it has no columns".to_owned()));
    }
    let mut names = BTreeSet::new();
    for column in columns {
        if !names.insert(&column.name) {
            return Err(invalid(format!("it has two columns {:?}", column.name)));
        }
    }
    let fields = columns.iter().map(to_field).collect::<Result<_, _>>();
    let schema = fields.and_then(|fields| Type::group_type_builder("schema").with_fields(fields).build());
    schema.map(Arc::new).map_err(Error::table("describe the columns of", path))
}

fn to_field(column: &ColumnSpec) -> Result<TypePtr, ParquetError> {
    let (physical, logical) = match column.column_type {
        ColumnType::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnType::Integer => (PhysicalType::INT64, None),
        ColumnType::Real => (PhysicalType::DOUBLE, None),
        ColumnType::Blob => (PhysicalType::BYTE_ARRAY, None),
    };
    let repetition = if column.nullable { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let field = Type::primitive_type_builder(&column.name, physical);
    field.with_logical_type(logical).with_repetition(repetition).build().map(Arc::new)
}

/// The encoding of the columns.
pub(super) fn to_properties(path: &Path, columns: &[ColumnSpec]) -> Result<WriterProperties, Error> {
    let level = ZstdLevel::try_new(COMPRESSION_LEVEL).map_err(Error::table("compress", path))?;
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(concat!("cds ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_data_page_size_limit(PAGE_BYTES)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    for column in columns {
        let name = ColumnPath::new(vec![column.name.clone()]);
        if column.dictionary {
            builder = builder.set_column_dictionary_enabled(name, true);
        } else if matches!(column.column_type, ColumnType::Text | ColumnType::Blob) {
            // Minimum and maximum do not help with unsorted texts.
            builder = builder.set_column_statistics_enabled(name, EnabledStatistics::None);
        }
    }
    Ok(builder.build())
}

/// The columns of an existing file.
pub(super) fn from_schema(path: &Path, schema: &SchemaDescriptor) -> Result<Vec<ColumnSpec>, Error> {
    let unfit = |reason: String| Error::UnfitTable { path: path.to_owned(), reason };
    if schema.num_columns() == 0 || schema.num_columns() > MAX_COLUMNS {
        return Err(unfit(format!("it has {} columns", schema.num_columns())));
    }
    let mut names = BTreeSet::new();
    let columns = schema.columns().iter().map(|column| {
        let spec =
            from_column(column).ok_or_else(|| unfit(format!("column {:?} has an unsupported type", column.name())))?;
        if !names.insert(spec.name.clone()) {
            return Err(unfit(format!("it has two columns {:?}", spec.name)));
        }
        Ok(spec)
    });
    columns.collect()
}

/// `None` for a column that is nested, repeated, or of a type that no database has.
fn from_column(column: &ColumnDescriptor) -> Option<ColumnSpec> {
    if column.max_rep_level() > 0 || column.max_def_level() > 1 || column.path().parts().len() != 1 {
        return None;
    }
    let is_text =
        column.logical_type_ref() == Some(&LogicalType::String) || column.converted_type() == ConvertedType::UTF8;
    let is_plain = column.logical_type_ref().is_none() && column.converted_type() == ConvertedType::NONE;
    let column_type = match column.physical_type() {
        PhysicalType::BYTE_ARRAY if is_text => ColumnType::Text,
        PhysicalType::BYTE_ARRAY if is_plain => ColumnType::Blob,
        PhysicalType::INT64 if is_plain => ColumnType::Integer,
        PhysicalType::DOUBLE => ColumnType::Real,
        _ => return None,
    };
    let nullable = column.max_def_level() == 1;
    Some(ColumnSpec { name: column.name().to_owned(), column_type, nullable, dictionary: false })
}
