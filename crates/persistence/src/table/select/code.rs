//! Reads the records of one snapshot with their code, and the exact code of some records.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, OptionalExtension as _, Result, Row, Rows, types::ValueRef};

use crate::{
    CodeRow, RunId, Text, TextQuery, Texts,
    table::{
        runs,
        shared::{Query, code, is_record, ordered_records, record_id, records_of_file},
    },
};

const OF_RUN: Query = Query {
    plain: "
SELECT id, kind, file_path, signature, start_line, end_line, normalized_code, md5sum,
       CASE WHEN intent_status = 'success' THEN intent END, CASE WHEN kind = 'file' THEN substr(raw_code, 1, 8192) END,
       (SELECT model GLOB 'builtin:*' FROM runs WHERE runs.id = ?1),
       intent_status = 'skipped' AND intent_error IS NOT NULL
FROM records
WHERE run_id = ?1
ORDER BY id",
    compact: concat!(
        "
SELECT ",
        record_id!(),
        ", content.kind, content.file_path, content.signature, shared.start_line, shared.end_line,
       ",
        code!("normalized_text"),
        ", content.md5sum,
       CASE WHEN content.intent_status = 'success' THEN content.intent END,
       CASE WHEN content.kind = 'file' THEN substr(",
        code!("raw_text"),
        ", 1, 8192) END,
       (SELECT model GLOB 'builtin:*' FROM runs WHERE runs.id = ?1),
       content.intent_status = 'skipped' AND content.intent_error IS NOT NULL
FROM ",
        ordered_records!(),
        "
WHERE part.run_id = ?1
ORDER BY part.first_record_id, shared.id"
    ),
};

const BY_ID: Query = Query {
    plain: "
SELECT id, kind, file_path, signature, start_line, end_line, normalized_code, md5sum,
       CASE WHEN intent_status = 'success' THEN intent END, CASE WHEN kind = 'file' THEN substr(raw_code, 1, 8192) END,
       (SELECT model GLOB 'builtin:*' FROM runs WHERE runs.id = ?1),
       intent_status = 'skipped' AND intent_error IS NOT NULL
FROM records
WHERE run_id = ?1 AND id = ?2",
    compact: concat!(
        "
SELECT ",
        record_id!(),
        ", content.kind, content.file_path, content.signature, shared.start_line, shared.end_line,
       ",
        code!("normalized_text"),
        ", content.md5sum,
       CASE WHEN content.intent_status = 'success' THEN content.intent END,
       CASE WHEN content.kind = 'file' THEN substr(",
        code!("raw_text"),
        ", 1, 8192) END,
       (SELECT model GLOB 'builtin:*' FROM runs WHERE runs.id = ?1),
       content.intent_status = 'skipped' AND content.intent_error IS NOT NULL
FROM ",
        ordered_records!(),
        "
WHERE part.run_id = ?1 AND ",
        is_record!("?2")
    ),
};

// The length is in the row header, so that the code of other records is never read. The records of a snapshot are
// stored together, so a scan by id, which the unary plus forces, reads few other rows and needs no index.
const TEXTS: Query = Query {
    plain: "
SELECT id, kind IN ('function', 'method'), normalized_code, file_path
FROM records
WHERE +run_id = ?1 AND id BETWEEN ?2 AND ?3
      AND CASE WHEN kind IN ('function', 'method') THEN octet_length(normalized_code) BETWEEN ?4 AND ?5
                                                        OR octet_length(normalized_code) >= ?7
               WHEN kind = 'class' OR (?6 AND kind = 'file') THEN octet_length(normalized_code) BETWEEN ?4 AND ?5
          END
ORDER BY id",
    // The length of a code that has pieces is known only once they are joined.
    compact: concat!(
        "
SELECT id, is_function, code, file_path
FROM (SELECT ",
        record_id!(),
        " AS id, content.kind AS kind, content.kind IN ('function', 'method') AS is_function, content.file_path AS file_path,
             ",
        code!("normalized_text"),
        " AS code
      FROM ",
        ordered_records!(),
        "
      WHERE part.run_id = ?1
            AND part.first_record_id <= ?3 AND part.first_record_id + part.record_count > ?2
            AND shared.id BETWEEN part.first_shared_id + max(?2 - part.first_record_id, 0)
                              AND part.first_shared_id + ?3 - part.first_record_id
            AND (content.kind IN ('function', 'method', 'class') OR (?6 AND content.kind = 'file'))
      ORDER BY part.first_record_id, shared.id
      LIMIT -1)
WHERE octet_length(code) BETWEEN ?4 AND ?5 OR (is_function AND octet_length(code) >= ?7)"
    ),
};

const BOUNDS: Query = Query {
    plain: "
SELECT (SELECT min(id) FROM records WHERE run_id = ?1), (SELECT max(id) FROM records WHERE run_id = ?1)",
    compact: "
SELECT min(first_record_id), max(first_record_id + record_count - 1) FROM run_records WHERE run_id = ?1",
};

/// Uses the index on paths: among the records of a path in all snapshots, those of one snapshot are together. The index
/// on runs would read every record of the snapshot.
const LOCATIONS: Query = Query {
    plain: "
SELECT id, start_line, end_line
FROM records
WHERE +run_id = ?1 AND file_path = ?2
      AND id BETWEEN (SELECT min(id) FROM records WHERE run_id = ?1) AND (SELECT max(id) FROM records WHERE run_id = ?1)",
    compact: concat!(
        "
SELECT ", record_id!(), ", shared.start_line, shared.end_line
FROM ", records_of_file!(), "
WHERE part.run_id = ?1 AND content.file_path = ?2
ORDER BY 1"
    ),
};

const RAW: Query = Query {
    plain: "SELECT raw_code FROM records WHERE id = ?1",
    compact: concat!("SELECT ", code!("raw_text"), " FROM ", ordered_records!(), " WHERE ", is_record!("?1")),
};

/// In snapshot order.
pub(crate) fn of_run(connection: &Connection, run: RunId) -> Result<Vec<CodeRow>> {
    collect(connection.prepare(OF_RUN.sql(connection)?)?.query([run.0])?)
}

/// The records of the run with these ids, in the order of `ids`; unknown ids are skipped.
pub(crate) fn by_id(connection: &Connection, run: RunId, ids: &[i64]) -> Result<Vec<CodeRow>> {
    let mut statement = connection.prepare(BY_ID.sql(connection)?)?;
    let mut found = Vec::with_capacity(ids.len());
    for &id in ids {
        found.append(&mut collect(statement.query((run.0, id))?)?);
    }
    Ok(found)
}

/// The normalized code of a part of the records, by id, of those in files that are wanted.
pub(crate) fn texts(connection: &Connection, part: &TextQuery, is_wanted: &dyn Fn(&str) -> bool) -> Result<Texts> {
    let bound = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let (shortest, longest) = (bound(*part.lengths.start()), bound(*part.lengths.end()));
    let (first, last) = (part.ids.start(), part.ids.end());
    let mut statement = connection.prepare(TEXTS.sql(connection)?)?;
    let functions_from = part.functions_from.map_or(i64::MAX, bound);
    let mut rows = statement.query((part.run.0, first, last, shortest, longest, part.with_files, functions_from))?;
    let mut texts = Texts::default();
    while let Some(row) = rows.next()? {
        if !is_wanted(row.get_ref(3)?.as_str()?) {
            continue;
        }
        texts.push(Text { id: row.get(0)?, is_function: row.get(1)?, code: row.get_ref(2)?.as_str()? });
    }
    Ok(texts)
}

/// The lowest and the highest record id of a snapshot.
pub(crate) fn bounds(connection: &Connection, run: RunId) -> Result<Option<(i64, i64)>> {
    connection.query_row(BOUNDS.sql(connection)?, [run.0], |row| {
        Ok(row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?))
    })
}

/// The ids and the lines of the records of a file.
pub(crate) fn locations(connection: &Connection, run: RunId, file_path: &str) -> Result<Vec<(i64, u32, u32)>> {
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    connection.prepare(LOCATIONS.sql(connection)?)?.query_map((run.0, file_path), read)?.collect()
}

fn collect(mut rows: Rows<'_>) -> Result<Vec<CodeRow>> {
    let mut found: Vec<CodeRow> = Vec::new();
    while let Some(row) = rows.next()? {
        let path = row.get_ref(2)?.as_str()?;
        // The records of a file are consecutive, so they can share its path.
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
        head: match row.get_ref(9)? {
            ValueRef::Text(head) | ValueRef::Blob(head) => Some(String::from_utf8_lossy(head).into()),
            _ => None,
        },
        has_builtin_model: row.get::<_, Option<bool>>(10)?.unwrap_or_default(),
        is_not_asked: row.get::<_, Option<bool>>(11)?.unwrap_or_default(),
    })
}

/// The exact code by record id.
pub(crate) fn raw(connection: &Connection, ids: &[i64]) -> Result<HashMap<i64, String>> {
    let mut statement = connection.prepare(RAW.sql(connection)?)?;
    let mut found = HashMap::with_capacity(ids.len());
    for &id in ids {
        if let Some(code) = statement.query_row([id], |row| row.get(0)).optional()? {
            found.insert(id, code);
        }
    }
    Ok(found)
}

/// The highest run number.
pub(crate) fn newest_run(connection: &Connection) -> Result<Option<RunId>> {
    runs::last(connection).map(|id| id.map(RunId))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::table::records;

    #[test]
    fn file_records_are_found_by_index() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(records::TABLE.create).unwrap();
        for index in records::TABLE.indexes {
            connection.execute_batch(index.create).unwrap();
        }
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", LOCATIONS.plain)).unwrap();
        let plan: Vec<String> =
            statement.query_map((1, "a.py"), |row| row.get(3)).unwrap().map(std::result::Result::unwrap).collect();
        let [table, bounds @ ..] = &plan[..] else { panic!("no plan") };
        assert_eq!(table, "SEARCH records USING INDEX idx_records_file_path (file_path=? AND rowid>? AND rowid<?)");
        assert!(bounds.iter().all(|step| !step.contains("SCAN")), "{bounds:?}");
    }
}
