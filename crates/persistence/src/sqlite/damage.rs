//! Finds account rows with a value of the wrong type.
//!
//! `SQLite` lets any program store bytes in a text column. The readable values of such a row are shown like any other;
//! this module finds the row, so that it can be reported.

use rusqlite::{Connection, Result};

use super::{fit, reader::SqliteReader};
use crate::{
    Error, Step,
    table::{Table, runs, runs_ledger, snapshot_chain, stage_runs},
};

/// Small tables, in which one damaged row can affect all runs.
const LOOKED_AT: [&Table; 4] = [&runs::TABLE, &runs_ledger::TABLE, &stage_runs::TABLE, &snapshot_chain::TABLE];

/// A row with a value of the wrong type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedRow {
    /// The table.
    pub table: &'static str,
    /// The id of the row; in `runs`, the number of the run.
    pub row_id: i64,
    /// The first column with a wrong value.
    pub column: String,
    /// The type of the value: `blob`, `text`, `integer`, `real` or `null`.
    pub found: String,
}

impl SqliteReader {
    /// The damaged rows of the accounts, at most `limit`.
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
    // The names are safe to format into SQL: they come from our own definition, which the table matched when it was
    // opened.
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

/// The name of each column, and the SQL condition for a value of the wrong type.
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
