//! The records of one file of a run, for a later run that finds the same file.

use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use super::{
    super::{
        read_text,
        shared::{Query, code, content_hash, ordered_records, record_id, records_of_file},
    },
    code,
};
use crate::{FileRecord, KnownFile, RunId};

/// The index on hash and path also orders by run, so that the last row of a file is one step away.
const LATEST: Query = Query {
    plain: "
SELECT run_id, record_count
FROM source_files
WHERE source_hash = ?1 AND file_path = ?2 AND language = ?3 AND analyzer = ?4
ORDER BY run_id DESC
LIMIT 1",
    // The parts are searched from the newest run on, and a file that did not change is in that.
    compact: "
SELECT run_id, record_count
FROM (SELECT (SELECT run_id
              FROM run_files
              WHERE first_file_id <= file.id AND first_file_id + file_count > file.id
              ORDER BY run_id DESC
              LIMIT 1) AS run_id, record_count
      FROM shared_files AS file
      WHERE source_hash = ?1 AND file_path = ?2 AND language = ?3 AND analyzer = ?4)
WHERE run_id IS NOT NULL
ORDER BY run_id DESC
LIMIT 1",
};

const HASHES: Query = Query {
    plain: "
SELECT content_hash
FROM record_hashes
WHERE record_id BETWEEN ?1 AND ?2 AND run_id = ?3
ORDER BY record_id",
    compact: concat!(
        "
SELECT ",
        content_hash!(),
        "
FROM ",
        ordered_records!(),
        "
WHERE part.run_id = ?3 AND ",
        record_id!(),
        " BETWEEN ?1 AND ?2 AND shared.content_hash IS NOT NULL
ORDER BY part.first_record_id, shared.id"
    ),
};

const UNREAD: &str = "SELECT DISTINCT file_path FROM analyzer_errors WHERE run_id = ?1";

/// Uses the index on paths: the records of a path in one run have consecutive ids.
const OF_FILE: Query = Query {
    plain: "
SELECT records.kind, records.signature, records.start_line, records.end_line, records.normalized_code, records.md5sum,
       records.intent, records.intent_status, records.intent_error, record_hashes.content_hash
FROM records
JOIN record_hashes ON record_hashes.record_id = records.id
WHERE records.file_path = ?1 AND records.id BETWEEN ?2 AND ?3 AND +records.run_id = ?4
ORDER BY records.id
LIMIT ?5",
    compact: concat!(
        "
SELECT content.kind, content.signature, shared.start_line, shared.end_line, ",
        code!("normalized_text"),
        ", content.md5sum,
       content.intent, content.intent_status, content.intent_error, ",
        content_hash!(),
        "
FROM ",
        records_of_file!(),
        "
WHERE content.file_path = ?1 AND part.run_id = ?4 AND ",
        record_id!(),
        " BETWEEN ?2 AND ?3
      AND shared.content_hash IS NOT NULL
ORDER BY ",
        record_id!(),
        "
LIMIT ?5"
    ),
};

const IS_IMPORTED: &str = "SELECT EXISTS (SELECT 1 FROM transfer_log WHERE local_run_id = ?1 AND direction = 'import')";

/// The latest run with this file, and the number of its records.
pub(crate) fn latest(connection: &Connection, file: &KnownFile<'_>) -> Result<Option<(RunId, u32)>> {
    let hash = file.source_hash.0.as_slice();
    let mut statement = connection.prepare_cached(LATEST.sql(connection)?)?;
    let read = |row: &Row<'_>| Ok((RunId(row.get(0)?), row.get(1)?));
    statement.query_row(params![hash, file.file_path, file.language, file.analyzer], read).optional()
}

/// The lowest and the highest record id of a run.
pub(crate) fn bounds(connection: &Connection, run: RunId) -> Result<Option<(i64, i64)>> {
    code::bounds(connection, run)
}

/// The stored content hashes of a run with these record ids, in order.
pub(crate) fn hashes(connection: &Connection, run: RunId, (first, last): (i64, i64)) -> Result<Vec<String>> {
    connection.prepare(HASHES.sql(connection)?)?.query_map([first, last, run.0], |row| read_text(row, 0))?.collect()
}

/// The files of a run of which something is missing.
pub(crate) fn unread(connection: &Connection, run: RunId) -> Result<Vec<String>> {
    connection.prepare(UNREAD)?.query_map([run.0], |row| read_text(row, 0))?.collect()
}

/// Whether the run came from an archive or another database.
pub(crate) fn is_imported(connection: &Connection, run: RunId) -> Result<bool> {
    connection.query_row(IS_IMPORTED, [run.0], |row| row.get(0))
}

/// The records of a file with ids in this range, at most one more than `limit`.
pub(crate) fn of_file(
    connection: &Connection,
    run: RunId,
    file_path: &str,
    (first, last): (i64, i64),
    limit: u32,
) -> Result<Vec<FileRecord>> {
    let mut statement = connection.prepare_cached(OF_FILE.sql(connection)?)?;
    let rows = statement.query_map(params![file_path, first, last, run.0, i64::from(limit) + 1], |row| {
        Ok(FileRecord {
            kind: row.get(0)?,
            signature: row.get(1)?,
            start_line: row.get(2)?,
            end_line: row.get(3)?,
            normalized_code: row.get(4)?,
            md5sum: row.get(5)?,
            intent: row.get(6)?,
            intent_status: row.get(7)?,
            intent_error: row.get(8)?,
            content_hash: row.get(9)?,
        })
    })?;
    rows.collect()
}
