//! Earlier snapshots of the same project, and their groups.

use std::collections::HashSet;

use cds_duplication::{SearchKeys, Settings, Totals, find, search_keys};
use cds_persistence::{Invocation, InvocationFilter, RunId, SqliteReader};

use super::{RunFacts, load};
use crate::{Error, Source, Warning};

/// The key that the snapshots of one project have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lineage {
    /// The project that the ledger names.
    Project(String),
    /// The tree of snapshots without an account.
    Root(String),
}

impl Lineage {
    /// That of a run.
    pub fn of(run: &RunFacts) -> Self {
        run.project.clone().map_or_else(|| Self::Root(run.root_path.clone()), Self::Project)
    }

    fn has(&self, found: &Invocation) -> bool {
        match self {
            Self::Project(name) => found.project() == Some(name),
            Self::Root(path) => {
                found.ledger.is_none() && found.snapshot.as_ref().is_some_and(|row| row.root_path == *path)
            }
        }
    }
}

/// The command whose snapshots are of past commits.
const BACKFILL: &str = "backfill";

/// One snapshot of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Its number.
    pub run_id: RunId,
    /// RFC 3339, as it is stored.
    pub started_at: String,
    /// When the commit of a past snapshot was made, RFC 3339; `None` for a snapshot of its own time.
    pub committed_at: Option<String>,
    /// From the ledger.
    pub code_ref: Option<String>,
    /// Whether it has any record.
    pub has_records: bool,
}

/// The snapshots of a project that are there, the greatest number first.
pub fn snapshots(reader: &SqliteReader, lineage: &Lineage) -> Result<Vec<Earlier>, Error> {
    let project = match lineage {
        Lineage::Project(name) => Some(name.clone()),
        Lineage::Root(_) => None,
    };
    let filter = InvocationFilter { project, ..InvocationFilter::default() };
    let invocations = reader.invocations(&filter)?;
    let is_past = |invocation: &&Invocation| invocation.ledger.as_ref().is_some_and(|row| row.command == BACKFILL);
    let past: Vec<RunId> = invocations
        .iter()
        .filter(is_past)
        .filter_map(|invocation| invocation.snapshot.as_ref().map(|row| row.id))
        .collect();
    let mut times = reader.chain_rows(&past)?;
    let mut found: Vec<Earlier> = invocations
        .into_iter()
        .filter(|invocation| lineage.has(invocation))
        .filter_map(|invocation| {
            let code_ref = invocation.ledger.and_then(|row| row.code_ref);
            invocation.snapshot.map(|row| Earlier {
                run_id: row.id,
                committed_at: times.remove(&row.id).map(|row| row.recorded_at),
                started_at: row.started_at,
                code_ref,
                has_records: row.record_count > 0,
            })
        })
        .collect();
    found.sort_by_key(|earlier| std::cmp::Reverse(earlier.run_id));
    Ok(found)
}

/// The last snapshot with records of each project, the greatest number first.
pub fn latest(reader: &SqliteReader) -> Result<Vec<RunId>, Error> {
    let mut known = HashSet::new();
    let mut latest: Vec<RunId> = Vec::new();
    let mut rows: Vec<(RunId, String)> = Vec::new();
    for found in reader.invocations(&InvocationFilter::default())? {
        let project = found.project().map(str::to_owned);
        let Some(row) = found.snapshot.filter(|row| row.record_count > 0) else { continue };
        // A tree without an account is a project of its own, under a name that no project has.
        rows.push((row.id, project.unwrap_or_else(|| format!("\n{}", row.root_path))));
    }
    rows.sort_by_key(|(run, _)| std::cmp::Reverse(*run));
    for (run, project) in rows {
        if known.insert(project) {
            latest.push(run);
        }
    }
    Ok(latest)
}

/// The snapshot of the same project with records that was written last before `run`.
///
/// Against one without records everything would be new.
pub fn previous(reader: &SqliteReader, number: RunId, run: &RunFacts) -> Result<Option<RunId>, Error> {
    let found = snapshots(reader, &Lineage::of(run))?;
    let mut earlier = found.into_iter().filter(|earlier| earlier.run_id < number && earlier.has_records);
    Ok(earlier.next().map(|earlier| earlier.run_id))
}

/// The reasons not to compare a run with the baseline that the caller named.
pub fn doubts((other, baseline): (RunId, &RunFacts), (number, run): (RunId, &RunFacts)) -> Vec<Warning> {
    let mut doubts = Vec::new();
    if other == number {
        doubts.push(Warning::SameRun(number));
    } else if other > number {
        doubts.push(Warning::LaterBaseline { run: number, baseline: other });
    }
    let is_other_project = match (&baseline.project, &run.project) {
        (Some(one), Some(another)) => one != another,
        // Only one of the two may have an account.
        _ => baseline.root_path != run.root_path,
    };
    if is_other_project {
        doubts.push(Warning::OtherProject { run: number, baseline: other });
    }
    doubts
}

/// The part of a search that is kept without its code.
#[derive(Debug)]
pub struct Searched {
    /// What a comparison needs of the groups.
    pub keys: SearchKeys,
    /// The sums.
    pub totals: Totals,
}

/// Searches a snapshot; its code is in memory only for that long.
pub fn search(
    source: &Source<'_>,
    run: RunId,
    settings: &Settings,
    warnings: &mut Vec<Warning>,
) -> Result<Searched, Error> {
    let definitions = load::definitions(source, run, settings, warnings)?;
    let report = find(&definitions, settings);
    Ok(Searched { keys: search_keys(&report.groups, &definitions), totals: report.totals })
}
