//! The snapshot that a name means, for commands that cannot do without one.

use anyhow::anyhow;
use cds_persistence::{FoundRun, Invocation, RunId, SnapshotRow, SqliteReader};

use crate::failure::{Failure, database_failure};

/// A snapshot that is there.
#[derive(Debug, Clone)]
pub(in crate::commands) struct NamedSnapshot {
    pub(in crate::commands) invocation: Invocation,
    pub(in crate::commands) row: SnapshotRow,
}

/// The snapshot that `name` means: `latest` is the one with the greatest number; every other name is read as by
/// `cds runs show`. Where there is none, the argument is wrong; where one is gone that nobody pruned, the database is.
pub(in crate::commands) fn snapshot(reader: &SqliteReader, name: &str) -> Result<NamedSnapshot, Failure> {
    let latest = if name == "latest" {
        let newest = reader.newest_snapshot().map_err(database_failure)?.ok_or_else(no_snapshot_yet)?;
        Some(newest.to_string())
    } else {
        None
    };
    match reader.find_snapshot(latest.as_deref().unwrap_or(name)).map_err(database_failure)? {
        FoundRun::One(found) => with_snapshot(reader, *found, name),
        FoundRun::Ambiguous(candidates) => Err(Failure::usage(anyhow!("use run {name:?}: more than one begins so"))
            .with_hint(format!("it may be {}", candidates.join(", ")))),
        // Its row in the ledger may be gone as well.
        FoundRun::Missing { nearest } => Err(
            if let Some(id) = name.parse().ok().map(RunId)
                && reader.chain_expects(id).map_err(database_failure)?
            {
                gone(&format!("use run {name:?}"), id)
            } else if nearest.is_empty() {
                no_snapshot_yet()
            } else {
                Failure::usage(anyhow!("use run {name:?}: there is none"))
                    .with_hint(format!("the nearest are {}; cds runs list shows all", nearest.join(", ")))
            },
        ),
    }
}

/// What is said of a snapshot that the chain has, and that is neither there nor pruned.
pub(super) fn gone(what: &str, id: RunId) -> Failure {
    Failure::failed(anyhow!("{what}: its snapshot {id} is gone, and was not pruned"))
        .with_hint("cds verify, without --run, names what is missing from the database")
}

fn with_snapshot(reader: &SqliteReader, invocation: Invocation, name: &str) -> Result<NamedSnapshot, Failure> {
    let Some(row) = invocation.snapshot.clone() else {
        let why = match invocation.snapshot_id {
            Some(id) if reader.chain_expects(id).map_err(database_failure)? => {
                return Err(gone(&format!("use run {name:?}"), id));
            }
            Some(id) => format!("its snapshot {id} was pruned"),
            None => format!("it has no snapshot, it is {}", invocation.status()),
        };
        return Err(Failure::usage(anyhow!("use run {name:?}: {why}"))
            .with_hint("cds runs list shows the snapshots in its first column"));
    };
    Ok(NamedSnapshot { invocation, row })
}

fn no_snapshot_yet() -> Failure {
    Failure::usage(anyhow!("find a snapshot: the database has no run yet"))
        .with_hint("the first is made by: cds persist --path SRC --db-path FILE")
}
