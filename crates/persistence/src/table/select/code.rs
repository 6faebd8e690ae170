//! The records of one snapshot with their code, and the exact code of some.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, OptionalExtension as _, Result, Row, Rows};

use crate::{CodeRow, RunId};

const OF_RUN: &str = "
SELECT id, kind, file_path, signature, start_line, end_line, normalized_code, md5sum,
       CASE WHEN intent_status = 'success' THEN intent END
FROM records
WHERE run_id = ?1
ORDER BY id";

// The length is in the head of a row, so that the code of the others is never read.
const OF_LENGTH: &str = "
SELECT id, kind, file_path, signature, start_line, end_line, normalized_code, md5sum,
       CASE WHEN intent_status = 'success' THEN intent END
FROM records
WHERE run_id = ?1 AND octet_length(normalized_code) BETWEEN ?2 AND ?3
ORDER BY id";

const RAW: &str = "SELECT raw_code FROM records WHERE id = ?1";

const NEWEST_RUN: &str = "SELECT max(id) FROM runs";

/// In the order of the snapshot.
pub(crate) fn of_run(connection: &Connection, run: RunId) -> Result<Vec<CodeRow>> {
    collect(connection.prepare(OF_RUN)?.query([run.0])?)
}

/// Those with as many bytes of normalized code, from the first to the second number.
pub(crate) fn of_length(connection: &Connection, run: RunId, lengths: (i64, i64)) -> Result<Vec<CodeRow>> {
    collect(connection.prepare(OF_LENGTH)?.query((run.0, lengths.0, lengths.1))?)
}

fn collect(mut rows: Rows<'_>) -> Result<Vec<CodeRow>> {
    let mut found: Vec<CodeRow> = Vec::new();
    while let Some(row) = rows.next()? {
        let path = row.get_ref(2)?.as_str()?;
        // The records of a file stand together.
        let shared = found.last().map(|last| &last.file_path).filter(|last| ***last == *path);
        let file_path = shared.map_or_else(|| Arc::from(path), Arc::clone);
        found.push(read(row, file_path)?);
    }
    Ok(found)
}

fn read(row: &Row<'_>, file_path: Arc<str>) -> Result<CodeRow> {
    Ok(CodeRow {
        id: row.get(0)?,
        kind: row.get(1)?,
        file_path,
        signature: row.get(3)?,
        start_line: row.get(4)?,
        end_line: row.get(5)?,
        normalized_code: row.get(6)?,
        md5sum: row.get(7)?,
        intent: row.get(8)?,
    })
}

/// By id.
pub(crate) fn raw(connection: &Connection, ids: &[i64]) -> Result<HashMap<i64, String>> {
    let mut statement = connection.prepare(RAW)?;
    let mut found = HashMap::with_capacity(ids.len());
    for &id in ids {
        if let Some(code) = statement.query_row([id], |row| row.get(0)).optional()? {
            found.insert(id, code);
        }
    }
    Ok(found)
}

/// The greatest number.
pub(crate) fn newest_run(connection: &Connection) -> Result<Option<RunId>> {
    connection.query_row(NEWEST_RUN, [], |row| row.get::<_, Option<i64>>(0)).map(|id| id.map(RunId))
}
