//! Accepted groups, and whether the acceptance still counts.

use std::collections::{HashMap, HashSet};

use crate::{Error, Source, Warning, baseline};
use cds_duplication::{Group, Settings};
use cds_persistence::{AcceptedDuplicate, SqliteReader};

/// The state of an acceptance today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptanceState {
    /// Its group is not shown, unless it has gained a copy.
    InForce,
    /// The same, but no latest snapshot of a project has the group.
    Unmatched,
    /// Its last day is over.
    Expired,
    /// It was revoked, or replaced by a later acceptance of the group.
    Revoked,
}

cds_model::words! {
    AcceptanceState:
        InForce = "in_force",
        Unmatched = "unmatched",
        Expired = "expired",
        Revoked = "revoked",
}

impl AcceptanceState {
    /// That of `row` on the day `today`.
    pub fn of(row: &AcceptedDuplicate, today: &str) -> Self {
        if row.revoked_at.is_some() {
            Self::Revoked
        } else if row.what.until.as_deref().is_some_and(|until| until < today) {
            Self::Expired
        } else {
            Self::InForce
        }
    }
}

/// Marks the acceptances in force whose group is in no latest snapshot of a project, as a search with `settings` finds it.
///
/// Without a snapshot nothing is known, and nothing is marked. `is_stopped` is asked before each search.
pub fn mark_unmatched(
    rows: &mut [(AcceptanceState, AcceptedDuplicate)],
    source: &Source<'_>,
    settings: &Settings,
    is_stopped: &dyn Fn() -> bool,
    warnings: &mut Vec<Warning>,
) -> Result<(), Error> {
    let mut open: HashSet<usize> = (0..rows.len()).filter(|place| rows[*place].0 == AcceptanceState::InForce).collect();
    let snapshots = if open.is_empty() { Vec::new() } else { baseline::latest(source.reader)? };
    for run in &snapshots {
        if is_stopped() {
            return Err(Error::Stopped);
        }
        let groups = baseline::search(source, *run, settings, warnings)?.keys.groups;
        let found: HashSet<(&str, &str)> =
            groups.iter().map(|group| (group.channel.as_str(), group.group_id.as_str())).collect();
        open.retain(|place| !found.contains(&(&*rows[*place].1.what.channel, &*rows[*place].1.what.group_id)));
        if open.is_empty() {
            return Ok(());
        }
    }
    if !snapshots.is_empty() {
        for place in open {
            rows[place].0 = AcceptanceState::Unmatched;
        }
    }
    Ok(())
}

/// The groups that are accepted today.
#[derive(Debug, Default)]
pub struct Accepted {
    /// How many copies of each are, by channel and id.
    copies: HashMap<(String, String), usize>,
}

impl Accepted {
    /// Those of the database on the day `today`, `YYYY-MM-DD` in UTC.
    pub fn read(reader: &SqliteReader, today: &str) -> Result<Self, Error> {
        Ok(Self::of(&reader.accepted_duplicates()?, today))
    }

    fn of(rows: &[AcceptedDuplicate], today: &str) -> Self {
        let mut copies: HashMap<_, usize> = HashMap::new();
        for row in rows.iter().filter(|row| AcceptanceState::of(row, today) == AcceptanceState::InForce) {
            let known = copies.entry((row.what.channel.clone(), row.what.group_id.clone())).or_default();
            *known = usize::try_from(row.what.copy_count).unwrap_or(usize::MAX).max(*known);
        }
        Self { copies }
    }

    /// Whether this group was accepted with all of its copies.
    pub fn covers(&self, group: &Group) -> bool {
        let key = (group.channel.as_str().to_owned(), group.group_id.clone());
        self.copies.get(&key).is_some_and(|known| group.members.len() <= *known)
    }
}

#[cfg(test)]
mod tests {
    use cds_persistence::Acceptance;

    use super::{super::samples, *};

    fn row(group_id: &str, copy_count: u32, until: Option<&str>, is_revoked: bool) -> AcceptedDuplicate {
        AcceptedDuplicate {
            id: 1,
            what: Acceptance {
                channel: "exact".to_owned(),
                group_id: group_id.to_owned(),
                copy_count,
                example: String::new(),
                reason: String::new(),
                owner: None,
                until: until.map(str::to_owned),
            },
            accepted_at: String::new(),
            revoked_at: is_revoked.then(String::new),
        }
    }

    #[test]
    fn acceptance_counts_through_its_last_day() {
        for (until, is_revoked, expected) in [
            (None, false, "in_force"),
            (Some("2026-11-22"), false, "in_force"),
            (Some("2026-11-21"), false, "in_force"),
            (Some("2026-11-20"), false, "expired"),
            (Some("2026-11-22"), true, "revoked"),
            (Some("2026-11-20"), true, "revoked"),
        ] {
            let state = AcceptanceState::of(&row("x", 2, until, is_revoked), "2026-11-21");
            assert_eq!(state.as_str(), expected, "{until:?} {is_revoked}");
        }
    }

    #[test]
    fn grown_group_is_not_accepted() {
        let findings = samples::shop();
        let group = &findings.report.groups[0];
        assert_eq!(group.members.len(), 3);
        let covers = |rows: &[AcceptedDuplicate]| Accepted::of(rows, "2026-11-21").covers(group);
        let id = &group.group_id;
        assert!(covers(&[row(id, 3, None, false)]) && covers(&[row(id, 4, None, false)]));
        assert!(!covers(&[row(id, 2, None, false)]));
        assert!(!covers(&[row(id, 3, Some("2026-11-20"), false)]));
        assert!(!covers(&[row("00000000000000e9", 3, None, false)]));
        assert!(!covers(&[]));
        let mut other = row(id, 3, None, false);
        other.what.channel = "near".to_owned();
        assert!(!covers(&[other.clone()]));
        assert!(covers(&[row(id, 2, None, false), row(id, 3, None, false), other]));
    }
}
