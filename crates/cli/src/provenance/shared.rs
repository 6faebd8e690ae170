//! Whether a file is shared with the code: whether the repository around it has it.

use std::path::Path;

use cds_provenance::{Repository, SafeDirectories};

/// Whether git tracks the file, or will with the next commit; false where that cannot be known.
pub(crate) fn is_tracked(file: &Path) -> bool {
    let Ok(file) = file.canonicalize() else { return false };
    let safe = safe_directories();
    let repository = file.parent().and_then(|folder| Repository::discover(folder, &safe).ok().flatten());
    repository.is_some_and(|repository| repository.is_tracked(&file).unwrap_or(false))
}

/// The folders that the user says are safe, though another user owns them.
pub(crate) fn safe_directories() -> SafeDirectories {
    SafeDirectories::of_user(&|name| std::env::var(name).ok())
}
