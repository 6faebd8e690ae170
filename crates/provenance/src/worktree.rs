//! The files of the working tree against the index.
//!
//! The library for git looks which files are as they were when they were staged; it never goes through a link, and
//! stops when the caller asks for it. The content of the others is compared here, with bounds and without filters.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use gix::{
    bstr::BStr,
    command,
    filter::plumbing::{Pipeline, pipeline},
    index::{Entry, State, entry::stat},
    objs::Kind,
    status::plumbing::index_as_worktree::{
        Change, Context, EntryStatus, Options, VisitEntry,
        traits::{CompareBlobs, ReadData, SubmoduleStatus},
    },
    worktree::{Stack, stack},
};

use crate::{
    conversion::Conversion,
    error::{Doing as _, Error, Result, library},
    files,
    id::id_of,
    repository::Repository,
};

/// Larger files are compared as they are; in smaller ones other line ends are no change.
const LARGEST_TEXT: u64 = 16 << 20;

/// The first path where the file differs from what is staged; none when there is none.
///
/// Other repositories are left to the caller. When a program would have to say whether a file differs, that is an
/// error, but only if no other file surely does.
pub(crate) fn first_change(repository: &Repository, index: &State, interrupt: &AtomicBool) -> Result<Option<Vec<u8>>> {
    let mut conversion = Conversion::new(repository);
    let mut doubt = None;
    for suspect in suspects(repository, index, interrupt)? {
        files::check(interrupt)?;
        let differs = match suspect.why {
            Why::Kind => Ok(true),
            Why::Times => differs(repository, suspect.entry, suspect.path, &mut conversion, interrupt),
        };
        match differs {
            Ok(false) => {}
            Ok(true) => return Ok(Some(suspect.path.to_vec())),
            Err(error) if error.is_interrupt() => return Err(error),
            Err(error) => doubt = doubt.or(Some(error)),
        }
    }
    doubt.map_or(Ok(None), Err)
}

/// A file that may differ from what is staged.
struct Suspect<'a> {
    entry: &'a Entry,
    path: &'a BStr,
    why: Why,
}

enum Why {
    /// It is not there, or it is something else.
    Kind,
    /// Its times or its size are not those that it had when it was staged.
    Times,
}

fn suspects<'a>(repository: &Repository, index: &'a State, interrupt: &AtomicBool) -> Result<Vec<Suspect<'a>>> {
    let work_tree = &repository.place.work_tree;
    let case = gix::glob::pattern::Case::Sensitive;
    // Both stay without use: nothing asks the library for the content of a file.
    let stack =
        Stack::new(work_tree, stack::State::AttributesStack(stack::state::Attributes::default()), case, vec![], vec![]);
    let filter = Pipeline::new(command::Context::default(), repository.hash, pipeline::Options::default());
    let pathspec = gix::pathspec::Search::from_specs([], None, work_tree).map_err(library)?;
    let context = Context { pathspec, stack, filter, should_interrupt: interrupt };
    let fs = gix::fs::Capabilities {
        precompose_unicode: false,
        ignore_case: false,
        executable_bit: cfg!(unix) && repository.config.is_true("core.filemode", true),
        symlink: repository.config.is_true("core.symlinks", true),
    };
    // Not as the repository is configured, which could make any file look unchanged.
    let stat = stat::Options { trust_ctime: true, check_stat: true, use_nsec: true, use_stdev: false };
    let options = Options { fs, thread_limit: Some(1), stat, fscache: false };
    let mut collector = Collector { suspects: Vec::new() };
    let outcome = gix::status::plumbing::index_as_worktree(
        index,
        work_tree,
        &mut collector,
        Unread,
        Unread,
        Unread,
        &mut gix::progress::Discard,
        context,
        options,
    );
    outcome.map_err(library)?;
    files::check(interrupt)?;
    Ok(collector.suspects)
}

/// What the library is given where it would read: it gets nothing, and says only whom it suspects.
#[derive(Clone)]
struct Unread;

impl CompareBlobs for Unread {
    type Output = ();

    fn compare_blobs<'a, 'b>(
        &mut self,
        _: &Entry,
        _: u64,
        _: impl ReadData<'a>,
        _: &mut Vec<u8>,
    ) -> gix::Result<Option<()>> {
        Ok(Some(()))
    }
}

impl SubmoduleStatus for Unread {
    type Output = ();

    fn status(&mut self, _: &Entry, _: &BStr) -> gix::Result<Option<()>> {
        Ok(None)
    }
}

impl gix::objs::Find for Unread {
    fn try_find<'a>(&self, _: &gix::oid, _: &'a mut Vec<u8>) -> gix::Result<Option<gix::objs::Data<'a>>> {
        Ok(None)
    }
}

struct Collector<'a> {
    suspects: Vec<Suspect<'a>>,
}

impl<'index> VisitEntry<'index> for Collector<'index> {
    type ContentChange = ();
    type SubmoduleStatus = ();

    fn visit_entry(
        &mut self,
        _: &'index [Entry],
        entry: &'index Entry,
        _: usize,
        path: &'index BStr,
        status: EntryStatus<(), ()>,
    ) {
        let why = match status {
            EntryStatus::NeedsUpdate(_) | EntryStatus::IntentToAdd => return,
            EntryStatus::Change(Change::Modification { executable_bit_changed: false, .. }) => Why::Times,
            EntryStatus::Change(_) | EntryStatus::Conflict { .. } => Why::Kind,
        };
        if !entry.mode.is_submodule() {
            self.suspects.push(Suspect { entry, path, why });
        }
    }
}

fn differs(
    repository: &Repository,
    entry: &Entry,
    path: &BStr,
    conversion: &mut Conversion<'_>,
    interrupt: &AtomicBool,
) -> Result<bool> {
    let Some(relative) = files::path_of(path) else { return Ok(true) };
    let on_disk = repository.place.work_tree.join(relative);
    let read = || format!("read {}", files::name_of(&on_disk));
    let metadata = fs::symlink_metadata(&on_disk).map_err(|error| Error::io(files::name_of(&on_disk), error))?;
    if metadata.is_symlink() {
        let target = fs::read_link(&on_disk).map_err(|error| Error::io("a link", error))?;
        return Ok(id_of(repository.hash, Kind::Blob, &files::git_bytes(&target))? != entry.id);
    }
    let found = streamed(repository, &on_disk, interrupt).doing(read)?;
    if found.id == entry.id {
        return Ok(false);
    }
    let converted = if found.size > LARGEST_TEXT {
        conversion.refuse(path, found.has_other_line_ends).map(|()| None)
    } else {
        let content = files::read(&on_disk, LARGEST_TEXT)?.unwrap_or_default();
        // A checkout may turn line ends into those of the system.
        if id_of(repository.hash, Kind::Blob, &without_carriage_returns(&content))? == entry.id {
            return Ok(false);
        }
        conversion.stored(path, &content)
    };
    match converted {
        Ok(None) => Ok(true),
        Ok(Some(stored)) => Ok(id_of(repository.hash, Kind::Blob, &stored)? != entry.id),
        // Git, too, asks no filter when a file has another size than it noted.
        Err(_) if entry.stat.size != 0 && u64::from(entry.stat.size) != found.size & 0xffff_ffff => Ok(true),
        Err(error) => Err(error),
    }
}

/// A file as it is.
struct Streamed {
    id: gix::ObjectId,
    size: u64,
    /// Whether it is a text in which a checkout may have made the line ends.
    has_other_line_ends: bool,
}

fn streamed(repository: &Repository, path: &Path, interrupt: &AtomicBool) -> Result<Streamed> {
    let failed = |error| Error::io(files::name_of(path), error);
    let (file, size) = files::open(path).map_err(failed)?;
    let mut digest = gix::hash::hasher(repository.hash);
    digest.update(&gix::objs::encode::loose_header(Kind::Blob, size));
    let mut left = file.take(size);
    let mut buffer = vec![0; 64 << 10];
    let (mut has_returns, mut is_text) = (false, true);
    loop {
        files::check(interrupt)?;
        let count = left.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            break;
        }
        let piece = &buffer[..count];
        has_returns |= piece.windows(2).any(|pair| pair == b"\r\n");
        is_text &= !piece.contains(&0);
        digest.update(piece);
    }
    let id = digest.try_finalize().map_err(library)?;
    Ok(Streamed { id, size, has_other_line_ends: has_returns && is_text })
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

/// Where the file of an entry lies.
pub(crate) fn place_of(repository: &Repository, path: &[u8]) -> Option<PathBuf> {
    files::path_of(path).map(|path| repository.place.work_tree.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_line_ends_lose_their_carriage_return() {
        assert_eq!(without_carriage_returns(b"a\r\nb\r\r\n\rc\r"), b"a\nb\r\n\rc\r");
    }
}
