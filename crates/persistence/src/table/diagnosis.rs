//! Queries about the whole database.

use rusqlite::{Connection, Result};

use super::{read_number, shared::Query};

pub(crate) const PAGE_SIZE: &str = "SELECT page_size FROM pragma_page_size";

pub(crate) const PAGE_COUNT: &str = "SELECT page_count FROM pragma_page_count";

pub(crate) const FREE_PAGE_COUNT: &str = "SELECT freelist_count FROM pragma_freelist_count";

pub(crate) const RUN_COUNT: &str = "SELECT count(*) FROM runs";

pub(crate) const RECORD_COUNT: Query =
    Query { plain: "SELECT count(*) FROM records", compact: "SELECT coalesce(sum(record_count), 0) FROM run_records" };

/// Also compares indexes with their tables.
const INTEGRITY: &str = "PRAGMA integrity_check(10)";

const DANGLING_ROW_COUNT: &str = "SELECT count(*) FROM pragma_foreign_key_check(?1)";

/// The number that one of the statements above returns.
pub(crate) fn number(connection: &Connection, sql: &str) -> Result<u64> {
    connection.query_row(sql, [], |row| read_number(row, 0))
}

/// The damage found in the file, or the one line `ok`.
pub(crate) fn integrity(connection: &Connection) -> Result<Vec<String>> {
    connection.prepare(INTEGRITY)?.query_map([], |row| row.get(0))?.collect()
}

/// The number of rows in the table with a dangling foreign key.
pub(crate) fn dangling_row_count(connection: &Connection, table: &str) -> Result<u64> {
    connection.query_row(DANGLING_ROW_COUNT, [table], |row| read_number(row, 0))
}
