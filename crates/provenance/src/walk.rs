//! The commits of a range, oldest first.

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::AtomicBool,
};

use gix::{
    ObjectId,
    objs::{CommitRefIter, Data, Find, Kind},
    traverse::commit::topo,
};

use crate::{
    error::{Error, Result, library},
    files,
    id::Id,
    objects::Objects,
    repository::Repository,
};

const LARGEST_SHALLOW: u64 = 16 << 20;

/// Which commits of a range are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Only first parents: what a branch was, commit by commit, without the commits of merged branches.
    FirstParent,
    /// Every commit, none before its parents, branches one after the other.
    Topological,
}

/// The commits of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// Oldest first.
    pub commits: Vec<Id>,
    /// Whether older ones were left out because of the limit.
    pub is_cut: bool,
}

impl Repository {
    /// The commits that can be reached from `to` and not from `from`, oldest first: `from..to`.
    ///
    /// With more than `limit` of them, the newest are kept. Where the history was not fetched, it ends.
    pub fn walk(&self, from: Option<&Id>, to: &Id, order: Order, limit: usize, interrupt: &AtomicBool) -> Result<Walk> {
        if from == Some(to) {
            // The library would list the one commit that is both.
            return Ok(Walk { commits: Vec::new(), is_cut: false });
        }
        let history = History { objects: self.objects(interrupt)?, cut: self.shallow()? };
        let mut newest_first = match order {
            Order::FirstParent => history.first_parents(from, to, limit)?,
            Order::Topological => history.range(from, to, limit)?.into_iter().map(|(id, _)| id).collect(),
        };
        let is_cut = newest_first.len() > limit;
        newest_first.truncate(limit);
        newest_first.reverse();
        Ok(Walk { commits: newest_first.into_iter().map(Id).collect(), is_cut })
    }

    /// The commits whose parents were not fetched.
    fn shallow(&self) -> Result<HashSet<ObjectId>> {
        let list = files::read(&self.place.common_dir.join("shallow"), LARGEST_SHALLOW)?.unwrap_or_default();
        let lines = list.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
        let id = |line| Id::from_hex(self.hash, line).map(|id| id.0);
        lines.map(|line| id(line).ok_or_else(|| Error::damaged("the list of shallow commits is damaged"))).collect()
    }
}

/// The commits as the walk sees them: without parents where the history ends.
struct History<'a> {
    objects: Objects<'a>,
    cut: HashSet<ObjectId>,
}

impl History<'_> {
    /// The commits of the range and their first parents, newest first; at most one more than `limit`.
    fn range(&self, from: Option<&Id>, to: &Id, limit: usize) -> Result<Vec<(ObjectId, Option<ObjectId>)>> {
        let stopped = |error| files::check(self.objects.interrupt).err().unwrap_or_else(|| library(error));
        let walk = topo::Builder::new(self)
            .with_tips([to.0])
            .with_ends(from.map(|id| id.0))
            .sorting(topo::Sorting::TopoOrder)
            .build();
        let commits = walk.map_err(stopped)?.take(limit.saturating_add(1));
        commits.map(|commit| commit.map(|info| (info.id, info.parent_ids.first().copied())).map_err(stopped)).collect()
    }

    /// The same of first parents alone. The library would follow only first parents from `from`, too, and so list what
    /// `from` has from a branch that was merged; git does not.
    fn first_parents(&self, from: Option<&Id>, to: &Id, limit: usize) -> Result<Vec<ObjectId>> {
        let range = from.map(|from| self.range(Some(from), to, usize::MAX)).transpose()?;
        let range = range.map(HashMap::<_, _>::from_iter);
        let mut commits = Vec::new();
        let mut next = Some(to.0);
        while let Some(id) = next.filter(|_| commits.len() <= limit) {
            next = match &range {
                Some(range) => match range.get(&id) {
                    Some(parent) => *parent,
                    None => break,
                },
                None => self.first_parent(&id)?,
            };
            commits.push(id);
        }
        Ok(commits)
    }

    fn first_parent(&self, id: &ObjectId) -> Result<Option<ObjectId>> {
        let content = self.objects.read(id, Kind::Commit)?;
        let parent = CommitRefIter::from_bytes(&content, id.kind()).parent_ids().next();
        Ok(parent.filter(|_| !self.cut.contains(id)))
    }
}

impl Find for History<'_> {
    fn try_find<'a>(&self, id: &gix::oid, buffer: &'a mut Vec<u8>) -> gix::Result<Option<Data<'a>>> {
        let content = self.objects.read(id, Kind::Commit).map_err(gix::Error::from_error)?;
        *buffer = if self.cut.contains(id) { without_parents(&content) } else { content };
        Ok(Some(Data::new(buffer, Kind::Commit, id.kind())))
    }
}

fn without_parents(content: &[u8]) -> Vec<u8> {
    let headers = content.windows(2).position(|pair| pair == b"\n\n").unwrap_or(content.len());
    let (headers, rest) = content.split_at(headers);
    let kept = headers.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"parent "));
    [kept.collect::<Vec<_>>().join(&b'\n'), rest.to_vec()].concat()
}
