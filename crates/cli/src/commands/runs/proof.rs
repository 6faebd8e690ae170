//! What proves a snapshot, as the database has it.

use cds_persistence::{ChainRow, Counted, Invocation, SnapshotAbsence, SqliteReader};
use cds_terminal::sections::Sections;

use crate::failure::{Failure, database_failure};

/// The row with which a snapshot was chained, and the history of the definitions in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) row: ChainRow,
    pub(super) transitions: Vec<Counted>,
    /// Why the snapshot is not there, where it is not.
    pub(super) absence: SnapshotAbsence,
}

impl Proof {
    /// Of the snapshot of `found`, also of one that was pruned; `None` if it has none.
    pub(super) fn of(reader: &SqliteReader, found: &Invocation) -> Result<Option<Self>, Failure> {
        let Some(run) = found.snapshot_id else { return Ok(None) };
        let Some(row) = reader.chain_rows(&[run]).map_err(database_failure)?.remove(&run) else { return Ok(None) };
        let transitions = reader.transitions_of(&row).map_err(database_failure)?;
        let absence = reader.absence_of(run).map_err(database_failure)?;
        Ok(Some(Self { row, transitions, absence }))
    }
}

/// The fields of a page.
pub(super) fn fields(page: &mut Sections<'_>, proof: Option<&Proof>) {
    let Some(Proof { row, transitions, .. }) = proof else {
        page.field("snapshot root", "none: no history was kept when the snapshot was written");
        return;
    };
    page.field("snapshot root", &row.snapshot_root);
    page.field("chain head", &row.hash);
    let counts: Vec<String> = transitions.iter().map(|entry| format!("{} {}", entry.count, entry.name)).collect();
    page.field("history", if counts.is_empty() { "nothing changed".to_owned() } else { counts.join(", ") });
}
