//! Read-only queries over the accounts and the tables they refer to.
//!
//! Each table has its own statements, because any of them may be missing from a file.

pub(crate) mod code;
pub(crate) mod definitions;
pub(crate) mod errors;
pub(crate) mod known;
pub(crate) mod known_files;
pub(crate) mod ledger;
pub(crate) mod stages;
pub(crate) mod states;
pub(crate) mod storage;
pub(crate) mod telemetry;
pub(crate) mod units;
pub(crate) mod verify;

use rusqlite::{Connection, Result, Row, params};

use crate::{Counted, ErrorGroup};

/// The most groups of errors, decisions or the like that are read of one run; the most frequent come first.
pub(crate) const GROUP_LIMIT: i64 = 1_000;

/// Rows of a name and a count.
fn counted(connection: &Connection, sql: &str, key: &str) -> Result<Vec<Counted>> {
    let read = |row: &Row<'_>| Ok(Counted { name: super::read_text(row, 0)?, count: super::read_number(row, 1)? });
    connection.prepare(sql)?.query_map(params![key, GROUP_LIMIT], read)?.collect()
}

/// Rows of a reason, a count and an example.
fn groups(connection: &Connection, sql: &str, key: impl rusqlite::ToSql) -> Result<Vec<ErrorGroup>> {
    let read = |row: &Row<'_>| {
        Ok(ErrorGroup {
            reason: super::read_text(row, 0)?,
            count: super::read_number(row, 1)?,
            example: super::read_text(row, 2)?,
        })
    };
    connection.prepare(sql)?.query_map(params![key, GROUP_LIMIT], read)?.collect()
}
