//! The files of the working tree against the index.
//!
//! A file that looks as it did when it was staged is taken as unchanged, as git does; every other one is hashed.

use std::{
    fs::{self, Metadata},
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::{
    clock::Deadline,
    files,
    id::{Kind, ObjectId},
    index::{Entry, Index, Moment},
    repository::Repository,
};

/// Larger files are compared as they are; in smaller ones other line ends are no change.
const LARGEST_TEXT: u64 = 16 << 20;

/// Compares files with what is staged.
pub(super) struct WorkingTree<'a> {
    repository: &'a Repository,
    index: &'a Index,
    deadline: Deadline,
    has_modes: bool,
    has_links: bool,
    /// The last folder that was looked at, and whether it is one without links on the way to it.
    folder: (PathBuf, bool),
}

impl<'a> WorkingTree<'a> {
    pub(super) fn new(repository: &'a Repository, index: &'a Index, deadline: Deadline) -> Self {
        let has_modes = cfg!(unix) && repository.config.is_true("core.filemode", true);
        let has_links = repository.config.is_true("core.symlinks", true);
        Self { repository, index, deadline, has_modes, has_links, folder: (repository.work_tree.clone(), true) }
    }

    /// A path at or below `scope` where the file differs from what is staged; none when there is none.
    ///
    /// Other repositories are left to the caller.
    pub(super) fn first_change(&mut self, scope: &[u8]) -> Result<Option<Vec<u8>>> {
        let index = self.index;
        for entry in index.below(scope).filter(|entry| !entry.is_unwatched && !entry.is_repository()) {
            self.deadline.check()?;
            if self.differs(entry)? {
                return Ok(Some(index.path(entry).to_owned()));
            }
        }
        Ok(None)
    }

    fn differs(&mut self, entry: &Entry) -> Result<bool> {
        let Some(path) = files::path_of(self.index.path(entry)) else { return Ok(true) };
        let path = self.repository.work_tree.join(path);
        if !self.is_reached_without_links(&path) {
            return Ok(true);
        }
        // What cannot be looked at cannot be analyzed either.
        let Ok(metadata) = fs::symlink_metadata(&path) else { return Ok(true) };
        let is_link = entry.mode & 0o170_000 == 0o120_000;
        let is_expected = match (is_link, metadata.is_symlink()) {
            (true, is_link) if is_link || self.has_links => is_link,
            (_, is_link) => !is_link && metadata.is_file(),
        };
        if !is_expected || (!is_link && self.has_modes && is_program(&metadata) != (entry.mode & 0o100 != 0)) {
            return Ok(true);
        }
        if self.looks_unchanged(entry, &metadata) {
            return Ok(false);
        }
        if metadata.is_symlink() {
            let target = fs::read_link(&path).context("read a link")?;
            return Ok(entry.id.hash().id_of(Kind::Blob, target.as_os_str().as_encoded_bytes()) != entry.id);
        }
        self.has_other_content(entry, &path)
            .with_context(|| format!("read {}", path.file_name().unwrap_or_default().display()))
    }

    /// Whether nothing says that the file was touched since it was staged.
    fn looks_unchanged(&self, entry: &Entry, metadata: &Metadata) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "as it is kept in the index")]
        let size = metadata.len() as u32;
        entry.size == size
            // Git writes zero where it knows that the times cannot be trusted.
            && size != 0
            && entry.modified_at.is(Moment::modified(metadata))
            && entry.modified_at.is_before(self.index.written_at)
            && has_same_inode(entry, metadata)
    }

    fn has_other_content(&self, entry: &Entry, path: &Path) -> Result<bool> {
        let (file, size) = files::open(path)?;
        let mut context = entry.id.hash().object(Kind::Blob, size);
        let mut left = file.take(size);
        let mut buffer = vec![0; 64 << 10];
        loop {
            self.deadline.check()?;
            match left.read(&mut buffer)? {
                0 => break,
                count => context.update(&buffer[..count]),
            }
        }
        if ObjectId::from(context.finish()) == entry.id {
            return Ok(false);
        }
        if size > LARGEST_TEXT {
            return Ok(true);
        }
        // A checkout may turn line ends into those of the system.
        let text = files::read(path, LARGEST_TEXT)?.unwrap_or_default();
        let unix = without_carriage_returns(&text);
        Ok(entry.id.hash().id_of(Kind::Blob, &unix) != entry.id)
    }

    /// Else the path names something outside of the working tree.
    fn is_reached_without_links(&mut self, path: &Path) -> bool {
        let folder = path.parent().unwrap_or(path);
        if self.folder.0 != folder {
            let parts = folder.strip_prefix(&self.repository.work_tree).unwrap_or(folder);
            let mut reached = self.repository.work_tree.clone();
            let is_real = parts.components().all(|part| {
                reached.push(part);
                // Everything up to here was looked at when the folder before was.
                (self.folder.1 && self.folder.0.starts_with(&reached))
                    || fs::symlink_metadata(&reached).is_ok_and(|metadata| metadata.is_dir())
            });
            self.folder = (folder.to_owned(), is_real);
        }
        self.folder.1
    }
}

fn without_carriage_returns(text: &[u8]) -> Vec<u8> {
    let mut unix = Vec::with_capacity(text.len());
    for (at, byte) in text.iter().enumerate() {
        if *byte != b'\r' || text.get(at + 1) != Some(&b'\n') {
            unix.push(*byte);
        }
    }
    unix
}

#[cfg(unix)]
fn is_program(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_program(_: &Metadata) -> bool {
    false
}

/// Whether it is the file that was staged, not another in its place with the same time.
#[cfg(unix)]
fn has_same_inode(entry: &Entry, metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    #[expect(clippy::cast_possible_truncation, reason = "as it is kept in the index")]
    let inode = metadata.ino() as u32;
    // Zero is what other implementations of git write.
    (entry.inode == 0 || entry.inode == inode)
        && (entry.changed_at.seconds == 0 || entry.changed_at.is(Moment::of(metadata.ctime(), metadata.ctime_nsec())))
}

#[cfg(not(unix))]
fn has_same_inode(_: &Entry, _: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_line_ends_lose_their_carriage_return() {
        assert_eq!(without_carriage_returns(b"a\r\nb\r\r\n\rc\r"), b"a\nb\r\n\rc\r");
    }
}
