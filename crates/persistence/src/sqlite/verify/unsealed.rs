//! Verifies snapshots without a chain row, and finds rows of missing snapshots.

use std::collections::HashSet;

use rusqlite::{Connection, Result};

use super::{super::fit, findings::Findings, stored::integer};
use crate::{
    Deviation, DeviationKind, RunId,
    table::{Table, analyzer_errors, enrichments, not_read, records, runs, runs_ledger, select::verify, source_files},
};

/// The tables with a `run_id`.
const OF_RUNS: [&Table; 5] =
    [&records::TABLE, &analyzer_errors::TABLE, &enrichments::TABLE, &not_read::TABLE, &source_files::TABLE];

/// Other programs may write snapshots without a proof; a snapshot that the ledger calls ours must have one.
pub(super) fn check(connection: &Connection, unsealed: &[RunId], findings: &mut Findings) -> Result<()> {
    let own = own_snapshots(connection)?;
    for run in unsealed {
        if own.contains(run) {
            let kind = DeviationKind::Unsealed;
            findings.add(kind, Some(*run), || Deviation::of(kind, runs::TABLE.name).row(run.0));
        }
    }
    Ok(())
}

fn own_snapshots(connection: &Connection) -> Result<HashSet<RunId>> {
    if !fit::has_table(connection, &runs_ledger::TABLE)? {
        return Ok(HashSet::new());
    }
    let mut statement = connection.prepare(verify::OWN_SNAPSHOTS)?;
    let rows = statement.query_map([], |row| integer(row, 0))?;
    rows.filter_map(|row| row.map(|run| run.map(RunId)).transpose()).collect()
}

/// Reports rows whose run is missing. Foreign keys alone are not enough: they may have been removed from the tables.
pub(super) fn check_strays(connection: &Connection, there: &HashSet<RunId>, findings: &mut Findings) -> Result<()> {
    for table in OF_RUNS {
        // If the foreign key exists, the check of the file reports such rows.
        if !fit::has_table(connection, table)? || refers_to_runs(connection, table)? {
            continue;
        }
        let sql = format!("SELECT DISTINCT run_id FROM {} ORDER BY run_id", table.name);
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let run = RunId(integer(row, 0)?.unwrap_or_default());
            if !there.contains(&run) {
                findings.add(DeviationKind::Stray, Some(run), || {
                    Deviation::of(DeviationKind::Stray, table.name).field("run_id").stored(run)
                });
            }
        }
    }
    Ok(())
}

fn refers_to_runs(connection: &Connection, table: &Table) -> Result<bool> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM pragma_foreign_key_list(?1) WHERE \"table\" = 'runs' AND \"from\" = 'run_id')";
    connection.query_row(sql, [table.name], |row| row.get(0))
}
