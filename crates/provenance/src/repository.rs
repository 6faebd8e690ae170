//! A repository that may be read.

use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use gix::hash::Kind as Hash;

use crate::{
    commit::{self, Authorship},
    config::Config,
    error::{Error, Result},
    files,
    id::Id,
    index,
    objects::Objects,
    ownership::SafeDirectories,
    place::Place,
    project, references,
};

/// The fewest digits of an id, so that a word is not taken for one.
const SHORTEST_ID: usize = 7;

/// A repository with a working tree, which belongs to the user or is named as safe.
///
/// Its files are read, and nothing of it is ever executed. Whatever is read has a bound.
#[derive(Debug)]
pub struct Repository {
    pub(crate) place: Place,
    pub(crate) config: Config,
    pub(crate) hash: Hash,
    /// Submodules are judged by it too.
    pub(crate) safe: SafeDirectories,
}

impl Repository {
    /// The repository around `folder`, which is absolute and free of symbolic links; none when there is none.
    pub fn discover(folder: &Path, safe: &SafeDirectories) -> Result<Option<Self>> {
        Place::around(folder)?.map(|place| Self::open(place, safe)).transpose()
    }

    /// The repository whose working tree begins at `work_tree`; none when there is none.
    pub(crate) fn at(work_tree: &Path, safe: &SafeDirectories) -> Result<Option<Self>> {
        Place::at(work_tree)?.map(|place| Self::open(place, safe)).transpose()
    }

    fn open(place: Place, safe: &SafeDirectories) -> Result<Self> {
        let dot_git = place.work_tree.join(".git");
        safe.judge(&place.work_tree, &[&dot_git, &place.git_dir, &place.common_dir])?;
        let config = Config::read(&place.common_dir.join("config"))?;
        if !place.is_one_of_several() {
            if config.is_true("core.bare", false) {
                return Err(Error::NotOfTree("the repository has no working tree"));
            }
            if config.get("core.worktree").is_some_and(|named| !place.is_named(&named)) {
                return Err(Error::NotOfTree("the working tree of the repository is elsewhere"));
            }
        }
        let hash = format_of(&config)?;
        Ok(Self { place, config, hash, safe: safe.clone() })
    }

    /// The folder that holds `.git`; absolute and free of symbolic links.
    pub fn work_tree(&self) -> &Path {
        &self.place.work_tree
    }

    /// The id of the commit that is checked out.
    pub fn head(&self) -> Result<Id> {
        references::head(self)
    }

    /// The commit that `name` names: all digits of an id, `HEAD`, a full name of a reference, a tag, a branch, or a
    /// branch of a remote.
    pub fn resolve(&self, name: &str, interrupt: &AtomicBool) -> Result<Id> {
        let id = match Id::from_hex(self.hash, name.as_bytes()) {
            Some(id) => id,
            None if name == "HEAD" => self.head()?,
            None => references::resolve(self, name)?,
        };
        self.objects(interrupt)?.peeled(&id)
    }

    /// The names of the tags, without `refs/tags/`, sorted.
    pub fn tags(&self) -> Result<Vec<String>> {
        references::tags(self)
    }

    /// The commit of a tag; `None` if it names something else.
    pub fn tagged_commit(&self, tag: &str, interrupt: &AtomicBool) -> Result<Option<Id>> {
        let id = references::resolve(self, &format!("refs/tags/{tag}"))?;
        match self.objects(interrupt)?.peeled(&id) {
            Ok(id) => Ok(Some(id)),
            Err(error) if error.is_interrupt() => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// Who made a commit, and why.
    pub fn authorship(&self, commit: &Id, interrupt: &AtomicBool) -> Result<Authorship> {
        Ok(commit::authorship(&self.objects(interrupt)?.read(&commit.0, gix::objs::Kind::Commit)?))
    }

    /// The end of the URL of the remote `origin`, else the name of the working tree's folder.
    ///
    /// As it is written there: the caller makes it fit for a terminal.
    pub fn project_name(&self) -> Option<String> {
        let origin = self.config.get("remote.origin.url").and_then(|url| project::name_in_url(&url));
        origin.or_else(|| Some(files::name_of(&self.place.work_tree)).filter(|name| !name.is_empty()))
    }

    /// Whether git tracks the file, or will with the next commit.
    pub fn is_tracked(&self, file: &Path) -> Result<bool> {
        let Ok(path) = file.strip_prefix(&self.place.work_tree).map(files::git_path) else { return Ok(false) };
        let index = index::read(self, &path)?;
        Ok(index.entries().iter().any(|entry| *entry.path(&index) == path))
    }

    /// The id that `text` is, or whose beginning it is if it is that of the commit that is checked out.
    ///
    /// The beginnings of other ids are not looked up.
    pub fn id_in(&self, text: &str) -> Option<Id> {
        Id::from_hex(self.hash, text.as_bytes()).or_else(|| {
            let head = self.head().ok()?;
            let is_beginning = text.len() >= SHORTEST_ID && head.to_string().starts_with(&text.to_ascii_lowercase());
            is_beginning.then_some(head)
        })
    }

    pub(crate) fn objects<'a>(&self, interrupt: &'a AtomicBool) -> Result<Objects<'a>> {
        Objects::of(self.objects_dir(), self.hash, interrupt)
    }

    fn objects_dir(&self) -> PathBuf {
        self.place.common_dir.join("objects")
    }
}

/// The hash of a repository in a format that is known.
fn format_of(config: &Config) -> Result<Hash> {
    let version = config.get("core.repositoryformatversion").unwrap_or_else(|| "0".to_owned());
    if !matches!(version.as_str(), "0" | "1") {
        return Err(Error::Unsupported("the repository has a format that is not known"));
    }
    if config.get("extensions.refstorage").is_some_and(|storage| storage != "files") {
        return Err(references::IN_TABLES);
    }
    match config.get("extensions.objectformat").as_deref() {
        None | Some("sha1") => Ok(Hash::Sha1),
        Some("sha256") => Ok(Hash::Sha256),
        Some(_) => Err(Error::Unsupported("the repository has a hash that is not known")),
    }
}
