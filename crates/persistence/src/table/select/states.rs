//! Reads the proof of a snapshot: its rows in the chain and the history, and its current records for hashing.

use std::{collections::HashMap, sync::Arc};

use cds_model::{ChainLink, FieldValue, MerkleTree, RECORD_FIELDS, RecordHashes};
use rusqlite::{Connection, OptionalExtension as _, Result, Row, named_params};

use crate::{
    ChainRow, Counted, RunId, StateRow,
    table::{
        read_number, read_text,
        run_hash::field_value,
        shared::{Query, code, hashed_fields, ordered_records, question},
    },
};

/// The fields in the order of [`RECORD_FIELDS`].
const RECORDS: Query = Query {
    plain: "
SELECT kind, file_path, signature, start_line, end_line, raw_code, normalized_code, md5sum, intent, intent_status,
       intent_error
FROM records
WHERE run_id = ?1
ORDER BY id",
    compact: concat!(
        "
SELECT ",
        hashed_fields!(),
        "
FROM ",
        ordered_records!(),
        "
WHERE part.run_id = ?1
ORDER BY part.first_record_id, shared.id"
    ),
};

const LAST_EVENT: &str = "SELECT event FROM snapshot_chain WHERE run_id = ?1 ORDER BY sequence DESC LIMIT 1";

const UNREAD_PATHS: &str = "SELECT DISTINCT file_path FROM analyzer_errors WHERE run_id = ?1";

/// If a number was assigned again, the last row counts.
const PARTS: &str = "
SELECT run_id, part
FROM snapshot_chain
WHERE event = 'snapshot'
ORDER BY sequence";

const LATEST: &str = "
SELECT run_id
FROM snapshot_chain AS chain
WHERE project = :project AND part = :part AND event = :event AND EXISTS (SELECT 1 FROM runs WHERE id = chain.run_id)
ORDER BY sequence DESC
LIMIT 1";

/// The history rows of a snapshot follow those that the previous chain row covers.
const TRANSITIONS: &str = "
SELECT transition, count(*)
FROM unit_history
WHERE sequence <= :last AND sequence > coalesce((SELECT history_sequence
                                                 FROM snapshot_chain
                                                 WHERE sequence < :sequence
                                                 ORDER BY sequence DESC
                                                 LIMIT 1), 0)
GROUP BY transition";

const DIGESTS: Query = Query {
    plain: "
SELECT DISTINCT model_digest
FROM record_questions AS asked JOIN intent_cache AS kept ON kept.question = asked.question
WHERE asked.record_id IN (SELECT id FROM records WHERE run_id = ?1) AND model_digest <> ''
ORDER BY model_digest
LIMIT ?2",
    compact: concat!(
        "
SELECT DISTINCT model_digest
FROM (SELECT DISTINCT ",
        question!(),
        " AS question
      FROM ",
        ordered_records!(),
        "
      WHERE part.run_id = ?1) AS asked
JOIN intent_cache AS kept ON kept.question = asked.question
WHERE model_digest <> ''
ORDER BY model_digest
LIMIT ?2"
    ),
};

/// The definitions and files of a run with the hash of their code, in snapshot order; the code of one row is in memory
/// at a time.
pub(crate) fn of_run(connection: &Connection, run: RunId) -> Result<Vec<StateRow>> {
    let mut statement = connection.prepare(RECORDS.sql(connection)?)?;
    let mut rows = statement.query([run.0])?;
    let mut found: Vec<StateRow> = Vec::new();
    while let Some(row) = rows.next()? {
        let path = row.get_ref(1)?.as_str()?;
        // The records of a file are consecutive, so they can share its path.
        let shared = found.last().map(|last| &last.file_path).filter(|last| ***last == *path);
        found.push(StateRow {
            kind: row.get(0)?,
            file_path: shared.map_or_else(|| Arc::from(path), Arc::clone),
            signature: row.get(2)?,
            start_line: row.get(3)?,
            end_line: row.get(4)?,
            code: RecordHashes::of(&fields(row)?).code,
        });
    }
    Ok(found)
}

/// The Merkle tree over the records of a run as they are stored now.
pub(crate) fn tree(connection: &Connection, run: RunId) -> Result<MerkleTree> {
    let mut statement = connection.prepare(RECORDS.sql(connection)?)?;
    let mut rows = statement.query([run.0])?;
    let mut tree = MerkleTree::default();
    while let Some(row) = rows.next()? {
        tree.push(RecordHashes::content_of(&fields(row)?));
    }
    Ok(tree)
}

fn fields<'a>(row: &'a Row<'_>) -> Result<[FieldValue<'a>; RECORD_FIELDS.len()]> {
    let mut fields = [FieldValue::Null; RECORD_FIELDS.len()];
    for (column, field) in fields.iter_mut().enumerate() {
        *field = field_value(row.get_ref(column)?);
    }
    Ok(fields)
}

/// The last event of a snapshot in the chain, if there is one.
pub(crate) fn last_event(connection: &Connection, run: RunId) -> Result<Option<String>> {
    let event = |row: &Row<'_>| Ok(row.get_ref(0)?.as_str().unwrap_or_default().to_owned());
    connection.prepare_cached(LAST_EVENT)?.query_row([run.0], event).optional()
}

/// The paths of a run's analyzer errors; values that are not text are skipped.
pub(crate) fn unread_paths(connection: &Connection, run: RunId) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    let mut statement = connection.prepare(UNREAD_PATHS)?;
    let mut rows = statement.query([run.0])?;
    while let Some(row) = rows.next()? {
        paths.extend(row.get_ref(0)?.as_str().ok().map(str::to_owned));
    }
    Ok(paths)
}

/// The part of each snapshot in the chain.
pub(crate) fn parts(connection: &Connection) -> Result<HashMap<RunId, String>> {
    connection.prepare(PARTS)?.query_map([], |row| Ok((RunId(row.get(0)?), read_text(row, 1)?)))?.collect()
}

/// The latest existing snapshot of a part of a project.
pub(crate) fn latest(connection: &Connection, project: &str, part: &str) -> Result<Option<RunId>> {
    let parameters = named_params! { ":project": project, ":part": part, ":event": ChainLink::SNAPSHOT };
    connection.query_row(LATEST, parameters, |row| row.get(0).map(RunId)).optional()
}

/// How often each transition occurred in the snapshot of that row.
pub(crate) fn transitions(connection: &Connection, row: &ChainRow) -> Result<Vec<Counted>> {
    let read = |row: &Row<'_>| Ok(Counted { name: row.get(0)?, count: read_number(row, 1)? });
    let parameters = named_params! { ":last": row.history_sequence, ":sequence": row.sequence };
    connection.prepare(TRANSITIONS)?.query_map(parameters, read)?.collect()
}

/// The digests of the models whose stored answers a run's records use, at most `limit`.
pub(crate) fn model_digests(connection: &Connection, run: RunId, limit: i64) -> Result<Vec<String>> {
    connection.prepare(DIGESTS.sql(connection)?)?.query_map((run.0, limit), |row| row.get(0))?.collect()
}
