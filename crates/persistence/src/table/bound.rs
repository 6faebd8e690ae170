//! A value of any type as a statement parameter.

use cds_model::FieldValue;
use rusqlite::{
    Result, ToSql,
    types::{ToSqlOutput, ValueRef},
};

/// A value as a statement parameter.
pub(crate) struct Bound<'a>(pub(crate) FieldValue<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            FieldValue::Null => ValueRef::Null,
            FieldValue::Integer(number) => ValueRef::Integer(number),
            FieldValue::Real(number) => ValueRef::Real(number),
            FieldValue::Text(bytes) => ValueRef::Text(bytes),
            FieldValue::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
