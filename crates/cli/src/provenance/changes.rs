//! Whether a tree differs from the commit that is checked out.
//!
//! Like `git describe --dirty`: what is staged against the commit, the files against what is staged. Beyond that, a
//! source file that git was never told of counts, too, since the commit does not hold it.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::{
    clock::Deadline, code_ref::AnalyzedTree, files, head, id::ObjectId, index::Index, objects::Objects,
    repository::Repository, staged, untracked, working_tree::WorkingTree,
};

/// Repositories in each other.
const DEEPEST: usize = 8;

/// How a tree differs from its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// From the root of the working tree.
    pub(super) path: String,
    pub(super) kind: ChangeKind,
}

/// What is different about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeKind {
    /// It is staged otherwise than the commit has it.
    Staged,
    /// The file is not what is staged.
    Changed,
    /// Git does not know the file.
    Untracked,
}

/// A difference in `tree`, which lies in `repository`; none when there is none.
pub(super) fn first_change(
    repository: &Repository,
    commit: &ObjectId,
    tree: AnalyzedTree<'_>,
    deadline: Deadline,
) -> Result<Option<Change>> {
    Look { tree, deadline, depth: 0 }.first_change(repository, commit)
}

/// One repository; submodules are looked at in the same way.
#[derive(Clone, Copy)]
struct Look<'a> {
    tree: AnalyzedTree<'a>,
    deadline: Deadline,
    depth: usize,
}

impl Look<'_> {
    fn first_change(self, repository: &Repository, commit: &ObjectId) -> Result<Option<Change>> {
        ensure!(self.depth < DEEPEST, "more than {DEEPEST} repositories lie in each other");
        let index = Index::read(&repository.git_dir.join("index"), repository.hash)?;
        let scope = files::git_path(self.tree.root.strip_prefix(&repository.work_tree).unwrap_or(Path::new("")));
        let mut objects = Objects::of(repository, self.deadline)?;
        if let Some(path) = staged::first_change(&mut objects, commit, &index, &scope)? {
            return Ok(Some(Change::new(&path, ChangeKind::Staged)));
        }
        if let Some(path) = WorkingTree::new(repository, &index, self.deadline).first_change(&scope)? {
            return Ok(Some(Change::new(&path, ChangeKind::Changed)));
        }
        if let Some(change) = self.first_change_of_repositories(repository, &index, &scope)? {
            return Ok(Some(change));
        }
        let path = untracked::first_file(repository, &index, self.tree, self.deadline)?;
        Ok(path.map(|path| Change::new(&path, ChangeKind::Untracked)))
    }

    /// The submodules: each has to be at the commit that is staged, and unchanged itself.
    fn first_change_of_repositories(self, outer: &Repository, index: &Index, scope: &[u8]) -> Result<Option<Change>> {
        for entry in index.below(scope).filter(|entry| entry.is_repository() && !entry.is_unwatched) {
            self.deadline.check()?;
            let changed = Change::new(index.path(entry), ChangeKind::Changed);
            let path = files::path_of(index.path(entry)).context("a submodule has a name that cannot be read here")?;
            let Ok(place) = outer.work_tree.join(path).canonicalize() else { return Ok(Some(changed)) };
            if !place.starts_with(&outer.work_tree) || !place.is_dir() {
                return Ok(Some(changed));
            }
            // Without a repository it was not checked out, which is no change.
            let Some(inner) = Repository::at(&place)? else { continue };
            let commit = head::read(&inner)?;
            if commit != entry.id {
                return Ok(Some(changed));
            }
            let look = Look { tree: AnalyzedTree { root: &place, ..self.tree }, depth: self.depth + 1, ..self };
            if let Some(change) = look.first_change(&inner, &commit)? {
                return Ok(Some(Change { path: format!("{}/{}", changed.path, change.path), ..change }));
            }
        }
        Ok(None)
    }
}

impl Change {
    fn new(path: &[u8], kind: ChangeKind) -> Self {
        Self { path: String::from_utf8_lossy(path).into_owned(), kind }
    }
}
