//! Collects the records of a file that arrive one by one, and writes them once the next file begins.

use cds_model::{FieldValue, Fingerprint, RECORD_FIELDS};

use super::{
    base::Base,
    packed::{Packed, row_key},
    writer::{CompactWriter, NewRecord},
};
use crate::{Error, RunId};

/// A value that is kept.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Owned {
    Null,
    Integer(i64),
    Real(f64),
    Text(Box<[u8]>),
    Blob(Box<[u8]>),
}

impl Owned {
    pub(in super::super) fn field(&self) -> FieldValue<'_> {
        match self {
            Self::Null => FieldValue::Null,
            Self::Integer(number) => FieldValue::Integer(*number),
            Self::Real(number) => FieldValue::Real(*number),
            Self::Text(bytes) => FieldValue::Text(bytes),
            Self::Blob(bytes) => FieldValue::Blob(bytes),
        }
    }
}

impl From<FieldValue<'_>> for Owned {
    fn from(value: FieldValue<'_>) -> Self {
        match value {
            FieldValue::Null => Self::Null,
            FieldValue::Integer(number) => Self::Integer(number),
            FieldValue::Real(number) => Self::Real(number),
            FieldValue::Text(bytes) => Self::Text(bytes.into()),
            FieldValue::Blob(bytes) => Self::Blob(bytes.into()),
        }
    }
}

/// A record that waits for the end of its file.
#[derive(Debug)]
pub(in super::super) struct Waiting {
    pub(in super::super) record_id: i64,
    /// In the order of [`RECORD_FIELDS`].
    pub(in super::super) fields: [Owned; RECORD_FIELDS.len()],
    /// The question as text, and whether it was cut.
    pub(in super::super) question: [Owned; 2],
    /// The content hash as text, and the field sums.
    pub(in super::super) hashes: [Owned; 2],
    /// The hash of the fields as they are, where the stored one may be another.
    pub(in super::super) actual: Option<Fingerprint>,
}

/// Writes records in order of their ids.
pub(in super::super) struct FileBuffer<'a> {
    pub(in super::super) writer: CompactWriter<'a>,
    records: Vec<Waiting>,
}

impl<'a> FileBuffer<'a> {
    pub(in super::super) fn new(writer: CompactWriter<'a>) -> Self {
        Self { writer, records: Vec::new() }
    }

    /// Adds the next record.
    pub(in super::super) fn push(&mut self, record: Waiting) -> Result<(), Error> {
        let continues = self.records.last().is_none_or(|last| {
            last.fields[1] == record.fields[1] && last.record_id.checked_add(1) == Some(record.record_id)
        });
        if !continues {
            self.flush()?;
        }
        self.records.push(record);
        Ok(())
    }

    /// Begins another run; returns what was written of the last one, as a base.
    pub(in super::super) fn next_run(&mut self, run: RunId) -> Result<Base, Error> {
        self.flush()?;
        self.writer.next_run(run)
    }

    /// Writes the records of the current file.
    pub(in super::super) fn flush(&mut self) -> Result<(), Error> {
        let records = std::mem::take(&mut self.records);
        let Some(first) = records.first() else { return Ok(()) };
        let hashes: Vec<Packed<'_>> =
            records.iter().map(|record| Packed::of(record.hashes[0].field(), "sha256:")).collect();
        let rows: Vec<NewRecord<'_>> = records
            .iter()
            .zip(&hashes)
            .map(|(record, hash)| {
                let question = [record.question[0].field(), record.question[1].field()];
                let hashes = [hash.field(), record.hashes[1].field()];
                NewRecord {
                    fields: std::array::from_fn(|position| record.fields[position].field()),
                    question,
                    hashes,
                    key: key(question, hashes, record.actual),
                }
            })
            .collect();
        self.writer.write_file(first.record_id, &rows)
    }

    /// Writes everything that waits.
    pub(in super::super) fn finish(mut self) -> Result<(), Error> {
        self.flush()?;
        self.writer.finish()
    }
}

/// A record without a hash is equal to none.
fn key(question: [FieldValue<'_>; 2], hashes: [FieldValue<'_>; 2], actual: Option<Fingerprint>) -> Option<Fingerprint> {
    if hashes[0] == FieldValue::Null && actual.is_none() {
        return None;
    }
    let stored = row_key([hashes[0], hashes[1], question[0], question[1]]);
    Some(
        actual
            .map_or(stored, |actual| row_key([(&stored).into(), (&actual).into(), FieldValue::Null, FieldValue::Null])),
    )
}
