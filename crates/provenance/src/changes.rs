//! Whether a tree differs from the commit that is checked out.
//!
//! Like `git describe --dirty`: what is staged against the commit, the files against what is staged. Beyond that, a
//! source file that git does not track counts, too, since the commit does not hold it.

use std::{path::Path, sync::atomic::AtomicBool};

use gix::index::State;

use crate::{
    error::{Error, Result},
    files,
    id::Id,
    index::{self, is_unwatched},
    repository::Repository,
    staged, untracked, worktree,
};

/// Repositories in each other.
const DEEPEST: usize = 8;

/// The tree whose commit is asked for.
#[derive(Debug, Clone, Copy)]
pub struct AnalyzedTree<'a> {
    /// A folder or a file, absolute and free of symbolic links.
    pub root: &'a Path,
    /// Whether the analysis leaves out what ignore files name.
    pub uses_ignore_files: bool,
    /// Whether the analysis reads a file of that name.
    pub is_source: fn(&Path) -> bool,
}

/// How a tree differs from its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// From the root of the working tree.
    pub path: String,
    /// What is different about it.
    pub kind: ChangeKind,
}

/// What is different about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is staged otherwise than the commit has it.
    Staged,
    /// The file is not what is staged.
    Changed,
    /// Git does not know the file.
    Untracked,
}

impl Repository {
    /// A difference between `tree`, which lies in this repository, and the commit; none when there is none.
    pub fn first_change(&self, commit: &Id, tree: AnalyzedTree<'_>, interrupt: &AtomicBool) -> Result<Option<Change>> {
        Look { tree, interrupt, depth: 0 }.first_change(self, commit)
    }
}

/// One repository; submodules are looked at in the same way.
#[derive(Clone, Copy)]
struct Look<'a> {
    tree: AnalyzedTree<'a>,
    interrupt: &'a AtomicBool,
    depth: usize,
}

impl Look<'_> {
    fn first_change(self, repository: &Repository, commit: &Id) -> Result<Option<Change>> {
        if self.depth >= DEEPEST {
            return Err(Error::damaged(format!("more than {DEEPEST} repositories lie in each other")));
        }
        let scope = self.tree.root.strip_prefix(&repository.place.work_tree).unwrap_or(Path::new(""));
        let scope = files::git_path(scope);
        let index = index::read(repository, &scope)?;
        let objects = repository.objects(self.interrupt)?;
        if let Some(path) = staged::first_change(&objects, &commit.0, &index, &scope)? {
            return Ok(Some(Change::new(&path, ChangeKind::Staged)));
        }
        // A change that is sure counts more than a doubt about another file.
        let mut doubt = None;
        let changed = worktree::first_change(repository, &index, self.interrupt);
        if let Some(path) = unless_doubtful(changed, &mut doubt)? {
            return Ok(Some(Change::new(&path, ChangeKind::Changed)));
        }
        let changed = self.first_change_of_repositories(repository, &index);
        if let Some(change) = unless_doubtful(changed, &mut doubt)? {
            return Ok(Some(change));
        }
        let path = untracked::first_file(repository, &index, self.tree, self.interrupt)?;
        match (path, doubt) {
            (Some(path), _) => Ok(Some(Change::new(&path, ChangeKind::Untracked))),
            (None, Some(doubt)) => Err(doubt),
            (None, None) => Ok(None),
        }
    }

    /// The submodules: each has to be at the commit that is staged, and unchanged itself.
    fn first_change_of_repositories(self, outer: &Repository, index: &State) -> Result<Option<Change>> {
        for entry in index.entries().iter().filter(|entry| entry.mode.is_submodule() && !is_unwatched(entry)) {
            files::check(self.interrupt)?;
            let path: &[u8] = entry.path(index);
            let changed = Change::new(path, ChangeKind::Changed);
            let place = worktree::place_of(outer, path);
            let place = place.ok_or_else(|| Error::damaged("a submodule has a name that cannot be read here"))?;
            let Ok(place) = place.canonicalize() else { return Ok(Some(changed)) };
            if !place.starts_with(&outer.place.work_tree) || !place.is_dir() {
                return Ok(Some(changed));
            }
            // Without a repository it was not checked out, which is no change.
            let Some(inner) = Repository::at(&place, &outer.safe)? else { continue };
            let commit = inner.head()?;
            if commit.0 != entry.id {
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

/// What was found; a doubt is kept for later. An interrupt is none.
fn unless_doubtful<T>(found: Result<Option<T>>, doubt: &mut Option<Error>) -> Result<Option<T>> {
    match found {
        Err(error) if !error.is_interrupt() => {
            doubt.get_or_insert(error);
            Ok(None)
        }
        found => found,
    }
}

impl Change {
    fn new(path: &[u8], kind: ChangeKind) -> Self {
        Self { path: String::from_utf8_lossy(path).into_owned(), kind }
    }
}
