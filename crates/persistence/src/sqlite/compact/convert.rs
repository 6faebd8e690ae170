//! Converts a database from one layout to the other, in one transaction.

use std::collections::HashMap;

use cds_model::{FieldValue, RECORD_FIELDS, RecordHashes};
use rusqlite::{Connection, Row};

use super::{
    super::{database::Database, fit, format::Format, inspection, schema},
    base::Base,
    buffer::{FileBuffer, Owned, Waiting},
    files::FileWriter,
    writer::CompactWriter,
};
use crate::{
    Error, Layout, RunId, Step,
    table::{self, Table, record_hashes, record_questions, records, run_hash::field_value, shared, source_files},
};

/// The runs of this many trees are compared with an earlier one; of more, some find none in memory.
const MOST_TREES: usize = 32;

/// The tables that become views.
const REPLACED: [&Table; 4] = [&source_files::TABLE, &record_hashes::TABLE, &record_questions::TABLE, &records::TABLE];

/// The tables below the views, each after those that it refers to.
const SHARED: [&Table; 7] = [
    &shared::TEXTS,
    &shared::PIECES,
    &shared::CONTENTS,
    &shared::RECORDS,
    &shared::RUN_RECORDS,
    &shared::FILES,
    &shared::RUN_FILES,
];

const RUNS: &str = "
SELECT DISTINCT records.run_id, coalesce(runs.root_path, '')
FROM records LEFT JOIN runs ON runs.id = records.run_id
ORDER BY records.run_id";

const RECORDS: &str = "
SELECT kind, file_path, signature, start_line, end_line, raw_code, normalized_code, md5sum, intent, intent_status,
       intent_error, records.id, question, is_cut, content_hash, field_sums, record_hashes.run_id
FROM records
LEFT JOIN record_questions ON record_questions.record_id = records.id
LEFT JOIN record_hashes ON record_hashes.record_id = records.id
WHERE records.run_id = ?1
ORDER BY records.id";

/// The columns of [`RECORDS`] after the fields.
const ID: usize = RECORD_FIELDS.len();

const COUNTS: [(&str, &str); 3] = [
    ("record_hashes", "SELECT count(*) FROM record_hashes"),
    ("record_questions", "SELECT count(*) FROM record_questions"),
    ("records", "SELECT count(*) FROM records"),
];

/// What other programs added to a table that is to be replaced, and would be lost with it.
const FOREIGN_OBJECTS: &str = "
SELECT type || ' ' || name, sql FROM sqlite_schema WHERE tbl_name = ?1 AND type IN ('index', 'trigger') AND sql IS NOT NULL";

const REFERRING: &str = r#"
SELECT 'table ' || schema.name
FROM sqlite_schema AS schema JOIN pragma_foreign_key_list(schema.name) AS key
WHERE schema.type = 'table' AND lower(key."table") = ?1"#;

/// Converts the records, and returns whether there was something to do. `progress` is called with the number of records
/// that are converted.
pub(in super::super) fn convert(database: &Database, layout: Layout, progress: &dyn Fn(u64)) -> Result<bool, Error> {
    // Tables that refer to each other are dropped together.
    let keys = |is_on: bool| {
        database
            .connection
            .pragma_update(None, "foreign_keys", is_on)
            .map_err(|cause| database.error(Step::Configure, cause))
    };
    keys(false)?;
    let outcome = convert_in_transaction(database, layout, progress);
    keys(true)?;
    outcome
}

fn convert_in_transaction(database: &Database, layout: Layout, progress: &dyn Fn(u64)) -> Result<bool, Error> {
    let transaction = database.begin(&Step::Begin)?;
    inspection::inspect(database)?;
    let error = |cause| database.error(Step::Convert(layout), cause);
    let has_records = fit::has_table(&transaction, &records::TABLE).map_err(error)?;
    if has_records && table::layout(&transaction).map_err(error)? == layout {
        return Ok(false);
    }
    schema::create_missing(database)?;
    match layout {
        Layout::Compact => share(database, progress)?,
        Layout::Plain => unshare(database, progress)?,
    }
    schema::set_version(&transaction, Format::of_layout(layout).version()).map_err(error)?;
    database.check_is_in_place()?;
    database.commit(&transaction)?;
    Ok(true)
}

/// The step from plain to compact.
fn share(database: &Database, progress: &dyn Fn(u64)) -> Result<(), Error> {
    let connection = &database.connection;
    let error = |cause| database.error(Step::Convert(Layout::Compact), cause);
    refuse_foreign_objects(database)?;
    SHARED.into_iter().try_for_each(|table| schema::create_table(database, table))?;
    let converted = write_runs(database, progress)?;
    for ((table, sql), converted) in COUNTS.into_iter().zip(converted) {
        let stored: i64 = connection.query_row(sql, [], |row| row.get(0)).map_err(error)?;
        if stored != converted {
            let reason = format!("{} of its rows belong to no record", stored.abs_diff(converted));
            return Err(Error::NotConvertible { path: database.path(), table, reason });
        }
    }
    write_files(database)?;
    for table in REPLACED {
        connection.execute_batch(&format!("DROP TABLE {}", table.name)).map_err(error)?;
    }
    schema::create_missing_in(database, Layout::Compact)
}

/// Writes the records of all runs; returns the number of hashes, questions and records.
fn write_runs(database: &Database, progress: &dyn Fn(u64)) -> Result<[i64; 3], Error> {
    let connection = &database.connection;
    let error = |cause| database.error(Step::ReadRecords, cause);
    let read = |row: &Row<'_>| Ok((RunId(row.get(0)?), row.get::<_, String>(1)?));
    let runs = connection
        .prepare(RUNS)
        .and_then(|mut statement| statement.query_map([], read)?.collect::<rusqlite::Result<Vec<_>>>())
        .map_err(error)?;
    let mut counts = [0; 3];
    let mut trees: HashMap<String, Base> = HashMap::new();
    let mut buffer = FileBuffer::new(CompactWriter::new(database, RunId(0), Base::default())?);
    let mut tree = None;
    for (run, root_path) in runs {
        let written = buffer.next_run(run)?;
        if let Some(last) = tree.replace(root_path.clone())
            && (trees.len() < MOST_TREES || trees.contains_key(&last))
        {
            trees.insert(last, written);
        }
        buffer.writer.compare_with(trees.remove(&root_path).unwrap_or_default());
        let mut statement = connection.prepare_cached(RECORDS).map_err(error)?;
        let mut rows = statement.query([run.0]).map_err(error)?;
        while let Some(row) = rows.next().map_err(error)? {
            let record = waiting(database, run, row)?;
            counts[0] += i64::from(record.hashes[0] != Owned::Null);
            counts[1] += i64::from(record.question[0] != Owned::Null);
            counts[2] += 1;
            buffer.push(record)?;
            if counts[2] % 1_000 == 0 {
                progress(counts[2].unsigned_abs());
            }
        }
    }
    buffer.finish()?;
    Ok(counts)
}

/// Writes the files of all runs.
fn write_files(database: &Database) -> Result<(), Error> {
    let connection = &database.connection;
    let error = |cause| database.error(Step::ReadRecords, cause);
    let mut writer = FileWriter::new(database)?;
    // Without its index, each file would be compared with all.
    schema::create_indexes(database, &shared::FILES)?;
    let runs = connection
        .prepare(shared::PLAIN_FILE_RUNS)
        .and_then(|mut runs| runs.query_map([], |row| row.get(0).map(RunId))?.collect::<rusqlite::Result<Vec<_>>>())
        .map_err(error)?;
    let mut statement = connection.prepare(shared::PLAIN_FILES).map_err(error)?;
    for run in runs {
        let mut rows = statement.query([run.0]).map_err(error)?;
        while let Some(row) = rows.next().map_err(error)? {
            let mut fields = [FieldValue::Null; shared::FILE_FIELDS];
            for (column, field) in fields.iter_mut().enumerate() {
                *field = row.get_ref(column).map(field_value).map_err(error)?;
            }
            writer.push(fields)?;
        }
        writer.end_run(run)?;
    }
    Ok(())
}

fn waiting(database: &Database, run: RunId, row: &Row<'_>) -> Result<Waiting, Error> {
    let error = |cause| database.error(Step::ReadRecords, cause);
    let record_id: i64 = row.get(ID).map_err(error)?;
    let refuse = |table: &'static Table, reason: &str| {
        let reason = format!("row {record_id} {reason}");
        Err(Error::NotConvertible { path: database.path(), table: table.name, reason })
    };
    let value = |column| row.get_ref(column).map(field_value).map_err(error);
    let mut fields = [FieldValue::Null; RECORD_FIELDS.len()];
    for (column, field) in fields.iter_mut().enumerate() {
        *field = value(column)?;
    }
    let (question, hash) = (value(ID + 1)?, value(ID + 3)?);
    // Bytes stand for digits in the compact layout.
    if matches!(hash, FieldValue::Blob(_)) {
        return refuse(&record_hashes::TABLE, "has a hash that is not text");
    }
    if hash != FieldValue::Null && value(ID + 5)? != FieldValue::Integer(run.0) {
        return refuse(&record_hashes::TABLE, "is of another run than its record");
    }
    Ok(Waiting {
        record_id,
        fields: fields.map(Owned::from),
        question: [question.into(), value(ID + 2)?.into()],
        hashes: [hash.into(), value(ID + 4)?.into()],
        // An altered record must not become equal to the one that it was.
        actual: Some(RecordHashes::content_of(&fields)),
    })
}

fn refuse_foreign_objects(database: &Database) -> Result<(), Error> {
    let error = |cause| database.error(Step::ReadSchema, cause);
    let connection = &database.connection;
    for table in REPLACED {
        if let Some(object) = foreign_object(connection, table).map_err(error)? {
            let reason = format!("{object} of another program depends on it");
            return Err(Error::NotConvertible { path: database.path(), table: table.name, reason });
        }
    }
    Ok(())
}

fn foreign_object(connection: &Connection, table: &Table) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare(FOREIGN_OBJECTS)?;
    let mut rows = statement.query([table.name])?;
    let ours: Vec<String> = table
        .guards
        .iter()
        .copied()
        .chain(table.indexes.iter().map(|index| index.create))
        .map(table::as_stored)
        .collect();
    while let Some(row) = rows.next()? {
        if !ours.contains(&row.get(1)?) {
            return Ok(Some(row.get(0)?));
        }
    }
    let mut statement = connection.prepare(REFERRING)?;
    let mut rows = statement.query([table.name])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        if !REPLACED.iter().any(|ours| name == format!("table {}", ours.name)) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// The step from compact to plain.
fn unshare(database: &Database, progress: &dyn Fn(u64)) -> Result<(), Error> {
    let connection = &database.connection;
    let error = |cause| database.error(Step::Convert(Layout::Plain), cause);
    for table in REPLACED {
        connection.execute_batch(&format!("DROP VIEW {}", table.name)).map_err(error)?;
    }
    for table in REPLACED.into_iter().rev() {
        schema::create_table(database, table)?;
    }
    for sql in shared::EXPAND {
        let count = connection.execute(sql, []).map_err(error)?;
        progress(u64::try_from(count).unwrap_or_default());
    }
    for table in SHARED.into_iter().rev() {
        connection.execute_batch(&format!("DROP TABLE {}", table.name)).map_err(error)?;
    }
    schema::create_missing_in(database, Layout::Plain)
}
