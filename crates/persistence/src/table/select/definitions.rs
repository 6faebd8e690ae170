//! Reads the records of one snapshot without their code.

use rusqlite::{Connection, Result, Row};

use crate::{
    Counted, DefinitionRow, RunId,
    table::{
        read_number, read_text,
        shared::{Query, ordered_records},
    },
};

const OF_RUN: Query = Query {
    plain: "
SELECT kind, file_path, signature, start_line, end_line, md5sum, intent, intent_status
FROM records
WHERE run_id = ?1
ORDER BY id",
    compact: concat!(
        "
SELECT content.kind, content.file_path, content.signature, shared.start_line, shared.end_line, content.md5sum,
       content.intent, content.intent_status
FROM ",
        ordered_records!(),
        "
WHERE part.run_id = ?1
ORDER BY part.first_record_id, shared.id"
    ),
};

const KINDS: &str = "SELECT kind, count(*) FROM records WHERE run_id = ?1 GROUP BY kind ORDER BY kind";

/// In snapshot order.
pub(crate) fn of_run(connection: &Connection, run: RunId) -> Result<Vec<DefinitionRow>> {
    connection.prepare(OF_RUN.sql(connection)?)?.query_map([run.0], read)?.collect()
}

/// The number of records of each kind.
pub(crate) fn kinds(connection: &Connection, run: RunId) -> Result<Vec<Counted>> {
    let read = |row: &Row<'_>| Ok(Counted { name: read_text(row, 0)?, count: read_number(row, 1)? });
    connection.prepare(KINDS)?.query_map([run.0], read)?.collect()
}

fn read(row: &Row<'_>) -> Result<DefinitionRow> {
    Ok(DefinitionRow {
        kind: row.get(0)?,
        file_path: row.get(1)?,
        signature: row.get(2)?,
        start_line: row.get(3)?,
        end_line: row.get(4)?,
        md5sum: row.get(5)?,
        intent: row.get(6)?,
        intent_status: row.get(7)?,
    })
}
