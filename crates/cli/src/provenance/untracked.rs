//! Source files of the working tree that no commit holds, because git was never told of them.

use std::{
    collections::HashSet,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use ignore::WalkBuilder;

use super::{
    clock::Deadline,
    code_ref::AnalyzedTree,
    files,
    index::{Entry, Index},
    repository::Repository,
};

const IGNORE_FILES: [&str; 2] = [".gitignore", ".ignore"];
const LARGEST_IGNORE_FILE: u64 = 1 << 20;

/// The path of a file of `tree` that would be analyzed and is not in the index; none when there is none.
///
/// Other repositories that the index knows are left to the caller.
pub(super) fn first_file(
    repository: &Repository,
    index: &Index,
    tree: AnalyzedTree<'_>,
    deadline: Deadline,
) -> Result<Option<Vec<u8>>> {
    let (mut tracked, mut repositories) = (HashSet::new(), HashSet::new());
    for entry in index.below(b"") {
        if entry.is_repository() {
            repositories.extend(place(repository, index, entry));
        } else if index.path(entry).ends_with(b".py") {
            tracked.insert(index.path(entry));
        }
    }
    let relative = |path: &Path| path.strip_prefix(&repository.work_tree).map(files::git_path).unwrap_or_default();
    if tree.root.is_file() {
        let path = relative(tree.root);
        return Ok((!tracked.contains(path.as_slice())).then_some(path));
    }
    for entry in walk(tree, repositories)?.build() {
        deadline.check()?;
        // What cannot be listed is not analyzed.
        let Ok(entry) = entry else { continue };
        let is_file = entry.file_type().is_some_and(|kind| !kind.is_dir() && !kind.is_symlink());
        if is_file && is_source(entry.path()) {
            let path = relative(entry.path());
            if !tracked.contains(path.as_slice()) {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

/// Where the file of an entry lies.
fn place(repository: &Repository, index: &Index, entry: &Entry) -> Option<PathBuf> {
    files::path_of(index.path(entry)).map(|path| repository.work_tree.join(path))
}

/// The walk of the analysis, without other repositories.
fn walk(tree: AnalyzedTree<'_>, repositories: HashSet<PathBuf>) -> Result<WalkBuilder> {
    let uses_ignore_files = tree.uses_ignore_files;
    let mut walk = WalkBuilder::new(tree.root);
    walk.standard_filters(uses_ignore_files).git_global(false).git_exclude(false).follow_links(false);
    if uses_ignore_files {
        ensure!(!is_trap(tree.root), "an ignore file is no regular file or too large");
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

fn is_source(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("py"))
}
