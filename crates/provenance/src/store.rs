//! Many commits of one repository, one after the other: what each says, and which files differ between two of them.
//!
//! Folders that two commits share are not read. Between the calls packs stay open.

use std::{collections::BTreeMap, sync::atomic::AtomicBool};

use gix::objs::{CommitRefIter, Kind};

use crate::{
    commit::{self, Authorship},
    error::Result,
    files,
    id::Id,
    objects::{LARGEST_OBJECT, Objects, tree_of},
    repository::Repository,
    staged::{Node, nodes},
    tree::{DEEPEST, FileKind, MOST_FILES, MOST_PATH_BYTES, joined, kind_of, too_many},
};

/// The objects of a repository.
pub struct Store<'a> {
    objects: Objects<'a>,
}

/// What a commit says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its files.
    pub tree: Id,
    /// The commits that it follows on; several for a merge, none for a root.
    pub parents: Vec<Id>,
    /// Who made it, and why.
    pub authorship: Authorship,
    /// When it was committed, in seconds since 1970; `None` where it does not say so.
    pub committed_at: Option<i64>,
}

/// A file that differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeChange {
    /// From the root of the repository, `/` between the parts, as the bytes that git has.
    pub path: Vec<u8>,
    /// What is there now; `None` if nothing is.
    pub now: Option<(Id, FileKind)>,
}

impl Repository {
    /// The objects of this repository; `interrupt` ends every look.
    pub fn store<'a>(&self, interrupt: &'a AtomicBool) -> Result<Store<'a>> {
        Ok(Store { objects: self.objects(interrupt)? })
    }
}

impl Store<'_> {
    /// What a commit says.
    pub fn commit(&self, id: &Id) -> Result<Commit> {
        let content = self.objects.read(&id.0, Kind::Commit)?;
        let hash = id.0.kind();
        Ok(Commit {
            tree: Id(tree_of(&content, hash)?),
            parents: CommitRefIter::from_bytes(&content, hash).parent_ids().map(Id).collect(),
            authorship: commit::authorship(&content),
            committed_at: commit::committed_at(&content),
        })
    }

    /// The files at or below `scope` that differ between two trees, in the order of their paths; without an old tree,
    /// every file of the new one.
    pub fn changes(&self, old: Option<&Id>, new: &Id, scope: &[u8]) -> Result<Vec<TreeChange>> {
        let mut found = Vec::new();
        let (mut path_bytes, mut path_count) = (0, 0);
        let mut pending = vec![Pair {
            path: Vec::new(),
            old: old.map(|id| Node::root(id.0)),
            new: Some(Node::root(new.0)),
            depth: 0,
        }];
        while let Some(pair) = pending.pop() {
            if pair.is_same() {
                continue;
            }
            path_bytes += pair.path.len();
            path_count += 1;
            if path_count > MOST_FILES || path_bytes > MOST_PATH_BYTES {
                return Err(too_many("the tree has", MOST_FILES, "files"));
            }
            if pair.depth >= DEEPEST {
                return Err(too_many("the tree has", DEEPEST, "folders in each other"));
            }
            let Pair { path, old, new, depth } = pair;
            if old.iter().chain(&new).any(Node::is_folder) {
                let inner = self.inner(&path, [&old, &new], scope, depth + 1)?;
                pending.extend(inner);
            }
            let [old, new] = [old, new].map(|node| node.filter(|node| !node.is_folder()));
            if (old.is_some() || new.is_some()) && files::is_within(&path, scope) {
                let now = new.map(|node| Ok((Id(node.id), kind_of(node.mode)?))).transpose()?;
                found.push(TreeChange { path, now });
            }
        }
        found.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(found)
    }

    /// What two folders hold, by name; a file holds nothing.
    fn inner(&self, path: &[u8], sides: [&Option<Node>; 2], scope: &[u8], depth: usize) -> Result<Vec<Pair>> {
        let mut names: BTreeMap<Vec<u8>, [Option<Node>; 2]> = BTreeMap::new();
        for (side, node) in sides.into_iter().enumerate() {
            let Some(node) = node.as_ref().filter(|node| node.is_folder()) else { continue };
            for node in nodes(&self.objects.read(&node.id, Kind::Tree)?, node.id.kind())? {
                let name = node.name.clone();
                names.entry(name).or_default()[side] = Some(node);
            }
        }
        let mut found = Vec::new();
        for (name, [old, new]) in names {
            let path = joined(path, &name)?;
            let is_folder = old.iter().chain(&new).any(Node::is_folder);
            if files::is_within(&path, scope) || (is_folder && files::is_within(scope, &path)) {
                found.push(Pair { path, old, new, depth });
            }
        }
        Ok(found)
    }

    /// The content of a file, of at most `limit` bytes and never more than 16 MiB.
    pub fn content(&self, file: &Id, limit: u64) -> Result<Vec<u8>> {
        self.objects.read_within(&file.0, Kind::Blob, limit.min(LARGEST_OBJECT))
    }
}

/// What two trees have at a path.
struct Pair {
    path: Vec<u8>,
    old: Option<Node>,
    new: Option<Node>,
    depth: usize,
}

impl Pair {
    fn is_same(&self) -> bool {
        let content = |node: &Option<Node>| node.as_ref().map(|node| (node.mode, node.id));
        content(&self.old) == content(&self.new)
    }
}
