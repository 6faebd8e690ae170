//! Which files of a tree are source files.
//!
//! The rules are ripgrep's: `.gitignore` inside a repository, `.ignore` everywhere, also above the root, nothing hidden.
//! What belongs to a user or a clone (a global ignore file, `.git/info/exclude`) has no say.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use cds_model::AnalyzerError;
use ignore::{DirEntry, WalkBuilder};

const IGNORE_FILES: [&str; 2] = [".gitignore", ".ignore"];
const LARGEST_IGNORE_FILE: u64 = 1 << 20;

/// The root of an analysis: an existing folder or a single source file.
#[derive(Debug, Clone)]
pub struct SourceTree {
    root: PathBuf,
    is_file: bool,
}

/// Why a path cannot be the root of an analysis.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// Nothing is there, or it cannot be looked at.
    #[error("look at {path:?}")]
    Unreachable {
        /// The path as it was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file in a language that no analyzer knows.
    #[error("analyze {path:?}: it is neither a folder nor a *.py file")]
    NotSource {
        /// The path as it was given.
        path: PathBuf,
    },
}

/// A file that waits for its analysis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Relative to the root, `/` between the parts.
    pub(crate) name: String,
    /// Where it can be opened.
    pub(crate) path: PathBuf,
}

impl SourceTree {
    /// Looks at `path`, which may itself be a symbolic link.
    pub fn open(path: &Path) -> Result<Self, TreeError> {
        let unreachable = |source| TreeError::Unreachable { path: path.to_owned(), source };
        let root = path.canonicalize().map_err(unreachable)?;
        let metadata = root.metadata().map_err(unreachable)?;
        let is_usable = metadata.is_dir() || (metadata.is_file() && is_source(&root));
        if !is_usable {
            return Err(TreeError::NotSource { path: path.to_owned() });
        }
        Ok(Self { root, is_file: metadata.is_file() })
    }

    /// The absolute path, free of symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The source files by name, and what could not be looked into.
    pub(crate) fn candidates(&self, use_ignore_files: bool) -> (Vec<Candidate>, Vec<AnalyzerError>) {
        let mut found = Vec::new();
        let mut errors = Vec::new();
        if self.is_file {
            let name = relative_name(self.root.parent().unwrap_or(&self.root), &self.root);
            found.push(Candidate { name, path: self.root.clone() });
            return (found, errors);
        }
        if let Some(reason) = trap_in(&self.root).filter(|_| use_ignore_files) {
            errors.push(AnalyzerError { file_path: ".".to_owned(), line: None, reason });
            return (found, errors);
        }
        let mut walk = WalkBuilder::new(&self.root);
        walk.standard_filters(use_ignore_files).git_global(false).git_exclude(false).follow_links(false);
        let traps = Arc::new(Mutex::new(Vec::new()));
        if use_ignore_files {
            walk.parents(!self.root.ancestors().skip(1).any(|folder| trap_in(folder).is_some()));
            let traps = Arc::clone(&traps);
            walk.filter_entry(move |entry| match trap_in(entry.path()) {
                Some(trap) => {
                    traps.lock().unwrap_or_else(PoisonError::into_inner).push((entry.path().to_owned(), trap));
                    false
                }
                None => true,
            });
        }
        for entry in walk.build() {
            match entry {
                Ok(entry) if is_candidate(&entry) => {
                    let name = relative_name(&self.root, entry.path());
                    found.push(Candidate { name, path: entry.into_path() });
                }
                Ok(_) => {}
                Err(error) => errors.push(self.walk_error(&error)),
            }
        }
        for (folder, reason) in traps.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            errors.push(AnalyzerError { file_path: relative_name(&self.root, &folder), line: None, reason });
        }
        // Names that are not UTF-8 may look alike after escaping; their paths still differ.
        found.sort_unstable_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        (found, errors)
    }

    fn walk_error(&self, error: &ignore::Error) -> AnalyzerError {
        let (path, cause) = split_path(error);
        AnalyzerError {
            file_path: path.map_or_else(|| ".".to_owned(), |path| relative_name(&self.root, path)),
            line: None,
            reason: format!("cannot list: {cause}"),
        }
    }
}

/// Why the ignore files of a folder must not be opened: reading a pipe never ends, and a device may have no end.
fn trap_in(folder: &Path) -> Option<String> {
    IGNORE_FILES.iter().find_map(|name| {
        let metadata = folder.join(name).metadata().ok()?;
        let is_trap = !(metadata.is_file() || metadata.is_dir()) || metadata.len() > LARGEST_IGNORE_FILE;
        is_trap.then(|| format!("left out: its {name} is no regular file of at most {LARGEST_IGNORE_FILE} bytes"))
    })
}

fn split_path(error: &ignore::Error) -> (Option<&Path>, String) {
    match error {
        ignore::Error::WithPath { path, err } => {
            let (inner, cause) = split_path(err);
            (inner.or(Some(path)), cause)
        }
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => split_path(err),
        ignore::Error::Io(source) => (None, source.to_string()),
        other => (None, other.to_string()),
    }
}

fn is_source(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("py"))
}

/// Anything that is named like source and is neither a folder nor a link: what cannot be read is told later.
fn is_candidate(entry: &DirEntry) -> bool {
    is_source(entry.path()) && entry.file_type().is_some_and(|kind| !kind.is_dir() && !kind.is_symlink())
}

fn relative_name(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<String> = relative.components().map(|part| readable(part.as_os_str())).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// The name as text; a byte that is no UTF-8 becomes `\xNN`, and so does a backslash that would look like one of these.
fn readable(name: &OsStr) -> String {
    use std::fmt::Write as _;

    let mut text = String::with_capacity(name.len());
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace("\\x", "\\x5cx"));
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("a String takes everything");
        }
    }
    text
}
