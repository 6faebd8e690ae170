//! What is said of a snapshot that is not there; that it was pruned only where the chain has that.

use anyhow::anyhow;
use cds_persistence::{RunId, SnapshotAbsence, SqliteReader};

use crate::failure::{Failure, database_failure};

/// The next step where a run has no snapshot.
pub(crate) const LIST_HINT: &str = "cds runs list shows the snapshots in its first column";

/// Why `what` cannot be done with a snapshot that is not there: the argument is wrong, but where it was not pruned the
/// database is.
pub(crate) fn failure(reader: &SqliteReader, what: &str, id: RunId) -> Result<Failure, Failure> {
    let why = match reader.absence_of(id).map_err(database_failure)? {
        SnapshotAbsence::Unexplained => return Ok(unexplained(what, id)),
        SnapshotAbsence::Pruned => "was pruned",
        SnapshotAbsence::Unrecorded => "is not in the database any more, and no history tells why",
    };
    Ok(Failure::usage(anyhow!("{what}: its snapshot {id} {why}")).with_hint(LIST_HINT))
}

/// Whether the chain has the snapshot, and not that it was pruned.
pub(crate) fn is_unexplained(reader: &SqliteReader, id: RunId) -> Result<bool, Failure> {
    Ok(reader.absence_of(id).map_err(database_failure)? == SnapshotAbsence::Unexplained)
}

/// The database is not whole.
pub(crate) fn unexplained(what: &str, id: RunId) -> Failure {
    Failure::failed(anyhow!("{what}: its snapshot {id} is missing without having been pruned"))
        .with_hint("cds verify, without --run, names what is missing from the database")
}
