//! Reads stored values of any type, because an altered row may hold anything.

use cds_model::{FieldHasher, Fingerprint};
use rusqlite::{Result, Row, types::ValueRef};

use crate::table::run_hash::field_value;

/// The longest value shown; the rest is cut off.
const LONGEST_SHOWN: usize = 200;

/// The hash over the first `count` columns of a row.
pub(super) fn hash_columns(row: &Row<'_>, purpose: &str, count: usize) -> Result<Fingerprint> {
    let mut hasher = FieldHasher::new(purpose);
    for column in 0..count {
        hasher.push(field_value(row.get_ref(column)?));
    }
    Ok(hasher.finish())
}

/// The text in a column; `None` if it is not a text.
pub(super) fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<Option<&'a str>> {
    Ok(row.get_ref(column)?.as_str().ok())
}

/// The integer in a column; `None` if it is not an integer.
pub(super) fn integer(row: &Row<'_>, column: usize) -> Result<Option<i64>> {
    Ok(row.get_ref(column)?.as_i64().ok())
}

/// The hash in a text column; `None` if it is not a hash.
pub(super) fn fingerprint(row: &Row<'_>, column: usize) -> Result<Option<Fingerprint>> {
    Ok(text(row, column)?.and_then(|text| text.parse().ok()))
}

/// Formats a value for a report.
pub(super) fn show(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) => String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_SHOWN)]).into_owned(),
        ValueRef::Blob(bytes) => hex(&bytes[..bytes.len().min(LONGEST_SHOWN / 2)]),
    }
}

/// Formats bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
