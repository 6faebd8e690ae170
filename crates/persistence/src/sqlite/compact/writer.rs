//! Writes the records of a run file by file; a file that is equal to that of an earlier run adds no rows of its own.

use std::collections::HashMap;

use cds_model::{FieldHasher, FieldValue, Fingerprint, RECORD_FIELDS};
use rusqlite::{OptionalExtension as _, Statement};

use super::{
    super::database::Database,
    base::{Base, BaseRow},
    nesting::{Code, Nested, nesting},
    texts::{Piece, TextStore},
};
use crate::{
    Error, RunId, Step,
    table::{
        run_hash::field_value,
        shared::{self, CONTENT_FIELDS, Part},
    },
};

/// Positions in [`RECORD_FIELDS`].
const FILE_PATH: usize = 1;
const LINES: [usize; 2] = [3, 4];
const RAW_CODE: usize = 5;
const NORMALIZED_CODE: usize = 6;

/// A record to write.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct NewRecord<'a> {
    /// In the order of [`RECORD_FIELDS`].
    pub(in super::super) fields: [FieldValue<'a>; RECORD_FIELDS.len()],
    /// The question and whether it was cut; NULL if there is none.
    pub(in super::super) question: [FieldValue<'a>; 2],
    /// The content hash and the field sums; NULL if there is no proof.
    pub(in super::super) hashes: [FieldValue<'a>; 2],
    /// Equal to that of a record of the base if both are equal; `None` shares nothing.
    pub(in super::super) key: Option<Fingerprint>,
}

/// Writes the records of one run.
pub(in super::super) struct CompactWriter<'a> {
    database: &'a Database,
    run: RunId,
    base: Base,
    /// What was written, as a base for the next run.
    written: Base,
    texts: TextStore<'a>,
    insert_content: Statement<'a>,
    insert_record: Statement<'a>,
    insert_part: Statement<'a>,
    content: Statement<'a>,
    fields: Statement<'a>,
    last_content: i64,
    last_shared: i64,
    /// The part that the next record may continue.
    part: Option<Part>,
}

impl<'a> CompactWriter<'a> {
    /// A writer that compares the files of `run` with `base`.
    pub(in super::super) fn new(database: &'a Database, run: RunId, base: Base) -> Result<Self, Error> {
        let connection = &database.connection;
        let reading = |cause| database.error(Step::ReadRecords, cause);
        let last = |sql| connection.query_row(sql, [], |row| row.get(0)).map_err(reading);
        Ok(Self {
            database,
            run,
            base,
            written: Base::default(),
            texts: TextStore::new(database)?,
            insert_content: database.prepare_insert(&shared::CONTENTS)?,
            insert_record: database.prepare_insert(&shared::RECORDS)?,
            insert_part: database.prepare_insert(&shared::RUN_RECORDS)?,
            content: connection.prepare(shared::CONTENT_OF).map_err(reading)?,
            fields: connection.prepare(shared::FIELDS_OF).map_err(reading)?,
            last_content: last("SELECT coalesce(max(id), 0) FROM shared_contents")?,
            last_shared: last("SELECT coalesce(max(id), 0) FROM shared_records")?,
            part: None,
        })
    }

    /// Begins another run; returns what was written of the last one, as a base.
    pub(super) fn next_run(&mut self, run: RunId) -> Result<Base, Error> {
        self.end_part()?;
        self.run = run;
        Ok(std::mem::take(&mut self.written))
    }

    /// Compares the files that follow with another base; returns the last one.
    pub(super) fn compare_with(&mut self, base: Base) -> Base {
        std::mem::replace(&mut self.base, base)
    }

    /// Writes the records of one file, which get consecutive ids from `first_id`.
    pub(in super::super) fn write_file(&mut self, first_id: i64, records: &[NewRecord<'_>]) -> Result<(), Error> {
        let Some(first) = records.first() else { return Ok(()) };
        let path = bytes_of(first.fields[FILE_PATH]);
        let earlier = self.base.of_file(path);
        let is_same = earlier.len() == records.len()
            && earlier.iter().zip(records).all(|(earlier, record)| record.key.is_some() && earlier.key == record.key);
        let earlier: Vec<i64> = earlier.iter().map(|row| row.shared_id).collect();
        let shared_ids = if is_same && self.are_stored(records, &earlier)? {
            earlier
        } else {
            self.write_changed(records, &earlier)?
        };
        for ((record, shared_id), record_id) in records.iter().zip(shared_ids).zip(first_id..) {
            self.written.push(path, BaseRow { key: record.key, shared_id });
            self.push(record_id, shared_id)?;
        }
        Ok(())
    }

    /// Whether the shared records are what their hashes say: an altered one must not become part of another run.
    fn are_stored(&mut self, records: &[NewRecord<'_>], shared_ids: &[i64]) -> Result<bool, Error> {
        for (record, shared_id) in records.iter().zip(shared_ids) {
            let is_same = |row: &rusqlite::Row<'_>| {
                for (column, field) in record.fields.iter().enumerate() {
                    if field_value(row.get_ref(column)?) != *field {
                        return Ok(false);
                    }
                }
                Ok(true)
            };
            let found = self.fields.query_row([shared_id], is_same).optional();
            if found.map_err(|cause| self.database.error(Step::ReadRecords, cause))? != Some(true) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes everything that is held back.
    pub(in super::super) fn finish(mut self) -> Result<(), Error> {
        self.end_part()
    }

    /// Writes the records of a new or changed file; definitions of the earlier file keep their contents.
    fn write_changed(&mut self, records: &[NewRecord<'_>], earlier: &[i64]) -> Result<Vec<i64>, Error> {
        let mut contents = HashMap::new();
        for shared_id in earlier {
            contents.extend(self.content_of(*shared_id)?);
        }
        let texts = self.write_texts(records)?;
        let mut shared_ids = Vec::with_capacity(records.len());
        for (record, [raw, normalized]) in records.iter().zip(texts) {
            let fields = content_fields(record, raw, normalized);
            let content_id = match contents.get(&content_key(&fields)) {
                Some(id) => *id,
                None => self.insert_content(&fields)?,
            };
            self.last_shared += 1;
            let lines = LINES.map(|position| record.fields[position]);
            let outcome =
                shared::insert_record(&mut self.insert_record, self.last_shared, content_id, lines, record.hashes);
            self.database.check_one_row(outcome, || Step::InsertShared(shared::RECORDS.name))?;
            shared_ids.push(self.last_shared);
        }
        Ok(shared_ids)
    }

    fn insert_content(&mut self, fields: &[FieldValue<'_>; CONTENT_FIELDS]) -> Result<i64, Error> {
        self.last_content += 1;
        let outcome = shared::insert_content(&mut self.insert_content, self.last_content, fields);
        self.database.check_one_row(outcome, || Step::InsertShared(shared::CONTENTS.name))?;
        Ok(self.last_content)
    }

    /// The id of a record's content by its key.
    fn content_of(&mut self, shared_id: i64) -> Result<Option<(Fingerprint, i64)>, Error> {
        let read = |row: &rusqlite::Row<'_>| {
            let mut fields = [FieldValue::Null; CONTENT_FIELDS];
            for (field, column) in fields.iter_mut().zip(1..) {
                *field = field_value(row.get_ref(column)?);
            }
            Ok((content_key(&fields), row.get(0)?))
        };
        let found = self.content.query_row([shared_id], read).optional();
        found.map_err(|cause| self.database.error(Step::ReadRecords, cause))
    }

    /// Stores the exact and the normalized code of each record of a file; returns their ids.
    fn write_texts(&mut self, records: &[NewRecord<'_>]) -> Result<Vec<[i64; 2]>, Error> {
        let codes = records.iter().map(|record| Code {
            lines: (integer(record.fields[LINES[0]]), integer(record.fields[LINES[1]])),
            raw: text(record.fields[RAW_CODE]),
            normalized: text(record.fields[NORMALIZED_CODE]),
        });
        let found = nesting(&codes.collect::<Vec<_>>());
        let raw = self.write_code(records, RAW_CODE, &found.raw)?;
        let normalized = self.write_code(records, NORMALIZED_CODE, &found.normalized)?;
        Ok(raw.into_iter().zip(normalized).map(|(raw, normalized)| [raw, normalized]).collect())
    }

    /// Stores the code in one field of each record; an inner definition comes before what encloses it.
    fn write_code(
        &mut self,
        records: &[NewRecord<'_>],
        field: usize,
        nested: &[Vec<Nested>],
    ) -> Result<Vec<i64>, Error> {
        let mut ids = vec![0; records.len()];
        let mut pieces_of: Vec<Vec<Piece>> = vec![Vec::new(); records.len()];
        for (index, record) in records.iter().enumerate().rev() {
            let value = record.fields[field];
            let (code, inner) = match text(value) {
                Some(code) if !nested[index].is_empty() => (code, &nested[index]),
                _ => {
                    let text_id = self.texts.leaf(value)?;
                    ids[index] = text_id;
                    pieces_of[index] = vec![Piece { text_id, indent: String::new() }];
                    continue;
                }
            };
            let mut pieces = Vec::new();
            let mut end = 0;
            for nested in inner {
                self.push_gap(&mut pieces, &code[end..nested.bytes.start])?;
                for mut piece in std::mem::take(&mut pieces_of[nested.index]) {
                    piece.indent.insert_str(0, &nested.indent);
                    pieces.push(piece);
                }
                end = nested.bytes.end;
            }
            self.push_gap(&mut pieces, &code[end..])?;
            ids[index] = self.texts.composite(&pieces)?;
            pieces_of[index] = pieces;
        }
        Ok(ids)
    }

    fn push_gap(&mut self, pieces: &mut Vec<Piece>, gap: &str) -> Result<(), Error> {
        if !gap.is_empty() {
            pieces.push(Piece { text_id: self.texts.leaf(gap.into())?, indent: String::new() });
        }
        Ok(())
    }

    fn push(&mut self, record_id: i64, shared_id: i64) -> Result<(), Error> {
        if let Some(part) = &mut self.part
            && part.continues_with(record_id, shared_id)
        {
            part.record_count += 1;
            return Ok(());
        }
        self.end_part()?;
        self.part = Some(Part { first_record_id: record_id, first_shared_id: shared_id, record_count: 1 });
        Ok(())
    }

    fn end_part(&mut self) -> Result<(), Error> {
        let Some(part) = self.part.take() else { return Ok(()) };
        let outcome = shared::insert_part(&mut self.insert_part, self.run, &part);
        self.database.check_one_row(outcome, || Step::InsertShared(shared::RUN_RECORDS.name))
    }
}

/// The columns of `shared_contents` besides the id.
fn content_fields<'a>(record: &NewRecord<'a>, raw: i64, normalized: i64) -> [FieldValue<'a>; CONTENT_FIELDS] {
    let [kind, file_path, signature, _, _, _, _, md5sum, intent, intent_status, intent_error] = record.fields;
    let [question, is_cut] = record.question;
    [
        kind,
        file_path,
        signature,
        raw.into(),
        normalized.into(),
        md5sum,
        intent,
        intent_status,
        intent_error,
        question,
        is_cut,
    ]
}

fn content_key(fields: &[FieldValue<'_>; CONTENT_FIELDS]) -> Fingerprint {
    FieldHasher::hash("cds shared content 1", *fields)
}

fn bytes_of(value: FieldValue<'_>) -> &[u8] {
    match value {
        FieldValue::Text(bytes) | FieldValue::Blob(bytes) => bytes,
        FieldValue::Null | FieldValue::Integer(_) | FieldValue::Real(_) => &[],
    }
}

fn text(value: FieldValue<'_>) -> Option<&str> {
    match value {
        FieldValue::Text(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// A line number; one of another type encloses nothing.
const fn integer(value: FieldValue<'_>) -> i64 {
    match value {
        FieldValue::Integer(number) => number,
        _ => 0,
    }
}
