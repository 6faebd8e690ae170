//! Which commits of a repository get a snapshot.

use std::{
    collections::{HashMap, HashSet},
    num::NonZeroUsize,
    sync::atomic::AtomicBool,
};

use cds_model::Timestamp;
use cds_provenance::{Authorship, Commit, Error, Id, Order, Repository, Result, Store};

/// Commits that are looked at; older ones have no say.
const MOST_COMMITS: usize = 1_000_000;
const DAY: i64 = 24 * 60 * 60;

/// The commits that the caller wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitQuery {
    /// Commits that can be reached from there are left out.
    pub from: Option<String>,
    /// The last commit.
    pub to: String,
    /// Older commits are left out, in seconds since 1970.
    pub since: Option<i64>,
    /// Only tagged commits with such a name, also beside the first parents; `*` and `?` stand for any characters.
    pub tags: Option<String>,
    /// Which of them.
    pub every: Every,
    /// The most commits; the newest are kept.
    pub limit: Option<usize>,
}

/// Which commits of a list are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Each n-th from the oldest on, and the newest.
    Nth(NonZeroUsize),
    /// The last of each day, in UTC.
    Day,
    /// The last of each week, which begins on Monday.
    Week,
    /// The last of each month.
    Month,
    /// Those with a tag.
    Tag,
}

/// A commit that may get a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCommit {
    /// Its id.
    pub id: Id,
    /// Its files.
    pub tree: Id,
    /// When it was committed, in seconds since 1970; 0 where it does not say so.
    pub committed_at: i64,
    /// Who made it, and why; not fit for a terminal yet.
    pub authorship: Authorship,
    /// The number of commits that it follows on.
    pub parent_count: usize,
}

impl PastCommit {
    /// When it was committed.
    pub fn time(&self) -> Timestamp {
        // What lies before 1970 is from a clock that was wrong.
        Timestamp::from_unix_milliseconds(self.committed_at.max(0).saturating_mul(1_000))
    }
}

/// The commits, oldest first.
///
/// # Errors
///
/// A name is unknown, or the repository cannot be read.
pub fn select(
    repository: &Repository,
    store: &Store<'_>,
    query: &CommitQuery,
    interrupt: &AtomicBool,
) -> Result<Vec<PastCommit>> {
    let tagged = if query.tags.is_some() || query.every == Every::Tag {
        tagged(repository, query.tags.as_deref().unwrap_or("*"), interrupt)?
    } else {
        Vec::new()
    };
    let ids = if query.tags.is_some() {
        tagged.clone()
    } else {
        let from = query.from.as_ref().map(|name| resolve(name, repository, store, interrupt)).transpose()?;
        let to = resolve(&query.to, repository, store, interrupt)?;
        repository.walk(from.as_ref(), &to, Order::FirstParent, MOST_COMMITS, interrupt)?.commits
    };
    let mut commits = Vec::with_capacity(ids.len());
    for id in ids {
        let commit = store.commit(&id)?;
        let (tree, authorship) = (commit.tree, commit.authorship);
        let (committed_at, parent_count) = (commit.committed_at.unwrap_or(0), commit.parents.len());
        commits.push(PastCommit { id, tree, committed_at, authorship, parent_count });
    }
    if query.tags.is_some() {
        // Tags are in no order of their own, and clocks may put a commit before those that it follows on.
        let dates = corrected_dates(store, &commits)?;
        commits.sort_by_key(|commit| (dates.get(&commit.id).copied(), commit.id));
    }
    commits.retain(|commit| query.since.is_none_or(|since| commit.committed_at >= since));
    let mut commits = thinned(commits, query.every, &tagged.into_iter().collect());
    let surplus = query.limit.map_or(0, |limit| commits.len().saturating_sub(limit));
    commits.drain(..surplus);
    Ok(commits)
}

/// The commit of a name, which `~3`, `~` or `^` may follow: first parents of it.
fn resolve(name: &str, repository: &Repository, store: &Store<'_>, interrupt: &AtomicBool) -> Result<Id> {
    let end = name.find(['~', '^']).unwrap_or(name.len());
    let (base, mut steps) = name.split_at(end);
    let mut id = repository.resolve(base, interrupt)?;
    while let Some(rest) = steps.strip_prefix(['~', '^']) {
        let digits = rest.len() - rest.trim_start_matches(|byte: char| byte.is_ascii_digit()).len();
        // `^2` names another parent, which no history of first parents has.
        let is_back = steps.starts_with('~') || digits == 0;
        let count: usize = if digits == 0 { 1 } else { rest[..digits].parse().unwrap_or(usize::MAX) };
        if !is_back {
            return Err(Error::Missing(format!("first parent {name}")));
        }
        for _ in 0..count {
            let parent = store.commit(&id)?.parents.first().copied();
            id = parent.ok_or_else(|| Error::Missing(format!("commit {name}")))?;
        }
        steps = &rest[digits..];
    }
    if steps.is_empty() { Ok(id) } else { Err(Error::Missing(format!("reference {name}"))) }
}

/// For each commit the time of it, moved behind those that it follows on: the corrected dates of git's commit graph.
fn corrected_dates(store: &Store<'_>, commits: &[PastCommit]) -> Result<HashMap<Id, i64>> {
    let mut dates: HashMap<Id, i64> = HashMap::new();
    let mut pending: Vec<(Id, Option<Commit>)> = commits.iter().map(|commit| (commit.id, None)).collect();
    while let Some((id, read)) = pending.pop() {
        if dates.contains_key(&id) {
            continue;
        }
        match read {
            None => {
                // A commit that was not fetched has no date, and none before it.
                let commit = match store.commit(&id) {
                    Err(error) if error.is_missing() => continue,
                    read => read?,
                };
                let parents: Vec<_> = commit.parents.iter().map(|parent| (*parent, None)).collect();
                pending.push((id, Some(commit)));
                pending.extend(parents);
            }
            Some(commit) => {
                let behind = commit.parents.iter().filter_map(|parent| dates.get(parent)).max();
                let own = commit.committed_at.unwrap_or(0);
                dates.insert(id, behind.map_or(own, |behind| own.max(behind.saturating_add(1))));
            }
        }
    }
    Ok(dates)
}

fn tagged(repository: &Repository, pattern: &str, interrupt: &AtomicBool) -> Result<Vec<Id>> {
    let mut found = Vec::new();
    for name in repository.tags()? {
        if is_match(pattern.as_bytes(), name.as_bytes())
            && let Some(id) = repository.tagged_commit(&name, interrupt)?
        {
            found.push(id);
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn thinned(commits: Vec<PastCommit>, every: Every, tagged: &HashSet<Id>) -> Vec<PastCommit> {
    let period: fn(&PastCommit) -> String = match every {
        Every::Nth(step) => {
            let last = commits.len().saturating_sub(1);
            let is_taken = |index: usize| index.is_multiple_of(step.get()) || index == last;
            return commits
                .into_iter()
                .enumerate()
                .filter(|(index, _)| is_taken(*index))
                .map(|(_, commit)| commit)
                .collect();
        }
        Every::Tag => return commits.into_iter().filter(|commit| tagged.contains(&commit.id)).collect(),
        Every::Day => |commit| commit.time().to_string().chars().take(10).collect(),
        Every::Month => |commit| commit.time().to_string().chars().take(7).collect(),
        // 1970 began on a Thursday.
        Every::Week => |commit| ((commit.committed_at.max(0) / DAY + 3) / 7).to_string(),
    };
    let mut taken: Vec<PastCommit> = Vec::new();
    for commit in commits {
        taken.pop_if(|last| period(last) == period(&commit));
        taken.push(commit);
    }
    taken
}

/// Whether the name fits the pattern, in time that grows with the product of both at most.
fn is_match(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut in_name) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while in_name < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, in_name));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[in_name] => {
                at += 1;
                in_name += 1;
            }
            _ => {
                // The last star takes one more byte.
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                (at, in_name) = (star_at + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names() {
        for (pattern, name, expected) in [
            ("*", "v1", true),
            ("", "", true),
            ("v*", "v1.2", true),
            ("v*", "1.2", false),
            ("v?.?", "v1.2", true),
            ("v?.?", "v1.23", false),
            ("*.0", "v2.0.0", true),
            ("*a*b", "xaybzb", true),
            ("*a*b", "xaybz", false),
            ("v1", "v1", true),
            ("v1", "v11", false),
        ] {
            assert_eq!(is_match(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
