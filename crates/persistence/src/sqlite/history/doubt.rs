//! What a writer can see at a glance before it goes on with a proof that somebody may have broken.

use rusqlite::{Connection, Result};

use super::super::fit;
use crate::table::{self, Table, record_hashes, snapshot_chain, unit_history, units};

/// A database that has one of them has all.
const TRACED: [&Table; 4] = [&record_hashes::TABLE, &units::TABLE, &unit_history::TABLE, &snapshot_chain::TABLE];

const TRIGGER_COUNT: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1";

/// The first thing that is not as a writer of ours leaves it: to be asked before what is missing is created anew.
///
/// It looks at the ends of the chains alone; a verification looks at everything.
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
        if count < table::count(table.guards.len()) {
            return Ok(Some(format!("triggers of table {} were missing", table.name)));
        }
    }
    let history = unit_history::last(connection)?.map(|(sequence, hash)| (sequence, Some(hash)));
    let Some(last) = snapshot_chain::last(connection)? else {
        return Ok(history.map(|_| "the chain of the snapshots was empty".to_owned()));
    };
    if last.link().hash().to_string() != last.hash {
        return Ok(Some(format!("row {} of snapshot_chain is not as it was written", last.sequence)));
    }
    let (sequence, hash) = history.unwrap_or((0, None));
    let is_end = sequence == last.history_sequence && hash.is_none_or(|hash| hash == last.history_hash);
    Ok((!is_end).then(|| "the history does not end where the chain says".to_owned()))
}
