//! Finds the run that a name means, or the candidates.

use std::{cmp::Reverse, ops::ControlFlow};

use rusqlite::Result;

use super::{accounts::Accounts, name::Name};
use crate::{
    Invocation, RunId,
    table::{
        runs, runs_ledger,
        select::{ledger, stages},
        stage_runs,
    },
};

/// The most ids shown for an ambiguous name.
const AMBIGUOUS_COUNT: usize = 10;

/// The most ids shown for an unknown name.
const NEAREST_COUNT: usize = 5;

/// The neighbours read on each side: enough for the shown ids.
const NEIGHBOUR_LIMIT: i64 = 5;

/// The ids read of each table: one invocation can have several stages with the prefix.
const ID_LIMIT: i64 = 100;

/// Which runs `latest~N` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// All except checks and upkeep, ordered by their start.
    Runs,
    /// Existing snapshots, ordered by number.
    Snapshots,
}

/// The result of a search for a name.
#[derive(Debug)]
pub(super) enum FoundRun {
    /// Exactly one run.
    One(Box<Invocation>),
    /// Several runs have this prefix; their ledger or stage ids, at most ten.
    Ambiguous(Vec<String>),
    /// No run has this name; the nearest ids, at most five.
    Missing(Vec<String>),
}

/// Finds the run that `name` means; `counted` selects the runs that `latest` counts.
pub(super) fn find(accounts: &Accounts<'_>, name: &str, counted: Counted) -> Result<FoundRun> {
    match Name::of(name) {
        Name::Newest(places) => {
            let found = match counted {
                Counted::Runs => {
                    let mut place = 0;
                    first(accounts, |invocation| {
                        let is_it = invocation.is_run() && place == places;
                        place += usize::from(invocation.is_run());
                        is_it
                    })?
                }
                Counted::Snapshots => match accounts.with(&runs::TABLE) {
                    None => None,
                    Some(connection) => match runs::newest(connection, places)? {
                        None => None,
                        number => first(accounts, |invocation| invocation.snapshot_id == number)?,
                    },
                },
            };
            Ok(match found {
                Some(found) => one(found),
                None => FoundRun::Missing(newest(accounts)?),
            })
        }
        Name::Given { number, prefix } => {
            if let Some(number) = number
                && let Some(found) = first(accounts, |invocation| invocation.snapshot_id == Some(RunId(number)))?
            {
                return Ok(one(found));
            }
            match &prefix {
                Some(prefix) => by_prefix(accounts, number, prefix),
                None => missing(accounts, number, None),
            }
        }
    }
}

fn one(invocation: Invocation) -> FoundRun {
    FoundRun::One(Box::new(invocation))
}

/// The newest invocation for which `is_it` is true, with its costs.
fn first(accounts: &Accounts<'_>, mut is_it: impl FnMut(&Invocation) -> bool) -> Result<Option<Invocation>> {
    accounts
        .walk(|invocation| {
            Ok(if is_it(&invocation) { ControlFlow::Break(invocation) } else { ControlFlow::Continue(()) })
        })?
        .map(|found| accounts.with_costs(found))
        .transpose()
}

fn by_prefix(accounts: &Accounts<'_>, number: Option<i64>, prefix: &str) -> Result<FoundRun> {
    let ids = with_prefix(accounts, prefix)?;
    let Some((_, owner)) = ids.first() else {
        return missing(accounts, number, Some(prefix));
    };
    if ids.iter().any(|(_, other)| other != owner) {
        return Ok(FoundRun::Ambiguous(ids.into_iter().map(|(id, _)| id).take(AMBIGUOUS_COUNT).collect()));
    }
    let is_owner = |invocation: &Invocation| invocation.ledger.as_ref().is_some_and(|row| row.run_id == *owner);
    match first(accounts, is_owner)? {
        Some(found) => Ok(one(found)),
        None => missing(accounts, number, Some(prefix)),
    }
}

/// Ids of invocations and stages with `prefix`, each with its invocation; not all if there are many.
fn with_prefix(accounts: &Accounts<'_>, prefix: &str) -> Result<Vec<(String, String)>> {
    let mut ids = Vec::new();
    if let Some(connection) = accounts.with(&runs_ledger::TABLE) {
        ids = ledger::with_prefix(connection, prefix, ID_LIMIT)?;
        if accounts.with(&stage_runs::TABLE).is_some() {
            ids.extend(stages::with_prefix(connection, prefix, ID_LIMIT)?);
        }
    }
    Ok(ids)
}

/// No run has this name: returns the nearest numbers, the ids with the longest common prefix, or else the newest.
fn missing(accounts: &Accounts<'_>, number: Option<i64>, prefix: Option<&str>) -> Result<FoundRun> {
    let mut nearest = match (number, accounts.with(&runs::TABLE)) {
        (Some(number), Some(connection)) => {
            runs::nearest(connection, number, NEAREST_COUNT)?.iter().map(ToString::to_string).collect()
        }
        _ => Vec::new(),
    };
    if let (true, Some(prefix)) = (nearest.is_empty(), prefix) {
        nearest = nearest_ids(accounts, prefix)?;
    }
    if nearest.is_empty() {
        nearest = newest(accounts)?;
    }
    Ok(FoundRun::Missing(nearest))
}

/// The ids that share the longest prefix with `prefix`, best first. In sorted order they are next to it.
fn nearest_ids(accounts: &Accounts<'_>, prefix: &str) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    if let Some(connection) = accounts.with(&runs_ledger::TABLE) {
        ids.extend(ledger::neighbours(connection, prefix, NEIGHBOUR_LIMIT)?);
    }
    if let Some(connection) = accounts.with(&stage_runs::TABLE) {
        ids.extend(stages::neighbours(connection, prefix, NEIGHBOUR_LIMIT)?);
    }
    let shared = |id: &String| id.bytes().zip(prefix.bytes()).take_while(|(left, right)| left == right).count();
    ids.retain(|id| shared(id) > 0);
    ids.sort_by_cached_key(|id| (Reverse(shared(id)), id.clone()));
    ids.truncate(NEAREST_COUNT);
    Ok(ids)
}

/// The newest invocations, by id or snapshot number.
fn newest(accounts: &Accounts<'_>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    accounts.walk(|invocation| {
        names.push(invocation.name());
        Ok(if names.len() < NEAREST_COUNT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(names)
}
