//! What is said of a snapshot that is not there; that it was pruned only where the chain has that.

use anyhow::anyhow;
use cds_persistence::{RunId, SnapshotAbsence, SqliteReader};

use crate::failure::{Failure, database_failure};

/// The next step where a run has no snapshot.
pub(crate) const LIST_HINT: &str = "cds runs list shows the snapshots in its first column";

/// Why `what` cannot be done with a snapshot that is not there: the argument is wrong, but where it was not pruned the
/// database is.
pub(crate) fn failure(reader: &SqliteReader, what: &str, id: RunId) -> Result<Failure, Failure> {
    Ok(match reason(reader, id)? {
        Some(why) => Failure::usage(anyhow!("{what}: its snapshot {id} {why}")).with_hint(LIST_HINT),
        None => unexplained(what, id),
    })
}

/// Why a snapshot is not there, to be read after its number; none where the database is not whole.
pub(crate) fn reason(reader: &SqliteReader, id: RunId) -> Result<Option<&'static str>, Failure> {
    Ok(match reader.absence_of(id).map_err(database_failure)? {
        SnapshotAbsence::Unexplained => None,
        SnapshotAbsence::Pruned => Some("was pruned"),
        SnapshotAbsence::Unrecorded => Some("is not in the database any more, and no history tells why"),
    })
}

/// The database is not whole.
pub(crate) fn unexplained(what: &str, id: RunId) -> Failure {
    Failure::failed(anyhow!("{what}: its snapshot {id} is missing without having been pruned"))
        .with_hint("cds verify, without --run, names what is missing from the database")
}
