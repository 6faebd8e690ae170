//! Quick checks before a writer continues a proof that another program may have broken.

use rusqlite::{Connection, Result};

use super::super::fit;
use crate::table::{self, Table, record_hashes, snapshot_chain, unit_history, units};

/// A database has either all of these tables or none.
const TRACED: [&Table; 4] = [&record_hashes::TABLE, &units::TABLE, &unit_history::TABLE, &snapshot_chain::TABLE];

const TRIGGER_COUNT: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1";

/// The first deviation from the state that our own writers leave. It must run before missing tables are created again.
///
/// It checks only the ends of the chains; `verify` checks everything.
pub(in super::super) fn doubt(connection: &Connection) -> Result<Option<String>> {
    let mut is_there = [false; TRACED.len()];
    for (table, is_there) in TRACED.into_iter().zip(&mut is_there) {
        *is_there = fit::has_table(connection, table)?;
    }
    if !is_there.contains(&true) {
        return Ok(None);
    }
    for (table, is_there) in TRACED.into_iter().zip(is_there) {
        if !is_there {
            return Ok(Some(format!("table {} was missing", table.name)));
        }
        let count: i64 = connection.query_row(TRIGGER_COUNT, [table.name], |row| row.get(0))?;
        // More triggers are no problem: other programs may add their own.
        if count < table::count(table.guards.len()) {
            return Ok(Some(format!("triggers of table {} were missing", table.name)));
        }
    }
    let history = unit_history::last(connection)?.map(|(sequence, hash)| (sequence, Some(hash)));
    let Some(last) = snapshot_chain::last(connection)? else {
        // History rows without any chain row mean that the chain was emptied.
        return Ok(history.map(|_| "the chain of the snapshots was empty".to_owned()));
    };
    if last.link().hash().to_string() != last.hash {
        return Ok(Some(format!("row {} of snapshot_chain is not as it was written", last.sequence)));
    }
    let (sequence, hash) = history.unwrap_or((0, None));
    // An empty history is at number 0 and has no hash.
    let is_end = sequence == last.history_sequence && hash.is_none_or(|hash| hash == last.history_hash);
    Ok((!is_end).then(|| "the history does not end where the chain says".to_owned()))
}
