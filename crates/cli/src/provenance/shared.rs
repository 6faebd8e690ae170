//! Whether a file is shared with the code: whether the repository around it has it.

use std::path::Path;

use super::{index::Index, repository::Repository};

/// Whether git tracks the file, or will with the next commit; false where that cannot be known.
pub(crate) fn is_tracked(file: &Path) -> bool {
    let Ok(file) = file.canonicalize() else { return false };
    let Some(repository) = file.parent().and_then(|folder| Repository::discover(folder).ok().flatten()) else {
        return false;
    };
    let Ok(path) = file.strip_prefix(&repository.work_tree) else { return false };
    let Ok(index) = Index::read(&repository.git_dir.join("index"), repository.hash) else { return false };
    let path = path.as_os_str().as_encoded_bytes();
    index.below(path).any(|entry| index.path(entry) == path)
}
