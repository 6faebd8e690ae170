//! The latest snapshot of a tree with its intents, and when its definitions changed.

use std::{collections::HashMap, sync::Arc};

use cds_model::ChainLink;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, named_params};

use crate::{
    IntentOrigin, KnownRecord, LastChange, RunId,
    table::{
        read_text, record_questions,
        shared::{Query, ordered_records, question, record_id},
    },
};

/// A pruned snapshot has a row here and none in `runs`.
const LATEST: &str = "
SELECT run_id
FROM snapshot_chain
WHERE project = :project AND part = :part AND event = :event AND run_id IN (SELECT id FROM runs)
ORDER BY sequence DESC
LIMIT 1";

const LATEST_OF_ROOT: &str = "SELECT id FROM runs WHERE root_path = ?1 ORDER BY id DESC LIMIT 1";

const LATEST_OF_OTHERS: &str = "
SELECT id
FROM runs
WHERE root_path = ?1 AND id NOT IN (SELECT snapshot_id FROM runs_ledger WHERE snapshot_id IS NOT NULL)
ORDER BY id DESC
LIMIT 1";

const RECORDS: Query = Query {
    plain: "
SELECT id, kind, file_path, signature, start_line, end_line, md5sum, CASE WHEN intent_status = 'success' THEN intent END
FROM records
WHERE run_id = ?1
ORDER BY id",
    compact: concat!(
        "
SELECT ",
        record_id!(),
        ", content.kind, content.file_path, content.signature, shared.start_line, shared.end_line, content.md5sum,
       CASE WHEN content.intent_status = 'success' THEN content.intent END
FROM ",
        ordered_records!(),
        "
WHERE part.run_id = ?1
ORDER BY part.first_record_id, shared.id"
    ),
};

/// A range instead of a join: in a view the computed id of a record has no index.
const QUESTIONS: Query = Query {
    plain: "SELECT record_id, question, is_cut FROM record_questions WHERE record_id BETWEEN ?1 AND ?2",
    compact: concat!(
        "
SELECT ",
        record_id!(),
        ", ",
        question!(),
        ", content.is_cut
FROM ",
        ordered_records!(),
        "
WHERE part.first_record_id <= ?2 AND part.first_record_id + part.record_count > ?1 AND ",
        record_id!(),
        " BETWEEN ?1 AND ?2
      AND content.question IS NOT NULL"
    ),
};

/// A move alone changes no code.
const CHANGES: &str = "
SELECT units.file_path, units.kind, units.name, units.ordinal, max(unit_history.run_id)
FROM units JOIN unit_history ON unit_history.unit_id = units.id
WHERE units.project = ?1 AND units.part = ?2 AND units.state = 'present'
      AND unit_history.transition IN ('added', 'changed', 'returned')
GROUP BY units.id";

/// The latest snapshot of a part of a project that is not pruned.
pub(crate) fn latest(connection: &Connection, project: &str, part: &str) -> Result<Option<RunId>> {
    let values = named_params! { ":project": project, ":part": part, ":event": ChainLink::SNAPSHOT };
    connection.query_row(LATEST, values, |row| row.get(0).map(RunId)).optional()
}

/// The last snapshot of a tree that another program wrote; without a ledger, that is any snapshot.
pub(crate) fn latest_of_others(connection: &Connection, root_path: &str, has_ledger: bool) -> Result<Option<RunId>> {
    let sql = if has_ledger { LATEST_OF_OTHERS } else { LATEST_OF_ROOT };
    connection.query_row(sql, [root_path], |row| row.get(0).map(RunId)).optional()
}

/// The records of a snapshot, and the id of each.
pub(crate) fn records(connection: &Connection, run: RunId) -> Result<Vec<(i64, KnownRecord)>> {
    let mut statement = connection.prepare(RECORDS.sql(connection)?)?;
    let mut rows = statement.query([run.0])?;
    let mut found: Vec<(i64, KnownRecord)> = Vec::new();
    while let Some(row) = rows.next()? {
        let path = read_text(row, 2)?;
        let shared = found.last().map(|(_, last)| &last.file_path).filter(|last| ***last == *path);
        let file_path = shared.map_or_else(|| Arc::from(path), Arc::clone);
        found.push((row.get(0)?, read(row, file_path)?));
    }
    Ok(found)
}

fn read(row: &Row<'_>, file_path: Arc<str>) -> Result<KnownRecord> {
    let text = |column| row.get_ref(column).map(|value| value.as_str().ok().map(str::to_owned));
    let line = |column| row.get_ref(column).map(|value| value.as_i64().ok().and_then(|line| u32::try_from(line).ok()));
    Ok(KnownRecord {
        kind: read_text(row, 1)?,
        file_path,
        signature: text(3)?,
        lines: (line(4)?.unwrap_or_default(), line(5)?.unwrap_or_default()),
        md5sum: read_text(row, 6)?,
        intent: text(7)?,
        origin: None,
    })
}

/// The origins of the sentences of the records with ids in this range.
pub(crate) fn origins(connection: &Connection, first: i64, last: i64) -> Result<HashMap<i64, IntentOrigin>> {
    let mut statement = connection.prepare(QUESTIONS.sql(connection)?)?;
    let mut rows = statement.query([first, last])?;
    let mut found = HashMap::new();
    while let Some(row) = rows.next()? {
        let question = read_text(row, 1)?;
        let is_cut = row.get_ref(2)?.as_i64().unwrap_or_default() != 0;
        let origin = match question.parse() {
            Ok(key) => IntentOrigin::Asked(key, is_cut),
            Err(()) if question == record_questions::DERIVED => IntentOrigin::Derived,
            Err(()) => continue,
        };
        found.insert(row.get(0)?, origin);
    }
    Ok(found)
}

/// When the code of the present definitions of a part of a project last changed.
pub(crate) fn last_changes(connection: &Connection, project: &str, part: &str) -> Result<Vec<LastChange>> {
    let mut statement = connection.prepare(CHANGES)?;
    let read = |row: &Row<'_>| {
        Ok(LastChange {
            file_path: read_text(row, 0)?,
            kind: read_text(row, 1)?,
            name: read_text(row, 2)?,
            ordinal: row.get(3)?,
            run: RunId(row.get(4)?),
        })
    };
    statement.query_map([project, part], read)?.collect()
}
