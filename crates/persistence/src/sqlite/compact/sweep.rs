//! Removes shared rows that no run needs any more.
//!
//! Marks and sweeps inside of the transaction that removed the runs. Every step is a scan with lookups in an index or
//! in a temporary one, so the time grows with the file and not with its square.

use rusqlite::Connection;

use super::super::{database::Database, schema};
use crate::{Error, Step};

const PARTS: &str = "SELECT first_shared_id, record_count FROM run_records ORDER BY first_shared_id";

const BOUNDS: &str = "SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM shared_records";

const FILE_PARTS: &str = "SELECT first_file_id, file_count FROM run_files ORDER BY first_file_id";

const FILE_BOUNDS: &str = "SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM shared_files";

const DELETE_FILES: &str = "DELETE FROM shared_files WHERE id BETWEEN ?1 AND ?2";

const DELETE_RECORDS: &str = "DELETE FROM shared_records WHERE id BETWEEN ?1 AND ?2";

const DELETE_CONTENTS: &str = "
DELETE FROM shared_contents
WHERE NOT EXISTS (SELECT 1 FROM shared_records WHERE content_id = shared_contents.id)";

const DELETE_PIECES: &str = "
DELETE FROM shared_text_pieces
WHERE text_id NOT IN (SELECT raw_text FROM shared_contents UNION ALL SELECT normalized_text FROM shared_contents)";

const DELETE_TEXTS: &str = "
DELETE FROM shared_texts
WHERE id NOT IN (SELECT raw_text FROM shared_contents
                 UNION ALL SELECT normalized_text FROM shared_contents
                 UNION ALL SELECT piece_id FROM shared_text_pieces)";

/// Removes what no row of `run_records` or `run_files` leads to, within the open transaction.
pub(in super::super) fn sweep(database: &Database) -> Result<(), Error> {
    let error = |cause| database.error(Step::PruneRuns, cause);
    // The guards would look for users of each row again.
    schema::suspend_delete_guards(database)?;
    let connection = &database.connection;
    for (sql, parts, bounds) in [(DELETE_RECORDS, PARTS, BOUNDS), (DELETE_FILES, FILE_PARTS, FILE_BOUNDS)] {
        let mut delete = connection.prepare(sql).map_err(error)?;
        for range in unused(connection, parts, bounds).map_err(error)? {
            delete.execute(range).map_err(error)?;
        }
    }
    for sql in [DELETE_CONTENTS, DELETE_PIECES, DELETE_TEXTS] {
        connection.execute(sql, []).map_err(error)?;
    }
    schema::create_missing(database)
}

/// The ranges of ids that no part of a run covers.
fn unused(connection: &Connection, parts: &str, bounds: &str) -> rusqlite::Result<Vec<(i64, i64)>> {
    let (mut next, last): (i64, i64) = connection.query_row(bounds, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut ranges = Vec::new();
    let mut statement = connection.prepare(parts)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (first, count): (i64, i64) = (row.get(0)?, row.get(1)?);
        if first > next {
            ranges.push((next, first - 1));
        }
        next = next.max(first.saturating_add(count));
    }
    if next <= last {
        ranges.push((next, last));
    }
    Ok(ranges)
}
