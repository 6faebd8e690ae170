//! Which ignore files may be read: those of an untrusted tree can be pipes, endless, or made to take forever.
//!
//! Each pattern becomes a part of a regular expression, and nested braces are followed by recursion. So the files are
//! looked at before the library that knows the rules reads them.

use std::{
    fs::File,
    io::Read,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

pub(crate) const NAMES: [&str; 2] = [".gitignore", ".ignore"];

const MAX_BYTES: u64 = 256 * 1024;
const MAX_PATTERNS: usize = 5_000;
const MAX_LINE: usize = 1_000;
/// Of all ignore files of a tree together.
const MAX_TREE_BYTES: u64 = 4 * 1024 * 1024;

/// What the ignore files of one tree may still take.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    spent: AtomicU64,
}

impl Budget {
    /// Why the ignore files of `folder` are not read; `None` if they may be, or if there are none.
    pub(crate) fn refusal(&self, folder: &Path) -> Option<String> {
        NAMES.iter().find_map(|name| self.refusal_of(&folder.join(name)).map(|why| format!("its {name} {why}")))
    }

    fn refusal_of(&self, path: &Path) -> Option<String> {
        let metadata = path.metadata().ok()?;
        if metadata.is_dir() {
            return None;
        }
        if !metadata.is_file() || metadata.len() > MAX_BYTES {
            return Some(format!("is no regular file of at most {MAX_BYTES} bytes"));
        }
        let mut text = Vec::new();
        // What cannot be read is for the library to report.
        File::open(path).ok()?.take(MAX_BYTES).read_to_end(&mut text).ok()?;
        self.refusal_of_text(&text)
    }

    /// The same of a text that was read.
    pub(crate) fn refusal_of_text(&self, text: &[u8]) -> Option<String> {
        if text.len() as u64 > MAX_BYTES {
            return Some(format!("is no regular file of at most {MAX_BYTES} bytes"));
        }
        let spent = self.spent.fetch_add(text.len() as u64, Ordering::Relaxed) + text.len() as u64;
        let mut lines = text.split(|byte| *byte == b'\n');
        if lines.clone().any(|line| line.len() > MAX_LINE) {
            return Some(format!("has a line of more than {MAX_LINE} bytes"));
        }
        if lines.by_ref().filter(|line| !line.is_empty() && !line.starts_with(b"#")).count() > MAX_PATTERNS {
            return Some(format!("has more than {MAX_PATTERNS} patterns"));
        }
        (spent > MAX_TREE_BYTES)
            .then(|| format!("is one too many: the ignore files of a tree may have {MAX_TREE_BYTES} bytes together"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".gitignore"), text).unwrap();
        assert_eq!(Budget::default().refusal(folder.path()).as_deref(), expected);
    }

    #[test]
    fn an_ignore_file_has_bounds() {
        check("*.pyc\n# a comment\n\n!keep\n", None);
        check(&"*.pyc\n".repeat(5_000), None);
        check(&"*.pyc\n".repeat(5_001), Some("its .gitignore has more than 5000 patterns"));
        check(&"#\n".repeat(5_001), None);
        check(&"{".repeat(1_001), Some("its .gitignore has a line of more than 1000 bytes"));
        check(&"#\n".repeat(140_000), Some("its .gitignore is no regular file of at most 262144 bytes"));
    }

    #[test]
    fn ignore_files_share_one_bound() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".ignore"), "# comment\n".repeat(26_000)).unwrap();
        let budget = Budget::default();
        let refused: Vec<_> = (0..20).map(|_| budget.refusal(folder.path()).is_some()).collect();
        assert_eq!(refused.iter().position(|refused| *refused), Some(16));
    }
}
