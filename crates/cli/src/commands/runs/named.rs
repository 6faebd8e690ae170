//! The snapshot that a name means, for commands that cannot do without one.

use anyhow::anyhow;
use cds_persistence::{FoundRun, Invocation, RunId, SnapshotRow, SqliteReader};

use crate::{
    absence::{self, LIST_HINT},
    failure::{Failure, database_failure},
};

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
                && absence::reason(reader, id)?.is_none()
            {
                absence::unexplained(&format!("use run {name:?}"), id)
            } else if nearest.is_empty() {
                no_snapshot_yet()
            } else {
                Failure::usage(anyhow!("use run {name:?}: there is none"))
                    .with_hint(format!("the nearest are {}; cds runs list shows all", nearest.join(", ")))
            },
        ),
    }
}

fn with_snapshot(reader: &SqliteReader, invocation: Invocation, name: &str) -> Result<NamedSnapshot, Failure> {
    match (invocation.snapshot.clone(), invocation.snapshot_id) {
        (Some(row), _) => Ok(NamedSnapshot { invocation, row }),
        (None, Some(id)) => Err(absence::failure(reader, &format!("use run {name:?}"), id)?),
        (None, None) => {
            let why = anyhow!("use run {name:?}: it has no snapshot, it is {}", invocation.status());
            Err(Failure::usage(why).with_hint(LIST_HINT))
        }
    }
}

fn no_snapshot_yet() -> Failure {
    Failure::usage(anyhow!("find a snapshot: the database has no run yet"))
        .with_hint("the first is made by: cds persist --path SRC --db-path FILE")
}
