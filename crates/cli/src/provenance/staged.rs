//! The index against the tree of the commit.
//!
//! The trees that the index would make are hashed and compared; only where they differ are trees of the commit read.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};

use super::{
    clock::Deadline,
    id::{Kind, ObjectId},
    index::{Entry, Index},
    objects::Objects,
};

const FOLDER: u32 = 0o40_000;
/// Folders in each other.
const DEEPEST: usize = 1000;

/// A name in a tree.
struct Node {
    name: Vec<u8>,
    mode: u32,
    id: ObjectId,
}

/// A path at or below `scope` that is staged otherwise than the commit has it; none when there is none.
pub(super) fn first_change(
    objects: &mut Objects,
    commit: &ObjectId,
    index: &Index,
    scope: &[u8],
) -> Result<Option<Vec<u8>>> {
    let entries: Vec<&Entry> = index.below(scope).collect();
    if let Some(entry) = entries.iter().find(|entry| !entry.is_staged) {
        return Ok(Some(index.path(entry).to_owned()));
    }
    let tree = tree_of(&objects.read(commit, Kind::Commit)?, commit)?;
    let Some(node) = descend(objects, tree, scope)? else {
        return Ok(entries.first().map(|entry| index.path(entry).to_owned()));
    };
    let differs = match entries.as_slice() {
        [] => true,
        // The scope is a file.
        [entry] if index.path(entry) == scope => !is_same(&node, entry.mode, &entry.id),
        _ => {
            let prefix = if scope.is_empty() { 0 } else { scope.len() + 1 };
            let folder = Folder { index, entries: &entries, prefix, deadline: objects.deadline() };
            return folder.first_change(objects, &node);
        }
    };
    Ok(differs.then(|| scope.to_owned()))
}

/// The tree of a commit's content.
fn tree_of(content: &[u8], commit: &ObjectId) -> Result<ObjectId> {
    let line = content.split(|byte| *byte == b'\n').next().and_then(|line| line.strip_prefix(b"tree "));
    line.and_then(|id| ObjectId::from_hex(commit.hash(), id)).context("the commit names no tree")
}

/// What the commit has at `scope`.
fn descend(objects: &mut Objects, root: ObjectId, scope: &[u8]) -> Result<Option<Node>> {
    let mut node = Node { name: Vec::new(), mode: FOLDER, id: root };
    for part in scope.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
        if node.mode != FOLDER {
            return Ok(None);
        }
        let nodes = nodes(&objects.read(&node.id, Kind::Tree)?, &node.id)?;
        match nodes.into_iter().find(|node| node.name == part) {
            Some(found) => node = found,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

/// The names in a tree's content.
fn nodes(mut content: &[u8], id: &ObjectId) -> Result<Vec<Node>> {
    let mut nodes = Vec::new();
    while !content.is_empty() {
        let node = take_node(&mut content, id).context("a tree is damaged")?;
        nodes.push(node);
    }
    Ok(nodes)
}

fn take_node(content: &mut &[u8], id: &ObjectId) -> Option<Node> {
    let blank = content.iter().position(|byte| *byte == b' ')?;
    let mode = u32::from_str_radix(std::str::from_utf8(&content[..blank]).ok()?, 8).ok()?;
    let rest = &content[blank + 1..];
    let zero = rest.iter().position(|byte| *byte == 0)?;
    let id = ObjectId::from_bytes(id.hash(), &rest[zero + 1..])?;
    let name = rest[..zero].to_owned();
    *content = &rest[zero + 1 + id.as_bytes().len()..];
    Some(Node { name, mode: canonical(mode), id })
}

/// Old trees have modes of files that today's git reads as one of two.
fn canonical(mode: u32) -> u32 {
    match mode & 0o170_000 {
        0o100_000 if mode & 0o100 == 0 => 0o100_644,
        0o100_000 => 0o100_755,
        kind => kind,
    }
}

fn is_same(node: &Node, mode: u32, id: &ObjectId) -> bool {
    node.mode == mode && node.id == *id
}

/// A folder of the index.
#[derive(Clone, Copy)]
struct Folder<'a> {
    index: &'a Index,
    entries: &'a [&'a Entry],
    /// How much of each path names the folder.
    prefix: usize,
    deadline: Deadline,
}

/// What a folder of the index holds directly.
enum Item<'a> {
    File(&'a Entry),
    Folder(Folder<'a>),
}

impl<'a> Folder<'a> {
    fn first_change(self, objects: &mut Objects, node: &Node) -> Result<Option<Vec<u8>>> {
        let folder_path = self.index.path(self.entries[0])[..self.prefix.saturating_sub(1)].to_owned();
        if node.mode != FOLDER {
            return Ok(Some(folder_path));
        }
        let mut pending = vec![(self, node.id)];
        while let Some((folder, id)) = pending.pop() {
            if folder.id(id, 0)? == id {
                continue;
            }
            let nodes = nodes(&objects.read(&id, Kind::Tree)?, &id)?;
            let mut committed: HashMap<&[u8], &Node> = nodes.iter().map(|node| (&*node.name, node)).collect();
            for (name, item) in folder.items() {
                match (&item, committed.remove(name)) {
                    (Item::Folder(inner), Some(node)) if node.mode == FOLDER => pending.push((*inner, node.id)),
                    (Item::File(entry), Some(node)) if is_same(node, entry.mode, &entry.id) => {}
                    _ => return Ok(Some(folder.index.path(item.first_entry()).to_owned())),
                }
            }
            if let Some(name) = committed.keys().min() {
                let folder = &folder.index.path(folder.entries[0])[..folder.prefix];
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
            let path = &self.index.path(first)[self.prefix..];
            let Some(slash) = path.iter().position(|byte| *byte == b'/') else {
                items.push((path, Item::File(first)));
                rest = &rest[1..];
                continue;
            };
            let beginning = &self.index.path(first)[..=self.prefix + slash];
            let count = rest.partition_point(|entry| self.index.path(entry).starts_with(beginning));
            let (entries, others) = rest.split_at(count.max(1));
            items.push((&path[..slash], Item::Folder(Folder { entries, prefix: beginning.len(), ..self })));
            rest = others;
        }
        items
    }

    /// The id of the tree that git would write for it.
    fn id(self, like: ObjectId, depth: usize) -> Result<ObjectId> {
        self.deadline.check()?;
        ensure!(depth < DEEPEST, "the folders of the index are too deep");
        let mut content = Vec::new();
        for (name, item) in self.items() {
            let (mode, id) = match item {
                Item::File(entry) => (entry.mode, entry.id),
                Item::Folder(folder) => (FOLDER, folder.id(like, depth + 1)?),
            };
            content.extend_from_slice(format!("{mode:o} ").as_bytes());
            content.extend_from_slice(name);
            content.push(0);
            content.extend_from_slice(id.as_bytes());
        }
        Ok(like.hash().id_of(Kind::Tree, &content))
    }
}

impl Item<'_> {
    fn first_entry(&self) -> &Entry {
        match self {
            Self::File(entry) => entry,
            Self::Folder(folder) => folder.entries[0],
        }
    }
}
