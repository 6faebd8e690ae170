//! Source files of the working tree that no commit holds, because git does not track them.
//!
//! Which files count is what the analysis reads, so that the walk is that of the analysis and not that of git.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use gix::index::State;
use ignore::WalkBuilder;

use crate::{
    changes::AnalyzedTree,
    error::{Error, Result},
    files,
    index::folder_of,
    repository::Repository,
    worktree::place_of,
};

const IGNORE_FILES: [&str; 2] = [".gitignore", ".ignore"];
const LARGEST_IGNORE_FILE: u64 = 1 << 20;

/// The path of a file of `tree` that would be analyzed and is not in the index; none when there is none.
///
/// Other repositories that the index knows are left to the caller.
pub(crate) fn first_file(
    repository: &Repository,
    index: &State,
    tree: AnalyzedTree<'_>,
    interrupt: &AtomicBool,
) -> Result<Option<Vec<u8>>> {
    let known = Known::of(repository, index, tree);
    let relative = |path: &Path| path.strip_prefix(&repository.place.work_tree).map(files::git_path);
    if tree.root.is_file() {
        return known.missing(relative(tree.root).unwrap_or_default());
    }
    for entry in walk(tree, known.repositories.clone())?.build() {
        files::check(interrupt)?;
        // What cannot be listed is not analyzed.
        let Ok(entry) = entry else { continue };
        let is_file = entry.file_type().is_some_and(|kind| !kind.is_dir() && !kind.is_symlink());
        if is_file
            && (tree.is_source)(entry.path())
            && let Some(path) = known.missing(relative(entry.path()).unwrap_or_default())?
        {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// What the index has.
struct Known<'a> {
    files: HashSet<&'a [u8]>,
    /// Folders that are kept as a whole.
    folders: Vec<&'a [u8]>,
    repositories: HashSet<PathBuf>,
}

impl<'a> Known<'a> {
    fn of(repository: &Repository, index: &'a State, tree: AnalyzedTree<'_>) -> Self {
        let mut known = Self { files: HashSet::new(), folders: Vec::new(), repositories: HashSet::new() };
        for entry in index.entries() {
            let path: &[u8] = entry.path(index);
            if entry.mode.is_submodule() {
                known.repositories.extend(place_of(repository, path));
            } else if entry.mode.is_sparse() {
                known.folders.push(folder_of(path));
            } else if tree.root.is_file() || files::path_of(path).is_some_and(|path| (tree.is_source)(&path)) {
                known.files.insert(path);
            }
        }
        known
    }

    /// The path, if git does not track it.
    fn missing(&self, path: Vec<u8>) -> Result<Option<Vec<u8>>> {
        if self.files.contains(path.as_slice()) {
            return Ok(None);
        }
        if self.folders.iter().any(|folder| files::is_within(&path, folder)) {
            return Err(Error::Unsupported(
                "the index is sparse, and a folder that it keeps as a whole has files here",
            ));
        }
        Ok(Some(path))
    }
}

/// The walk of the analysis, without other repositories.
fn walk(tree: AnalyzedTree<'_>, repositories: HashSet<PathBuf>) -> Result<WalkBuilder> {
    let uses_ignore_files = tree.uses_ignore_files;
    let mut walk = WalkBuilder::new(tree.root);
    walk.standard_filters(uses_ignore_files).git_global(false).git_exclude(false).follow_links(false);
    if uses_ignore_files {
        if is_trap(tree.root) {
            return Err(Error::Unsupported("an ignore file is no regular file or too large"));
        }
        walk.parents(!tree.root.ancestors().skip(1).any(is_trap));
    }
    walk.filter_entry(move |entry| {
        if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
            return true;
        }
        let is_repository = entry.depth() > 0 && repositories.contains(entry.path());
        !(is_repository || uses_ignore_files && is_trap(entry.path()))
    });
    Ok(walk)
}

/// Whether the ignore files of a folder must not be opened; the analysis leaves such folders out.
fn is_trap(folder: &Path) -> bool {
    IGNORE_FILES.iter().any(|name| {
        let is_harmless =
            |metadata: fs::Metadata| metadata.is_dir() || (metadata.is_file() && metadata.len() <= LARGEST_IGNORE_FILE);
        fs::metadata(folder.join(name)).is_ok_and(|metadata| !is_harmless(metadata))
    })
}
