//! From a name to the one run that it means, or to those that may have been meant.

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

/// So many ids are shown where more than one begins as it was given.
const AMBIGUOUS_COUNT: usize = 10;

/// So many ids are shown where none does.
const NEAREST_COUNT: usize = 5;

/// So many neighbours are read on each side: enough to show.
const NEIGHBOUR_LIMIT: i64 = 5;

/// So many ids are read of each table: more than one invocation can have stages.
const ID_LIMIT: i64 = 100;

/// Which runs `latest` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// All but checks and upkeep, by the time at which they began.
    Runs,
    /// Those whose snapshot is there, by its number.
    Snapshots,
}

/// What `name` leads to.
#[derive(Debug)]
pub(super) enum FoundRun {
    /// Exactly one.
    One(Box<Invocation>),
    /// More than one begins like this; their ledger or stage ids, at most ten.
    Ambiguous(Vec<String>),
    /// None; the nearest ids there are, at most five.
    Missing(Vec<String>),
}

/// The run that `name` means; `counted` says which of them `latest` counts.
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

/// The newest invocation of which `is_it` is true, with its costs.
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

/// Ids of invocations and stages that begin with `prefix`, each with its invocation; not all where there are many.
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

/// No run has this name: the nearest numbers, the ids that share the longest beginning, or else the newest.
fn missing(accounts: &Accounts<'_>, number: Option<i64>, prefix: Option<&str>) -> Result<FoundRun> {
    let mut nearest = match (number, accounts.with(&runs::TABLE)) {
        (Some(number), Some(connection)) => {
            runs::nearest(connection, number, NEAREST_COUNT)?.iter().map(ToString::to_string).collect()
        }
        _ => Vec::new(),
    };
    if let (true, Some(prefix)) = (nearest.is_empty(), prefix) {
        nearest = alike(accounts, prefix)?;
    }
    if nearest.is_empty() {
        nearest = newest(accounts)?;
    }
    Ok(FoundRun::Missing(nearest))
}

/// Ids that begin as `prefix` does, those first that do so for longest. In their order they stand around it.
fn alike(accounts: &Accounts<'_>, prefix: &str) -> Result<Vec<String>> {
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

/// The newest invocations, by their id or the number of their snapshot.
fn newest(accounts: &Accounts<'_>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    accounts.walk(|invocation| {
        names.push(invocation.name());
        Ok(if names.len() < NEAREST_COUNT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(names)
}
