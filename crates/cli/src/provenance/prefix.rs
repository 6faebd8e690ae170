//! Where in its repository a tree lies.

use std::path::{Component, Path};

use super::repository::Repository;

/// The folders from the root of the repository around `root` to the folder that paths in `root` are relative to, with
/// `/` behind each.
///
/// `root` is a folder or a file, as a snapshot stores it. Empty when it is the repository's own root, when there is no
/// repository, and when the tree is not on this machine any more.
pub(crate) fn path_prefix(root: &Path) -> String {
    let folder = if root.is_file() { root.parent().unwrap_or(root) } else { root };
    let parts = || {
        let folder = folder.canonicalize().ok()?;
        let repository = Repository::discover(&folder).ok().flatten()?;
        let inner = folder.strip_prefix(&repository.work_tree).ok()?;
        let name = |part| if let Component::Normal(name) = part { Some(format!("{}/", name.to_str()?)) } else { None };
        inner.components().map(name).collect::<Option<String>>()
    };
    parts().unwrap_or_default()
}

/// Which part of its repository `root` is: the folders to it and, of a single file, its name; empty for all of it.
///
/// Without a repository a folder is the whole, and a file is the part of its name.
pub(crate) fn part_name(root: &Path) -> String {
    let prefix = path_prefix(root);
    match root.file_name().filter(|_| root.is_file()) {
        Some(name) => format!("{prefix}{}", name.to_string_lossy()),
        None => prefix.trim_end_matches('/').to_owned(),
    }
}
