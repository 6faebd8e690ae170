//! The repository that a folder lies in.
//!
//! Found as git finds it: upward from the folder, up to a border between file systems, by a folder named `.git` or by
//! a file of that name that points to one (worktrees, submodules).

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};

use super::{config::Config, files, id::Hash};

/// The largest file that holds a path.
const LARGEST_POINTER: u64 = 8 << 10;

/// A repository with a working tree.
#[derive(Debug)]
pub(super) struct Repository {
    /// The folder that holds `.git`; absolute and free of symbolic links.
    pub(super) work_tree: PathBuf,
    /// What belongs to this working tree: `HEAD` and the index.
    pub(super) git_dir: PathBuf,
    /// What all working trees share: references, objects, configuration.
    pub(super) common_dir: PathBuf,
    pub(super) config: Config,
    pub(super) hash: Hash,
}

impl Repository {
    /// The repository around `folder`, which is absolute and free of symbolic links; none when there is none.
    pub(super) fn discover(folder: &Path) -> Result<Option<Self>> {
        let device = device_of(folder);
        for candidate in folder.ancestors() {
            if device_of(candidate) != device {
                break;
            }
            if let Some(repository) = Self::at(candidate)? {
                return Ok(Some(repository));
            }
            ensure!(!is_git_dir(candidate), "the tree lies in a repository without a working tree");
        }
        Ok(None)
    }

    /// The repository whose working tree begins at `work_tree`; none when there is none.
    pub(super) fn at(work_tree: &Path) -> Result<Option<Self>> {
        Self::find(work_tree, |repository| repository.names_its_work_tree() || repository.lies_in_one_above())
    }

    /// The repository at `work_tree`; one that a file points to must be its own.
    fn find(work_tree: &Path, is_own: impl FnOnce(&Self) -> bool) -> Result<Option<Self>> {
        let dot_git = work_tree.join(".git");
        let Ok(metadata) = fs::metadata(&dot_git) else {
            // A link into nowhere and no `.git` at all are the same to git.
            return Ok(None);
        };
        if metadata.is_dir() {
            return if is_git_dir(&dot_git) { Self::open(work_tree, dot_git).map(Some) } else { Ok(None) };
        }
        let git_dir = pointed_to(&dot_git)?;
        ensure!(is_git_dir(&git_dir), "the file .git points to no repository");
        let repository = Self::open(work_tree, git_dir)?;
        // Else a file in a tree from anywhere could make the commits of any repository those of the tree.
        let is_own = is_own(&repository);
        ensure!(is_own, "the file .git points to a repository that does not point back to this tree");
        Ok(Some(repository))
    }

    /// Whether the repository, which a file `.git` points to, says that this is its working tree.
    fn names_its_work_tree(&self) -> bool {
        if self.common_dir != self.git_dir {
            return self.is_work_tree_of_another();
        }
        // A folder that is named here was compared with the tree when the repository was opened.
        self.config.get("core.worktree").is_some()
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
        if self.common_dir != self.git_dir {
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

    fn open(work_tree: &Path, git_dir: PathBuf) -> Result<Self> {
        let common_dir = common_dir(&git_dir)?;
        let config = Config::read(&common_dir.join("config"))?;
        if common_dir == git_dir {
            ensure!(!config.is_true("core.bare", false), "the repository has no working tree");
            if let Some(elsewhere) = config.get("core.worktree") {
                let there = git_dir.join(elsewhere).canonicalize();
                ensure!(there.is_ok_and(|path| path == work_tree), "the working tree of the repository is elsewhere");
            }
        }
        let version = config.get("core.repositoryformatversion").unwrap_or("0");
        ensure!(matches!(version, "0" | "1"), "the repository has a format that is not known");
        let hash = match config.get("extensions.objectformat").unwrap_or("sha1") {
            "sha1" => Hash::Sha1,
            "sha256" => Hash::Sha256,
            _ => bail!("the repository has a hash that is not known"),
        };
        let storage = config.get("extensions.refstorage").unwrap_or("files");
        ensure!(storage == "files", "the repository keeps its references in tables (reftable), which are not read");
        Ok(Self { work_tree: work_tree.to_owned(), git_dir, common_dir, config, hash })
    }
}

/// The folder that the `gitdir:` of a `.git` file names.
fn pointed_to(dot_git: &Path) -> Result<PathBuf> {
    let content = files::read(dot_git, LARGEST_POINTER)?.unwrap_or_default();
    let target = content.strip_prefix(b"gitdir:").context("the file .git names no repository")?;
    let target = files::path_of(target.trim_ascii()).context("the file .git names no repository")?;
    Ok(dot_git.parent().unwrap_or(dot_git).join(target))
}

/// The folder that `git_dir` shares with the other working trees of its repository.
fn common_dir(git_dir: &Path) -> Result<PathBuf> {
    let Some(content) = files::read(&git_dir.join("commondir"), LARGEST_POINTER)? else {
        return Ok(git_dir.to_owned());
    };
    let target = files::path_of(content.trim_ascii()).context("the repository names no common folder")?;
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
