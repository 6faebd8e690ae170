//! The id that a caller gives to an invocation.

use cds_model::{AccountStatus, Timestamp};
use cds_persistence::{DetailsRow, LedgerRow, SqliteReader};

use crate::{AccountPlan, DatabasePlan, Error, TakenId};

/// Refuses an id that was given and that the ledger has already: each invocation has an id of its own. A run that
/// another program holds open, and that has no snapshot yet, is one to become a part of.
pub(crate) fn check(plan: &AccountPlan, database: &DatabasePlan, now: Timestamp) -> Result<(), Error> {
    let Some(id) = plan.given_id else { return Ok(()) };
    // What else is wrong with the database is found where it is opened for writing.
    let Ok(Some(reader)) = SqliteReader::open_if_present(&database.path, &database.options) else { return Ok(()) };
    let Ok(found) = reader.resolve_run(&id.to_string()) else { return Ok(()) };
    let Some(row) = found.ledger.filter(|row| row.run_id == id.to_string()) else { return Ok(()) };
    let found = match (is_held_open(&row, found.details.as_ref(), now), found.snapshot_id) {
        (true, None) => return Ok(()),
        (true, Some(run)) => TakenId::HasSnapshot { run },
        (false, _) => TakenId::Ended { project: row.subject, status: row.status },
    };
    Err(Error::TakenId { id, found })
}

fn is_held_open(row: &LedgerRow, details: Option<&DetailsRow>, now: Timestamp) -> bool {
    let until = details.and_then(|details| details.expires_at.as_deref());
    // Times of one form are in the order of their texts.
    row.status == AccountStatus::Running.as_str() && until.is_some_and(|until| until > now.to_string().as_str())
}
