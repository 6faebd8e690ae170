//! Rows of the accounts that hold what they should not: named on stderr, while everything else is shown.

use cds_persistence::{DamagedRow, SqliteReader};

use crate::render::messages::Console;

/// At most this number of rows is named.
const MOST_NAMED: usize = 5;

/// Names the damaged rows; what cannot be looked at is met by the command itself.
pub(super) fn warn(reader: &SqliteReader, console: Console) {
    let found = reader.damaged_rows(MOST_NAMED + 1).unwrap_or_default();
    for row in found.iter().take(MOST_NAMED) {
        console.warning(&sentence(row));
    }
    if found.len() > MOST_NAMED {
        console.warning("more rows are damaged; cds verify names what was altered");
    }
}

fn sentence(row: &DamagedRow) -> String {
    let DamagedRow { table, row_id, column, found } = row;
    let (place, remedy) = match *table {
        "runs" => (format!("run {row_id}"), "; cds runs prune can remove it"),
        table => (format!("row {row_id} of {table}"), ""),
    };
    format!("{place} is damaged: its {column} is of type {found}; it is shown as far as it can be read{remedy}")
}
