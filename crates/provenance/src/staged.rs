//! The index against the tree of the commit.
//!
//! The trees that the index would make are hashed and compared; only where they differ are trees of the commit read.
//! The library for git would make an index of the whole commit instead, which has no bound: a tree may hold itself
//! many times over.

use std::collections::HashMap;

use gix::{
    ObjectId,
    hash::Kind as Hash,
    index::{Entry, State},
    objs::{Kind, TreeRefIter},
};

use crate::{
    error::{Error, Result},
    files,
    id::id_of,
    index::{folder_of, is_staged},
    objects::{Objects, tree_of},
};

const FOLDER: u32 = 0o40_000;
/// Folders in each other.
const DEEPEST: usize = 1000;

/// A name in a tree.
pub(crate) struct Node {
    pub(crate) name: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) id: ObjectId,
}

impl Node {
    /// A tree that has no name.
    pub(crate) fn root(id: ObjectId) -> Self {
        Self { name: Vec::new(), mode: FOLDER, id }
    }

    pub(crate) fn is_folder(&self) -> bool {
        self.mode == FOLDER
    }

    fn is_same(&self, entry: &Entry) -> bool {
        self.mode == entry.mode.bits() && self.id == entry.id
    }
}

/// A path at or below `scope` that is staged otherwise than the commit has it; none when there is none.
///
/// The index has no entries elsewhere.
pub(crate) fn first_change(
    objects: &Objects<'_>,
    commit: &gix::oid,
    index: &State,
    scope: &[u8],
) -> Result<Option<Vec<u8>>> {
    let entries: Vec<&Entry> = index.entries().iter().collect();
    if let Some(entry) = entries.iter().find(|entry| !is_staged(entry)) {
        return Ok(Some(entry.path(index).to_vec()));
    }
    let tree = tree_of(&objects.read(commit, Kind::Commit)?, commit.kind())?;
    let (node, found_at) = descend(objects, tree, scope, &entries, index)?;
    let Some(node) = node else {
        return Ok(entries.first().map(|entry| entry.path(index).to_vec()));
    };
    let differs = match entries.as_slice() {
        [] => true,
        // The scope is a file, or lies in a folder that is kept as a whole.
        [entry] if folder_of(entry.path(index)) == found_at => !node.is_same(entry),
        _ => {
            let prefix = if scope.is_empty() { 0 } else { scope.len() + 1 };
            return Folder { index, entries: &entries, prefix }.first_change(objects, &node);
        }
    };
    Ok(differs.then(|| scope.to_owned()))
}

/// What the commit has at `scope`, or at the folder around it that the index keeps as a whole; and where that is.
fn descend(
    objects: &Objects<'_>,
    root: ObjectId,
    scope: &[u8],
    entries: &[&Entry],
    index: &State,
) -> Result<(Option<Node>, Vec<u8>)> {
    let whole = match entries {
        [entry] if entry.mode.is_sparse() => Some(folder_of(entry.path(index))),
        _ => None,
    };
    let scope = whole.filter(|folder| files::is_within(scope, folder)).unwrap_or(scope);
    let mut node = Node::root(root);
    for part in scope.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
        if !node.is_folder() {
            return Ok((None, scope.to_owned()));
        }
        match nodes(&objects.read(&node.id, Kind::Tree)?, node.id.kind())?.into_iter().find(|node| node.name == part) {
            Some(found) => node = found,
            None => return Ok((None, scope.to_owned())),
        }
    }
    Ok((Some(node), scope.to_owned()))
}

/// The names in a tree's content.
pub(crate) fn nodes(content: &[u8], hash: Hash) -> Result<Vec<Node>> {
    let damaged = |_| Error::damaged("a tree is damaged");
    let node = |entry: gix::objs::tree::EntryRef<'_>| Node {
        name: entry.filename.to_vec(),
        mode: canonical(u32::from(entry.mode.value())),
        id: entry.oid.to_owned(),
    };
    TreeRefIter::from_bytes(content, hash).map(|entry| entry.map(node).map_err(damaged)).collect()
}

/// Old trees have modes of files that today's git reads as one of two.
fn canonical(mode: u32) -> u32 {
    match mode & 0o170_000 {
        0o100_000 if mode & 0o100 == 0 => 0o100_644,
        0o100_000 => 0o100_755,
        kind => kind,
    }
}

/// A folder of the index.
#[derive(Clone, Copy)]
struct Folder<'a> {
    index: &'a State,
    entries: &'a [&'a Entry],
    /// How much of each path names the folder.
    prefix: usize,
}

/// What a folder of the index holds directly.
enum Item<'a> {
    /// A file, a commit of another repository, or a folder that is kept as a whole.
    Entry(&'a Entry),
    Folder(Folder<'a>),
}

impl<'a> Folder<'a> {
    fn path_of(&self, entry: &'a Entry) -> &'a [u8] {
        folder_of(entry.path(self.index))
    }

    fn first_change(self, objects: &Objects<'_>, node: &Node) -> Result<Option<Vec<u8>>> {
        if !node.is_folder() {
            return Ok(Some(self.path_of(self.entries[0])[..self.prefix.saturating_sub(1)].to_owned()));
        }
        let mut pending = vec![(self, node.id)];
        while let Some((folder, id)) = pending.pop() {
            if folder.id(id.kind(), 0)? == id {
                continue;
            }
            let nodes = nodes(&objects.read(&id, Kind::Tree)?, id.kind())?;
            let mut committed: HashMap<&[u8], &Node> = nodes.iter().map(|node| (&*node.name, node)).collect();
            for (name, item) in folder.items() {
                match (&item, committed.remove(name)) {
                    (Item::Folder(inner), Some(node)) if node.is_folder() => pending.push((*inner, node.id)),
                    (Item::Entry(entry), Some(node)) if node.is_same(entry) => {}
                    _ => return Ok(Some(folder.path_of(item.first_entry()).to_owned())),
                }
            }
            if let Some(name) = committed.keys().min() {
                let folder = &folder.path_of(folder.entries[0])[..folder.prefix];
                return Ok(Some([folder, name].concat()));
            }
        }
        Ok(None)
    }

    /// What it holds, in the order of the index.
    fn items(self) -> Vec<(&'a [u8], Item<'a>)> {
        let mut items = Vec::new();
        let mut rest = self.entries;
        while let Some(first) = rest.first() {
            let path = &self.path_of(first)[self.prefix..];
            let Some(slash) = path.iter().position(|byte| *byte == b'/') else {
                items.push((path, Item::Entry(first)));
                rest = &rest[1..];
                continue;
            };
            let beginning = &self.path_of(first)[..=self.prefix + slash];
            let count = rest.partition_point(|entry| entry.path(self.index).starts_with(beginning));
            let (entries, others) = rest.split_at(count.max(1));
            items.push((&path[..slash], Item::Folder(Folder { entries, prefix: beginning.len(), ..self })));
            rest = others;
        }
        items
    }

    /// The id of the tree that git would write for it.
    fn id(self, hash: Hash, depth: usize) -> Result<ObjectId> {
        if depth >= DEEPEST {
            return Err(Error::damaged("the folders of the index are too deep"));
        }
        let mut content = Vec::new();
        for (name, item) in self.items() {
            let (mode, id) = match item {
                Item::Entry(entry) => (entry.mode.bits(), entry.id),
                Item::Folder(folder) => (FOLDER, folder.id(hash, depth + 1)?),
            };
            content.extend_from_slice(format!("{mode:o} ").as_bytes());
            content.extend_from_slice(name);
            content.push(0);
            content.extend_from_slice(id.as_bytes());
        }
        id_of(hash, Kind::Tree, &content)
    }
}

impl Item<'_> {
    fn first_entry(&self) -> &Entry {
        match self {
            Self::Entry(entry) => entry,
            Self::Folder(folder) => folder.entries[0],
        }
    }
}
