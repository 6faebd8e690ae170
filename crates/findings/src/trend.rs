//! Counts the new, removed and grown duplicates of a project, snapshot by snapshot.

use cds_duplication::{Change, Comparison, SearchKeys, Settings, Totals, compare};

use super::baseline::{self, Earlier, Lineage};
use crate::{Error, Source, Warning};

/// The snapshots to search.
#[derive(Debug)]
pub struct TrendQuery<'a> {
    /// Of which project.
    pub lineage: &'a Lineage,
    /// The last snapshot to search; `None` for all.
    pub last_run_id: Option<i64>,
    /// The most snapshots, counted from the last one; at least 1.
    pub limit: usize,
    /// The same for all of them, or they could not be compared.
    pub settings: &'a Settings,
}

/// One snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendPoint {
    /// Which one.
    pub snapshot: Earlier,
    /// What was found in it.
    pub totals: Totals,
    /// Compared with the snapshot before; `None` for the first one.
    pub moves: Option<Moves>,
}

/// Groups that no other one covers, by what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moves {
    /// Not there before.
    pub born: usize,
    /// There before, and no longer.
    pub removed: usize,
    /// There before with fewer copies.
    pub grown: usize,
}

/// The last snapshots of a project, oldest first. `is_stopped` is asked before each of them.
///
/// Each is searched once, and of all but the one at hand only the keys of the groups before it are in memory.
pub fn trend(
    source: &Source<'_>,
    query: &TrendQuery<'_>,
    is_stopped: &dyn Fn() -> bool,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<TrendPoint>, Error> {
    let mut snapshots = baseline::snapshots(source.reader, query.lineage)?;
    snapshots.retain(|snapshot| query.last_run_id.is_none_or(|last| snapshot.run_id.0 <= last));
    snapshots.truncate(query.limit.max(1));
    let (mut points, mut failures) = (Vec::new(), Vec::new());
    let mut before: Option<SearchKeys> = None;
    for snapshot in snapshots.into_iter().rev() {
        if is_stopped() {
            return Err(Error::Stopped);
        }
        let searched = match baseline::search(source, snapshot.run_id, query.settings, warnings) {
            Ok(searched) => searched,
            // One damaged record must not hide all other runs.
            Err(failure) => {
                warnings.push(Warning::RunLeftOut { run: snapshot.run_id, reason: chain(&failure) });
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

/// The error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn moves(before: &SearchKeys, after: &SearchKeys) -> Moves {
    let Comparison { changes, removed } = compare(before, after);
    let count = |is_counted: fn(&Change) -> bool| {
        changes.iter().zip(&after.groups).filter(|(change, group)| !group.is_covered && is_counted(change)).count()
    };
    Moves {
        born: count(|change| matches!(change, Change::New)),
        removed: removed.iter().filter(|place| !before.groups[**place].is_covered).count(),
        grown: count(|change| matches!(change, Change::Grown { .. })),
    }
}

#[cfg(test)]
mod tests {
    use cds_duplication::search_keys;

    use super::{super::samples, *};

    #[test]
    fn covered_groups_are_not_counted() {
        let mut findings = samples::shop();
        let whole = search_keys(&findings.report.groups, &findings.definitions);
        let expected = Moves { born: 5, removed: 0, grown: 0 };
        let nothing = search_keys(&[], &findings.definitions);
        assert_eq!(moves(&nothing, &whole), expected);
        findings.report.groups[2].covered_by = Some(findings.report.groups[0].group_id.clone());
        let folded = search_keys(&findings.report.groups, &findings.definitions);
        assert_eq!(moves(&nothing, &folded), Moves { born: 4, ..expected });
        assert_eq!(moves(&folded, &nothing), Moves { born: 0, removed: 4, grown: 0 });
        assert_eq!(moves(&whole, &folded), Moves { born: 0, ..expected });
        findings.report.groups[0].members.pop();
        let smaller = search_keys(&findings.report.groups, &findings.definitions);
        assert_eq!(moves(&smaller, &folded), Moves { born: 0, removed: 0, grown: 1 });
    }
}
