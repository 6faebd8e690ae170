//! Rows of the accounts in which something stands that does not belong into its column.
//!
//! `SQLite` lets any program store bytes where a text belongs. What can be read of such a row is shown like that of any
//! other; here it is found, so that it can be named.

use rusqlite::{Connection, Result};

use super::{fit, reader::SqliteReader};
use crate::{
    Error, Step,
    table::{Table, runs, runs_ledger, snapshot_chain, stage_runs},
};

/// Small tables, of which one row can stand in the way of all runs.
const LOOKED_AT: [&Table; 4] = [&runs::TABLE, &runs_ledger::TABLE, &stage_runs::TABLE, &snapshot_chain::TABLE];

/// A value that does not belong into its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedRow {
    /// The table.
    pub table: &'static str,
    /// The number of the row; in `runs`, that of the run.
    pub row_id: i64,
    /// The first such column.
    pub column: String,
    /// What stands there: `blob`, `text`, `integer`, `real` or `null`.
    pub found: String,
}

impl SqliteReader {
    /// At most `limit` of the rows of the accounts that hold what they should not.
    pub fn damaged_rows(&self, limit: usize) -> std::result::Result<Vec<DamagedRow>, Error> {
        self.read(|database| {
            database.read(&Step::ReadAccounts, |connection| {
                let mut found = Vec::new();
                for table in LOOKED_AT {
                    if fit::has_table(connection, table)? {
                        find(connection, table, limit.saturating_sub(found.len()), &mut found)?;
                    }
                }
                Ok(found)
            })
        })
    }
}

fn find(connection: &Connection, table: &Table, limit: usize, found: &mut Vec<DamagedRow>) -> Result<()> {
    let columns = unfit_columns(connection, table)?;
    let cases = |value: fn(&str) -> String| -> String {
        columns.iter().map(|(name, unfit)| format!("WHEN {unfit} THEN {}", value(name))).collect::<Vec<_>>().join(" ")
    };
    // The names are those of our own definition, with which the table was compared when the file was opened.
    let sql = format!(
        "SELECT rowid, CASE {} END, CASE {} END AS found FROM {} WHERE found IS NOT NULL ORDER BY rowid LIMIT ?1",
        cases(|name| format!("'{name}'")),
        cases(|name| format!("typeof({name})")),
        table.name
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([limit])?;
    while let Some(row) = rows.next()? {
        found.push(DamagedRow { table: table.name, row_id: row.get(0)?, column: row.get(1)?, found: row.get(2)? });
    }
    Ok(())
}

/// The name of each column, and by what a value is known that does not belong there.
fn unfit_columns(connection: &Connection, table: &Table) -> Result<Vec<(String, String)>> {
    let sql = r#"SELECT name, upper(type), "notnull" OR pk FROM pragma_table_info(?1) ORDER BY cid"#;
    let read = |row: &rusqlite::Row<'_>| {
        let (name, of_type, is_needed): (String, String, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let fit = match of_type.as_str() {
            "TEXT" => "'text'",
            "INTEGER" => "'integer'",
            _ => "'real', 'integer'",
        };
        let nothing = if is_needed { "" } else { ", 'null'" };
        let unfit = format!("typeof({name}) NOT IN ({fit}{nothing})");
        Ok((name, unfit))
    };
    connection.prepare(sql)?.query_map([table.name], read)?.collect()
}
