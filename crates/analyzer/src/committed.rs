//! Which files of a commit are source files, by the rules of a walk over its checkout.
//!
//! The rules need no file system: paths, kinds and the texts of the ignore files are enough. A file is left out where a
//! walk would leave it out, and counted as it would be counted.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::Arc,
};

use cds_language::Language;
use cds_model::{AnalyzerError, NotRead, NotReadReason};
use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};

use crate::{
    ignore_files::{Budget, NAMES},
    left_out::{LeftOut, ending},
    scripts::{language_of_script, may_be_script},
    selection::FileSelection,
    walk::{language, relative_name},
};

/// An entry of a commit's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedEntry {
    /// From the root of the repository.
    pub path: PathBuf,
    /// What it is.
    pub kind: EntryKind,
}

impl CommittedEntry {
    /// Whether its text decides which files are read.
    pub fn decides_by_text(&self) -> bool {
        self.kind == EntryKind::File && (may_be_script(&self.path) || self.is_ignore_file())
    }

    fn is_ignore_file(&self) -> bool {
        self.kind == EntryKind::File && self.path.file_name().is_some_and(|name| NAMES.iter().any(|own| name == *own))
    }
}

/// What an entry of a commit's tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// The commit of another repository.
    Repository,
}

/// A source file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedSource {
    /// Relative to the root of the analysis, `/` between the parts.
    pub name: String,
    /// From the root of the repository.
    pub path: PathBuf,
    /// What it is written in.
    pub language: &'static Language,
}

/// The source files of a commit, and what is not read.
#[derive(Debug, Default)]
pub struct CommittedListing {
    /// By name.
    pub sources: Vec<CommittedSource>,
    /// What could not be looked into.
    pub errors: Vec<AnalyzerError>,
    /// Everything else, counted.
    pub left_out: CommittedLeftOut,
}

/// What of a commit is not read. Files that turn out to be unreadable are added before it is counted.
#[derive(Debug, Clone, Default)]
pub struct CommittedLeftOut(LeftOut);

impl CommittedLeftOut {
    /// Counts one more source file that is not read.
    pub fn add(&mut self, reason: NotReadReason, path: &Path) {
        self.0.add(reason, ending(path.file_name().unwrap_or_default()));
    }

    /// One row for each ending and reason.
    pub fn rows(self) -> Vec<NotRead> {
        self.0.rows()
    }
}

/// Lists the source files at or below `scope`. `text_of` gives the content of an ignore file, or of one without an ending.
///
/// The rules above `scope` count too, up to the root of the repository.
pub fn list_committed(
    entries: &[CommittedEntry],
    scope: &Path,
    use_ignore_files: bool,
    selection: &FileSelection,
    text_of: &dyn Fn(&Path) -> Option<Vec<u8>>,
) -> CommittedListing {
    let scope = &rooted(scope);
    let mut lister = Lister {
        scope,
        use_ignore_files,
        selection,
        text_of,
        ignore_files: entries.iter().filter(|entry| entry.is_ignore_file()).map(|entry| rooted(&entry.path)).collect(),
        budget: Budget::default(),
        folders: HashMap::new(),
        listing: CommittedListing::default(),
    };
    for entry in entries {
        lister.add(entry);
    }
    let mut listing = lister.listing;
    listing.sources.sort_unstable_by(|one, other| (&one.name, &one.path).cmp(&(&other.name, &other.path)));
    listing.errors.sort();
    listing
}

/// A folder of the commit.
#[derive(Clone)]
struct Folder {
    is_walked: bool,
    /// Its own rules: those of `.ignore` first, then those of `.gitignore`.
    rules: Option<Arc<[Gitignore; 2]>>,
}

struct Lister<'a> {
    scope: &'a Path,
    use_ignore_files: bool,
    selection: &'a FileSelection,
    text_of: &'a dyn Fn(&Path) -> Option<Vec<u8>>,
    ignore_files: HashSet<PathBuf>,
    budget: Budget,
    folders: HashMap<PathBuf, Folder>,
    listing: CommittedListing,
}

impl Lister<'_> {
    fn add(&mut self, entry: &CommittedEntry) {
        let path = rooted(&entry.path);
        let Some(folder) = path.parent() else { return };
        if !path.starts_with(self.scope) || !self.folder(folder) {
            return;
        }
        let name = path.file_name().unwrap_or_default();
        let is_folder = entry.kind == EntryKind::Repository;
        if self.is_left_out(&path, is_folder) {
            return self.leave_out(name, is_folder);
        }
        match entry.kind {
            // Where it was not fetched, a checkout has an empty folder there.
            EntryKind::Repository => {
                self.listing.left_out.0.add(NotReadReason::Unreadable, NotRead::FOLDER.to_owned());
            }
            EntryKind::Link => self.listing.left_out.0.add(NotReadReason::Link, ending(name)),
            EntryKind::File => self.add_file(entry, &path),
        }
    }

    fn add_file(&mut self, entry: &CommittedEntry, path: &Path) {
        let scripted =
            || language_of_script(path, &may_be_script(path).then(|| (self.text_of)(&entry.path)).flatten()?);
        let found = language(path).or_else(scripted);
        let is_single = path == self.scope;
        let inner = path.strip_prefix(self.scope).unwrap_or(path);
        let unread = match found {
            // A single file is named by itself.
            Some(language) if is_single || self.selection.wants(language, inner) => {
                let root = if is_single { path.parent().unwrap_or(path) } else { self.scope };
                let name = relative_name(root, path);
                self.listing.sources.push(CommittedSource { name, path: entry.path.clone(), language });
                return;
            }
            Some(_) => NotReadReason::Excluded,
            None => NotReadReason::OtherLanguage,
        };
        self.listing.left_out.0.add(unread, ending(path.file_name().unwrap_or_default()));
    }

    /// Whether the walk goes through the folder. The first time, what its rules say is looked up.
    fn folder(&mut self, path: &Path) -> bool {
        if let Some(folder) = self.folders.get(path) {
            return folder.is_walked;
        }
        // From above, so that nothing recurses over the depth.
        let mut above: Vec<&Path> = path.ancestors().take_while(|path| !self.folders.contains_key(*path)).collect();
        while let Some(path) = above.pop() {
            let folder = self.look_at(path);
            self.folders.insert(path.to_owned(), folder);
        }
        self.folders.get(path).is_some_and(|folder| folder.is_walked)
    }

    fn look_at(&mut self, path: &Path) -> Folder {
        let unwalked = Folder { is_walked: false, rules: None };
        let is_outer = self.scope.starts_with(path);
        let parent = path.parent();
        if parent.and_then(|parent| self.folders.get(parent)).is_some_and(|parent| !parent.is_walked) {
            return unwalked;
        }
        let name = path.file_name().unwrap_or_default();
        if !is_outer && self.is_left_out(path, true) {
            self.leave_out(name, true);
            return unwalked;
        }
        if !self.use_ignore_files {
            return Folder { is_walked: true, rules: None };
        }
        match self.rules_in(path) {
            Ok(rules) => Folder { is_walked: true, rules },
            Err(why) if is_outer && path != self.scope => {
                let reason =
                    format!("the ignore files above the tree do not count: {}: {why}", unrooted(path).display());
                self.listing.errors.push(AnalyzerError { file_path: ".".to_owned(), line: None, reason });
                Folder { is_walked: true, rules: None }
            }
            Err(why) => {
                self.listing.left_out.0.add(NotReadReason::Unreadable, NotRead::FOLDER.to_owned());
                let file_path = relative_name(self.scope, path);
                let reason = format!("left out: {why}");
                self.listing.errors.push(AnalyzerError { file_path, line: None, reason });
                unwalked
            }
        }
    }

    fn rules_in(&self, folder: &Path) -> Result<Option<Arc<[Gitignore; 2]>>, String> {
        // The second has less to say.
        let [git, own] = NAMES.map(|name| folder.join(name));
        let mut rules = [Gitignore::empty(), Gitignore::empty()];
        for (place, path) in [(1, git), (0, own)] {
            if !self.ignore_files.contains(&path) {
                continue;
            }
            let Some(text) = (self.text_of)(unrooted(&path)) else { continue };
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Some(why) = self.budget.refusal_of_text(&text) {
                return Err(format!("its {name} {why}"));
            }
            rules[place] = rules_of(folder, &text);
        }
        let has_rules = rules.iter().any(|rules| !rules.is_empty());
        Ok(has_rules.then(|| Arc::new(rules)))
    }

    /// Whether ignore files or a hidden name leave out what lies in a folder that is walked.
    fn is_left_out(&self, path: &Path, is_folder: bool) -> bool {
        if !self.use_ignore_files || path == self.scope {
            return false;
        }
        // Of each kind of file the innermost rule counts, and `.ignore` before `.gitignore`.
        for kind in [0, 1] {
            for folder in path.ancestors().skip(1) {
                let rules = self.folders.get(folder).and_then(|folder| folder.rules.as_ref());
                match rules.map_or(Match::None, |rules| rules[kind].matched(path, is_folder)) {
                    Match::None => {}
                    Match::Ignore(_) => return true,
                    Match::Whitelist(_) => return false,
                }
            }
        }
        is_hidden(path.file_name().unwrap_or_default())
    }

    fn leave_out(&mut self, name: &OsStr, is_folder: bool) {
        let reason = if is_hidden(name) { NotReadReason::Hidden } else { NotReadReason::Ignored };
        let ending = if is_folder { NotRead::FOLDER.to_owned() } else { ending(name) };
        self.listing.left_out.0.add(reason, ending);
    }
}

/// The path as if the repository were the whole file system: the rules take no relative path with one part.
fn rooted(path: &Path) -> PathBuf {
    Path::new("/").join(path)
}

fn unrooted(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// The rules of an ignore file; lines that are no pattern have no say.
fn rules_of(folder: &Path, text: &[u8]) -> Gitignore {
    let mut builder = GitignoreBuilder::new(folder);
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    for line in text.split(|byte| *byte == b'\n') {
        // The library that reads files stops at a line that is no text.
        let Ok(line) = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line)) else { break };
        drop(builder.add_line(None, line));
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::SourceTree;

    const PATHS: [&str; 17] = [
        "tool",
        "pkg/tool",
        "web/a.js",
        "a.py",
        "b.py",
        "pkg/a.py",
        "pkg/b.txt",
        "pkg/deep/a.py",
        "pkg/deep/er/b.py",
        ".hidden.py",
        ".folder/a.py",
        "build/out.py",
        "build/keep/in.py",
        "x.pyc",
        "Makefile",
        "pkg/.dot/c.py",
        "tests/a.py",
    ];
    const RULES: [&str; 12] = [
        "*.pyc\n",
        "build/\n!build/keep/\n",
        "/a.py\n",
        "a.py\n!pkg/a.py\n",
        "!.hidden.py\n!.folder\n",
        "deep\n",
        "# comment\n\n\\!x\n",
        "pkg/*\n!pkg/deep\n",
        "**/er/\n",
        "[\n*.txt\n",
        "\u{feff}b.py\r\n",
        "*\n!*/\n!*.py\n",
    ];
    const FOLDERS: [&str; 4] = ["", "pkg", "build", "pkg/deep"];

    fn write(root: &Path, path: &str, text: &str) {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), text).unwrap();
    }

    fn entries_in(root: &Path) -> Vec<CommittedEntry> {
        let mut found = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = entry.path().strip_prefix(root).unwrap().to_owned();
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() && path != Path::new(".git") => folders.push(entry.path()),
                    kind if kind.is_dir() => {}
                    kind if kind.is_symlink() => found.push(CommittedEntry { path, kind: EntryKind::Link }),
                    _ => found.push(CommittedEntry { path, kind: EntryKind::File }),
                }
            }
        }
        found
    }

    /// Compares with a walk over the same files on disk.
    fn check(root: &Path, scope: &str, use_ignore_files: bool, exclude: Option<&str>) {
        let walked = SourceTree::open(&root.join(scope)).unwrap();
        let text_of = |path: &Path| fs::read(root.join(path)).ok();
        let selection =
            FileSelection::new(Vec::new(), &[], &exclude.map(str::to_owned).into_iter().collect::<Vec<_>>());
        let selection = selection.unwrap();
        let walked = walked.selecting(selection.clone()).list(use_ignore_files);
        let listing = list_committed(&entries_in(root), Path::new(scope), use_ignore_files, &selection, &text_of);
        let expected: Vec<String> = walked.candidates.into_iter().map(|candidate| candidate.name).collect();
        assert_eq!(listing.sources.into_iter().map(|source| source.name).collect::<Vec<_>>(), expected);
        assert_eq!(listing.left_out.rows(), walked.left_out.rows());
        let places = |errors: Vec<AnalyzerError>| errors.into_iter().map(|error| error.file_path).collect::<Vec<_>>();
        assert_eq!(places(listing.errors), places(walked.errors));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn commit_is_listed_like_its_checkout(
            paths in prop::collection::vec(0..PATHS.len(), 1..14),
            rules in prop::collection::vec((0..FOLDERS.len(), any::<bool>(), 0..RULES.len()), 0..5),
            scope in 0..FOLDERS.len(),
            use_ignore_files in any::<bool>(),
            exclude in prop::option::of(prop::sample::select(&["deep/", "a.py", "*.js"][..])),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let root = &folder.path().canonicalize().unwrap();
            fs::create_dir(root.join(".git")).unwrap();
            for path in paths {
                let is_script = PATHS[path].ends_with("tool");
                write(root, PATHS[path], if is_script { "#!/usr/bin/env python3\n" } else { "x = 1\n" });
            }
            for (folder, is_own, text) in rules {
                let name = if is_own { ".ignore" } else { ".gitignore" };
                write(root, format!("{}/{name}", FOLDERS[folder]).trim_start_matches('/'), RULES[text]);
            }
            // A commit has no folders without files.
            if entries_in(root).iter().any(|entry| entry.path.starts_with(FOLDERS[scope])) {
                check(root, FOLDERS[scope], use_ignore_files, exclude);
            }
        }
    }
}
