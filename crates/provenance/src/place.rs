//! Where the repository is that a folder lies in.
//!
//! Found as git finds it: upward from the folder, up to a border between file systems, by a folder named `.git` or by
//! a file of that name that points to one (worktrees, submodules). The library for git finds it too, but believes
//! every such file: one in a tree from anywhere could make the commits of any repository those of the tree.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use crate::{
    config::Config,
    error::{Error, Result},
    files,
};

/// The largest file that holds a path.
const LARGEST_POINTER: u64 = 8 << 10;

/// A working tree and the folders of its repository; whose they are was not asked.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The folder that holds `.git`; absolute and free of symbolic links.
    pub(crate) work_tree: PathBuf,
    /// What belongs to this working tree: `HEAD` and the index.
    pub(crate) git_dir: PathBuf,
    /// What all working trees share: references, objects, configuration.
    pub(crate) common_dir: PathBuf,
}

impl Place {
    /// The repository around `folder`, which is absolute and free of symbolic links; none when there is none.
    pub(crate) fn around(folder: &Path) -> Result<Option<Self>> {
        let device = device_of(folder);
        for candidate in folder.ancestors() {
            if device_of(candidate) != device {
                break;
            }
            if let Some(place) = Self::at(candidate)? {
                return Ok(Some(place));
            }
            if is_git_dir(candidate) {
                return Err(Error::NotOfTree("the tree lies in a repository without a working tree"));
            }
        }
        Ok(None)
    }

    /// The repository whose working tree begins at `work_tree`; none when there is none.
    pub(crate) fn at(work_tree: &Path) -> Result<Option<Self>> {
        Self::find(work_tree, |place| place.names_its_work_tree() || place.lies_in_one_above())
    }

    /// The repository at `work_tree`; one that a file points to must be its own.
    fn find(work_tree: &Path, is_own: impl FnOnce(&Self) -> bool) -> Result<Option<Self>> {
        let dot_git = work_tree.join(".git");
        let Ok(metadata) = fs::metadata(&dot_git) else {
            // A link into nowhere and no `.git` at all are the same to git.
            return Ok(None);
        };
        if metadata.is_dir() {
            return if is_git_dir(&dot_git) { Self::new(work_tree, dot_git).map(Some) } else { Ok(None) };
        }
        let git_dir = pointed_to(&dot_git)?;
        if !is_git_dir(&git_dir) {
            return Err(Error::NotOfTree("the file .git points to no repository"));
        }
        let place = Self::new(work_tree, git_dir)?;
        if !is_own(&place) {
            return Err(Error::NotOfTree("the file .git points to a repository that does not point back to this tree"));
        }
        Ok(Some(place))
    }

    fn new(work_tree: &Path, git_dir: PathBuf) -> Result<Self> {
        let common_dir = common_dir(&git_dir)?;
        Ok(Self { work_tree: work_tree.to_owned(), git_dir, common_dir })
    }

    /// Whether the repository has this working tree beside others.
    pub(crate) fn is_one_of_several(&self) -> bool {
        self.common_dir != self.git_dir
    }

    /// Whether the repository, which a file `.git` points to, says that this is its working tree.
    fn names_its_work_tree(&self) -> bool {
        if self.is_one_of_several() {
            return self.is_work_tree_of_another();
        }
        let config = Config::read(&self.common_dir.join("config"));
        config.is_ok_and(|config| config.get("core.worktree").is_some_and(|named| self.is_named(&named)))
    }

    /// Whether `core.worktree` names this working tree.
    pub(crate) fn is_named(&self, core_worktree: &str) -> bool {
        self.git_dir.join(core_worktree).canonicalize().is_ok_and(|path| path == self.work_tree)
    }

    /// Whether one repository with several working trees has this one among them.
    fn is_work_tree_of_another(&self) -> bool {
        let Ok(Some(content)) = files::read(&self.git_dir.join("gitdir"), LARGEST_POINTER) else { return false };
        let Some(named) = files::path_of(content.trim_ascii()).map(|path| self.git_dir.join(path)) else {
            return false;
        };
        let is_named = named.file_name().is_some_and(|name| name == ".git")
            && named.parent().and_then(|folder| folder.canonicalize().ok()).is_some_and(|path| path == self.work_tree);
        let among = self.common_dir.join("worktrees").canonicalize();
        let own = self.git_dir.canonicalize();
        is_named && among.is_ok_and(|among| own.is_ok_and(|own| own.parent() == Some(&among)))
    }

    /// Whether the repository lies inside of the one above its working tree, as those of submodules do.
    fn lies_in_one_above(&self) -> bool {
        if self.is_one_of_several() {
            return false;
        }
        let find = |folder| Self::find(folder, Self::names_its_work_tree).transpose();
        let above = self.work_tree.ancestors().skip(1).find_map(find);
        let (Some(Ok(above)), Ok(own)) = (above, self.git_dir.canonicalize()) else { return false };
        [above.git_dir, above.common_dir]
            .iter()
            .filter_map(|folder| folder.canonicalize().ok())
            .any(|folder| own != folder && own.starts_with(folder))
    }
}

/// The folders from the root of the repository around `root` to the folder that paths in `root` are relative to, with
/// `/` behind each.
///
/// `root` is a folder or a file, as a snapshot stores it. Empty when it is the repository's own root, when there is no
/// repository, and when the tree is not on this machine any more. Nothing of the repository is read for it, so whose
/// it is does not matter.
pub fn path_prefix(root: &Path) -> String {
    let folder = if root.is_file() { root.parent().unwrap_or(root) } else { root };
    let parts = || {
        let folder = folder.canonicalize().ok()?;
        let place = Place::around(&folder).ok().flatten()?;
        let inner = folder.strip_prefix(&place.work_tree).ok()?;
        let name = |part| if let Component::Normal(name) = part { Some(format!("{}/", name.to_str()?)) } else { None };
        inner.components().map(name).collect::<Option<String>>()
    };
    parts().unwrap_or_default()
}

/// Which part of its repository `root` is: the folders to it and, of a single file, its name; empty for all of it.
///
/// Without a repository a folder is the whole, and a file is the part of its name.
pub fn part_name(root: &Path) -> String {
    let prefix = path_prefix(root);
    match root.file_name().filter(|_| root.is_file()) {
        Some(name) => format!("{prefix}{}", name.to_string_lossy()),
        None => prefix.trim_end_matches('/').to_owned(),
    }
}

/// The folder that the `gitdir:` of a `.git` file names.
fn pointed_to(dot_git: &Path) -> Result<PathBuf> {
    let content = files::read(dot_git, LARGEST_POINTER)?.unwrap_or_default();
    let target = content.strip_prefix(b"gitdir:").and_then(|target| files::path_of(target.trim_ascii()));
    let target = target.ok_or(Error::NotOfTree("the file .git names no repository"))?;
    Ok(dot_git.parent().unwrap_or(dot_git).join(target))
}

/// The folder that `git_dir` shares with the other working trees of its repository.
fn common_dir(git_dir: &Path) -> Result<PathBuf> {
    let Some(content) = files::read(&git_dir.join("commondir"), LARGEST_POINTER)? else {
        return Ok(git_dir.to_owned());
    };
    let target = files::path_of(content.trim_ascii());
    let target = target.ok_or_else(|| Error::damaged("the repository names no common folder"))?;
    Ok(git_dir.join(target))
}

/// Whether git would take `folder` for a repository.
fn is_git_dir(folder: &Path) -> bool {
    let is_head = |metadata: fs::Metadata| metadata.is_file() || metadata.is_symlink();
    fs::symlink_metadata(folder.join("HEAD")).is_ok_and(is_head)
        && common_dir(folder).is_ok_and(|common| common.join("objects").is_dir() && common.join("refs").is_dir())
}

#[cfg(unix)]
fn device_of(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;

    path.metadata().ok().map(|metadata| metadata.dev())
}

#[cfg(not(unix))]
fn device_of(_: &Path) -> Option<u64> {
    None
}
