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

use cds_language::Language;
use cds_model::{AnalyzerError, NotRead, NotReadReason};
use ignore::{DirEntry, WalkBuilder};

use crate::{
    analyzers::is_built_in,
    ignore_files::Budget,
    left_out::{LeftOut, ending},
    scripts::script_language,
    selection::FileSelection,
};

/// What belongs to version control is no part of the tree, and is not counted.
const REPOSITORY: &str = ".git";

/// The root of an analysis: an existing folder or a single source file.
#[derive(Debug, Clone)]
pub struct SourceTree {
    root: PathBuf,
    is_file: bool,
    /// A file that is none of the tree even if it lies in it, with all files whose names begin as its does.
    own_file: Option<PathBuf>,
    selection: FileSelection,
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
    #[error("analyze {path:?}: it is neither a folder nor a file of a language that cds reads")]
    NotSource {
        /// The path as it was given.
        path: PathBuf,
    },
}

/// What a tree holds.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// The source files by name.
    pub(crate) candidates: Vec<Candidate>,
    /// What could not be looked into.
    pub(crate) errors: Vec<AnalyzerError>,
    /// What is not read.
    pub(crate) left_out: LeftOut,
}

/// A file that waits for its analysis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Relative to the root, `/` between the parts.
    pub(crate) name: String,
    /// Where it can be opened.
    pub(crate) path: PathBuf,
    /// What it is written in.
    pub(crate) language: &'static Language,
}

impl SourceTree {
    /// Looks at `path`, which may itself be a symbolic link.
    pub fn open(path: &Path) -> Result<Self, TreeError> {
        let unreachable = |source| TreeError::Unreachable { path: path.to_owned(), source };
        let root = path.canonicalize().map_err(unreachable)?;
        let metadata = root.metadata().map_err(unreachable)?;
        let is_usable =
            metadata.is_dir() || (metadata.is_file() && (language(&root).or_else(|| script_language(&root))).is_some());
        if !is_usable {
            return Err(TreeError::NotSource { path: path.to_owned() });
        }
        Ok(Self { root, is_file: metadata.is_file(), own_file: None, selection: FileSelection::default() })
    }

    /// The same without the database at `path`, and what stands beside it under its name, in the counts.
    #[must_use]
    pub fn without(mut self, path: &Path) -> Self {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        self.own_file = folder.canonicalize().ok().zip(path.file_name()).map(|(folder, name)| folder.join(name));
        self
    }

    /// The same with only the files that are wanted.
    #[must_use]
    pub fn selecting(self, selection: FileSelection) -> Self {
        Self { selection, ..self }
    }

    /// Which files are wanted.
    pub fn selection(&self) -> &FileSelection {
        &self.selection
    }

    /// The absolute path, free of symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The source files, what could not be looked into, and what is not read.
    pub(crate) fn list(&self, use_ignore_files: bool) -> Listing {
        let mut listing = Listing::default();
        if self.is_file {
            let name = relative_name(self.root.parent().unwrap_or(&self.root), &self.root);
            let language = language(&self.root).or_else(|| script_language(&self.root));
            let candidate = language.map(|language| Candidate { name, path: self.root.clone(), language });
            listing.candidates.extend(candidate);
            return listing;
        }
        let budget = Budget::default();
        let refusal = if use_ignore_files { budget.refusal(&self.root) } else { None };
        if let Some(why) = refusal {
            let reason = format!("left out: {why}");
            listing.errors.push(AnalyzerError { file_path: ".".to_owned(), line: None, reason });
            listing.left_out.add(NotReadReason::Unreadable, NotRead::FOLDER.to_owned());
            return listing;
        }
        let mut walk = WalkBuilder::new(&self.root);
        walk.standard_filters(use_ignore_files).git_global(false).git_exclude(false).follow_links(false);
        let traps = Arc::new(Mutex::new(Vec::new()));
        if use_ignore_files {
            let above = self.root.ancestors().skip(1);
            let refusal = above.into_iter().find_map(|folder| budget.refusal(folder).map(|why| (folder, why)));
            if let Some((folder, why)) = &refusal {
                let reason = format!("the ignore files above the tree do not count: {}: {why}", folder.display());
                listing.errors.push(AnalyzerError { file_path: ".".to_owned(), line: None, reason });
            }
            walk.parents(refusal.is_none());
            let (root, traps) = (self.root.clone(), Arc::clone(&traps));
            walk.filter_entry(move |entry| match budget.refusal(entry.path()).filter(|_| entry.path() != root) {
                Some(trap) => {
                    traps.lock().unwrap_or_else(PoisonError::into_inner).push((entry.path().to_owned(), trap));
                    false
                }
                None => true,
            });
        }
        for entry in walk.build() {
            match entry {
                Ok(entry) => {
                    let language = candidate_language(&entry);
                    let inner = entry.path().strip_prefix(&self.root).unwrap_or(entry.path());
                    let wanted = language.filter(|language| self.selection.wants(language, inner));
                    let unread = match (language, wanted) {
                        (_, Some(_)) => None,
                        (Some(_), None) => Some(NotReadReason::Excluded),
                        (None, _) => Some(NotReadReason::OtherLanguage),
                    };
                    self.count(&entry, use_ignore_files, unread, &mut listing.left_out);
                    if let Some(language) = wanted {
                        let name = relative_name(&self.root, entry.path());
                        listing.candidates.push(Candidate { name, path: entry.into_path(), language });
                    }
                }
                Err(error) => {
                    listing.errors.push(self.walk_error(&error));
                    listing.left_out.add(NotReadReason::Unreadable, NotRead::FOLDER.to_owned());
                }
            }
        }
        for (folder, why) in traps.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            listing.left_out.walk(folder.file_name().unwrap_or_default(), true);
            listing.left_out.add(NotReadReason::Unreadable, NotRead::FOLDER.to_owned());
            let reason = format!("left out: {why}");
            listing.errors.push(AnalyzerError { file_path: relative_name(&self.root, &folder), line: None, reason });
        }
        // Names that are not UTF-8 may look the same after escaping; their paths still differ.
        listing.candidates.sort_unstable_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        listing
    }

    /// Counts an entry that the walk came to; `unread` is why it is not read, if it is a file.
    fn count(&self, entry: &DirEntry, use_ignore_files: bool, unread: Option<NotReadReason>, left_out: &mut LeftOut) {
        let Some(kind) = entry.file_type().filter(|_| self.is_counted(entry.path())) else { return };
        if kind.is_dir() && use_ignore_files {
            left_out.list(entry.path(), &|path| self.is_counted(path));
        }
        if entry.depth() > 0 && use_ignore_files {
            left_out.walk(entry.file_name(), kind.is_dir());
        }
        if kind.is_symlink() {
            left_out.add(NotReadReason::Link, ending(entry.file_name()));
        } else if !kind.is_dir()
            && let Some(reason) = unread
        {
            left_out.add(reason, ending(entry.file_name()));
        }
    }

    /// Whether a path belongs to the tree, and not to version control or to this program.
    fn is_counted(&self, path: &Path) -> bool {
        let is_own = self.own_file.as_ref().is_some_and(|own| {
            let starts = |(name, own): (&OsStr, &OsStr)| name.as_encoded_bytes().starts_with(own.as_encoded_bytes());
            path.parent() == own.parent() && path.file_name().zip(own.file_name()).is_some_and(starts)
        });
        let inner = path.strip_prefix(&self.root).unwrap_or(path);
        !is_own && inner.components().all(|part| part.as_os_str() != REPOSITORY)
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

/// The language of a file, by its name.
pub(crate) fn language(path: &Path) -> Option<&'static Language> {
    Language::of_path(&readable(path.file_name()?)).filter(|language| is_built_in(language))
}

/// The language of anything that is named like source and is neither a folder nor a link. What cannot be read is
/// reported later.
fn candidate_language(entry: &DirEntry) -> Option<&'static Language> {
    let is_file = entry.file_type().is_some_and(|kind| !kind.is_dir() && !kind.is_symlink());
    if is_file { language(entry.path()).or_else(|| script_language(entry.path())) } else { None }
}

pub(crate) fn relative_name(root: &Path, path: &Path) -> String {
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
