//! The files of a commit, without a checkout.

use std::sync::atomic::AtomicBool;

use gix::objs::Kind;

use crate::{
    error::{Error, Result},
    files,
    id::Id,
    objects::{LARGEST_OBJECT, Objects, tree_of},
    repository::Repository,
    staged::{Node, nodes},
};

/// As many files as are listed at most.
pub(crate) const MOST_FILES: usize = 1_000_000;
/// Folders in each other.
pub(crate) const DEEPEST: usize = 1000;
/// The bytes of all paths of a tree: a small one may hold itself many times over.
pub(crate) const MOST_PATH_BYTES: usize = 256 << 20;

/// The tree of a commit.
pub struct CommitTree<'a> {
    objects: Objects<'a>,
    root: gix::ObjectId,
}

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedFile {
    /// From the root of the repository, `/` between the parts, as the bytes that git has.
    pub path: Vec<u8>,
    /// The id of its content.
    pub id: Id,
    /// What it is.
    pub kind: FileKind,
}

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A regular file that may be executed.
    Program,
    /// A symbolic link; its content is the target.
    Link,
    /// The commit of another repository; it has no content here.
    Repository,
}

impl Repository {
    /// The tree of a commit of this repository.
    pub fn tree_at<'a>(&self, commit: &Id, interrupt: &'a AtomicBool) -> Result<CommitTree<'a>> {
        let objects = self.objects(interrupt)?;
        let root = tree_of(&objects.read(&commit.0, Kind::Commit)?, self.hash)?;
        Ok(CommitTree { objects, root })
    }
}

impl CommitTree<'_> {
    /// Every file at or below `scope`, in the order of git's trees; the empty scope is everything.
    ///
    /// Folders that cannot hold the scope are not read.
    pub fn files(&self, scope: &[u8]) -> Result<Vec<CommittedFile>> {
        let mut found = Vec::new();
        let mut path_bytes = 0;
        let mut pending = vec![(Vec::new(), Node::root(self.root), 0)];
        while let Some((path, node, depth)) = pending.pop() {
            if !node.is_folder() {
                path_bytes += path.len();
                if found.len() >= MOST_FILES || path_bytes > MOST_PATH_BYTES {
                    return Err(too_many("the tree has", MOST_FILES, "files"));
                }
                found.push(CommittedFile { path, id: Id(node.id), kind: kind_of(node.mode)? });
                continue;
            }
            if depth >= DEEPEST {
                return Err(too_many("the tree has", DEEPEST, "folders in each other"));
            }
            let inner = nodes(&self.objects.read(&node.id, Kind::Tree)?, node.id.kind())?;
            for node in inner.into_iter().rev() {
                let path = joined(&path, &node.name)?;
                if files::is_within(&path, scope) || (node.is_folder() && files::is_within(scope, &path)) {
                    path_bytes += path.len();
                    pending.push((path, node, depth + 1));
                }
            }
            if path_bytes > MOST_PATH_BYTES {
                return Err(Error::too_large("a list of its paths", MOST_PATH_BYTES as u64));
            }
        }
        Ok(found)
    }

    /// The content of a file, of at most `limit` bytes and never more than 16 MiB.
    pub fn content(&self, file: &Id, limit: u64) -> Result<Vec<u8>> {
        self.objects.read_within(&file.0, Kind::Blob, limit.min(LARGEST_OBJECT))
    }
}

pub(crate) fn too_many(what: &str, limit: usize, unit: &'static str) -> Error {
    Error::TooLarge { what: what.to_owned(), than: "more than", limit: limit as u64, unit }
}

/// The name in that folder; names that lead elsewhere are in no tree that git wrote.
pub(crate) fn joined(folder: &[u8], name: &[u8]) -> Result<Vec<u8>> {
    let is_name = !name.is_empty()
        && !name.contains(&b'/')
        && name != b"."
        && name != b".."
        && !name.eq_ignore_ascii_case(b".git");
    if !is_name {
        return Err(Error::damaged("a tree has a name that leads elsewhere"));
    }
    Ok(if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() })
}

pub(crate) fn kind_of(mode: u32) -> Result<FileKind> {
    match mode {
        0o100_644 => Ok(FileKind::File),
        0o100_755 => Ok(FileKind::Program),
        0o120_000 => Ok(FileKind::Link),
        0o160_000 => Ok(FileKind::Repository),
        _ => Err(Error::damaged("a tree has an entry of a kind that is not known")),
    }
}
