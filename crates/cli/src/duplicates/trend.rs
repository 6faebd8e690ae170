//! How the duplicates of a project came and went, snapshot by snapshot.

use cds_duplication::{Change, Comparison, SearchKeys, Settings, Totals, compare};
use cds_persistence::SqliteReader;

use super::baseline::{self, Earlier, Lineage};
use crate::{failure::Failure, render::messages};

/// What is looked at.
#[derive(Debug)]
pub(crate) struct TrendQuery<'a> {
    /// Of which project.
    pub(crate) lineage: &'a Lineage,
    /// Nothing behind this snapshot; none for all.
    pub(crate) last_run_id: Option<i64>,
    /// At most so many snapshots, the last ones; at least 1.
    pub(crate) limit: usize,
    /// The same for all of them, or they could not be compared.
    pub(crate) settings: &'a Settings,
}

/// One snapshot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TrendPoint {
    pub(crate) snapshot: Earlier,
    pub(crate) totals: Totals,
    /// Against the snapshot before; none for the first one.
    pub(crate) moves: Option<Moves>,
}

/// Groups that no other one tells, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moves {
    pub(crate) born: usize,
    pub(crate) gone: usize,
    pub(crate) grown: usize,
}

/// The last snapshots of a project, oldest first. `between` is asked before each of them whether to go on.
///
/// Each is searched once, and of all but the one at hand only the keys of the groups before it are in memory.
pub(crate) fn trend(
    reader: &SqliteReader,
    query: &TrendQuery<'_>,
    between: &dyn Fn() -> Result<(), Failure>,
) -> Result<Vec<TrendPoint>, Failure> {
    let mut snapshots = baseline::snapshots(reader, query.lineage)?;
    snapshots.retain(|snapshot| query.last_run_id.is_none_or(|last| snapshot.run_id.0 <= last));
    snapshots.truncate(query.limit.max(1));
    let (mut points, mut failures) = (Vec::new(), Vec::new());
    let mut before: Option<SearchKeys> = None;
    for snapshot in snapshots.into_iter().rev() {
        between()?;
        let searched = match baseline::search(reader, snapshot.run_id, query.settings) {
            Ok(searched) => searched,
            // One damaged record must not hide all other runs.
            Err(failure) => {
                messages::warning(&format!("run {} is left out: cds {failure}", snapshot.run_id));
                failures.push(failure);
                continue;
            }
        };
        let moves = before.as_ref().map(|before| moves(before, &searched.keys));
        points.push(TrendPoint { snapshot, totals: searched.totals, moves });
        before = Some(searched.keys);
    }
    match failures.pop() {
        Some(failure) if points.is_empty() => Err(failure),
        _ => Ok(points),
    }
}

fn moves(before: &SearchKeys, after: &SearchKeys) -> Moves {
    let Comparison { changes, gone } = compare(before, after);
    let count = |is_meant: fn(&Change) -> bool| {
        changes.iter().zip(&after.groups).filter(|(change, group)| !group.is_told && is_meant(change)).count()
    };
    Moves {
        born: count(|change| matches!(change, Change::New)),
        gone: gone.iter().filter(|place| !before.groups[**place].is_told).count(),
        grown: count(|change| matches!(change, Change::Grown { .. })),
    }
}

#[cfg(test)]
mod tests {
    use cds_duplication::search_keys;

    use super::{super::samples, *};

    #[test]
    fn groups_that_another_one_tells_are_not_counted() {
        let mut findings = samples::shop();
        let whole = search_keys(&findings.report.groups, &findings.definitions);
        let expected = Moves { born: 5, gone: 0, grown: 0 };
        let nothing = search_keys(&[], &findings.definitions);
        assert_eq!(moves(&nothing, &whole), expected);
        findings.report.groups[2].told_by = Some(findings.report.groups[0].group_id.clone());
        let folded = search_keys(&findings.report.groups, &findings.definitions);
        assert_eq!(moves(&nothing, &folded), Moves { born: 4, ..expected });
        assert_eq!(moves(&folded, &nothing), Moves { born: 0, gone: 4, grown: 0 });
        assert_eq!(moves(&whole, &folded), Moves { born: 0, ..expected });
        findings.report.groups[0].members.pop();
        let smaller = search_keys(&findings.report.groups, &findings.definitions);
        assert_eq!(moves(&smaller, &folded), Moves { born: 0, gone: 0, grown: 1 });
    }
}
