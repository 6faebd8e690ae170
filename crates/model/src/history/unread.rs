//! Paths that could not be read, whose definitions must not count as removed.

use std::collections::HashSet;

/// The files and folders that a snapshot or a tree lacks at least partly.
#[derive(Debug, Clone, Default)]
pub struct UnreadPaths<'a>(HashSet<&'a str>);

impl<'a> UnreadPaths<'a> {
    /// The paths of analyzer errors.
    pub fn new(paths: impl IntoIterator<Item = &'a str>) -> Self {
        Self(paths.into_iter().collect())
    }

    /// Whether they include the file or a folder that holds it; an empty path and `.` are the root.
    pub fn holds(&self, file_path: &str) -> bool {
        let folders = file_path.match_indices('/').map(|(at, _)| &file_path[..at]);
        !self.0.is_empty() && folders.chain([file_path, "", "."]).any(|path| self.0.contains(path))
    }
}
