//! Reads the rows of a run that is being transferred, and checks their values.

use cds_model::{FieldValue, RECORD_FIELDS};

use crate::{ImportError, RunTable, table::run_tables::RECORDS};

/// The index of the first hashed field of a record; index 0 is its number.
const FIRST_FIELD: usize = 1;

/// The parts of a `records` row that an import needs.
pub(super) struct RecordRow<'a> {
    pub(super) id: i64,
    pub(super) kind: &'a str,
    pub(super) file_path: &'a str,
    pub(super) signature: Option<&'a str>,
    /// First and last line, from 1.
    pub(super) lines: (u32, u32),
    pub(super) fields: &'a [FieldValue<'a>; RECORD_FIELDS.len()],
}

impl<'a> RecordRow<'a> {
    pub(super) fn of(row: &'a [FieldValue<'a>]) -> Result<Self, ImportError> {
        let line = |name| {
            let number = integer(&RECORDS, row, name)?;
            u32::try_from(number).map_err(|_| unfit(&RECORDS, &format!("{name} is {number}")))
        };
        Ok(Self {
            id: integer(&RECORDS, row, "id")?,
            kind: text(&RECORDS, row, "kind")?,
            file_path: text(&RECORDS, row, "file_path")?,
            signature: optional_text(&RECORDS, row, "signature")?,
            lines: (line("start_line")?, line("end_line")?),
            fields: row
                .get(FIRST_FIELD..)
                .and_then(|fields| fields.try_into().ok())
                .ok_or_else(|| unfit(&RECORDS, "it has too few columns"))?,
        })
    }
}

impl RunTable {
    /// Checks the values of a row as an import would.
    ///
    /// # Errors
    ///
    /// [`ImportError::Unfit`] if an import would refuse the row.
    pub fn check_row(&self, row: &[FieldValue<'_>]) -> Result<(), ImportError> {
        if self.name == RECORDS.name { RecordRow::of(row).map(drop) } else { Ok(()) }
    }
}

pub(super) fn unfit(table: &RunTable, reason: &str) -> ImportError {
    ImportError::Unfit { table: table.name, reason: reason.to_owned() }
}

fn value<'a>(table: &RunTable, row: &[FieldValue<'a>], name: &str) -> Result<FieldValue<'a>, ImportError> {
    let found = table.position(name).and_then(|place| row.get(place).copied());
    found.ok_or_else(|| unfit(table, &format!("it has no {name}")))
}

pub(super) fn text<'a>(table: &RunTable, row: &[FieldValue<'a>], name: &str) -> Result<&'a str, ImportError> {
    optional_text(table, row, name)?.ok_or_else(|| unfit(table, &format!("{name} is missing")))
}

pub(super) fn optional_text<'a>(
    table: &RunTable,
    row: &[FieldValue<'a>],
    name: &str,
) -> Result<Option<&'a str>, ImportError> {
    match value(table, row, name)? {
        FieldValue::Null => Ok(None),
        FieldValue::Text(bytes) => {
            std::str::from_utf8(bytes).map(Some).map_err(|_| unfit(table, &format!("{name} is not valid UTF-8")))
        }
        _ => Err(unfit(table, &format!("{name} is not text"))),
    }
}

pub(super) fn integer(table: &RunTable, row: &[FieldValue<'_>], name: &str) -> Result<i64, ImportError> {
    match value(table, row, name)? {
        FieldValue::Integer(number) => Ok(number),
        _ => Err(unfit(table, &format!("{name} is not a whole number"))),
    }
}
