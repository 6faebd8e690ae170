//! The index: what is staged for the next commit, with what the file system said of each file then.
//!
//! The library for git decodes it. Before that, a scan measures it, because the library does not: in version 4 a small
//! file can hold paths that fill the memory, and a cache of trees or of untracked files in each other can fill the
//! stack. Neither cache is of use here, so that the library does not get to see them.

use std::path::Path;

use filetime::FileTime;
use gix::{
    hash::Kind as Hash,
    index::{Entry, File, State, decode, entry::Flags},
};

use crate::{
    error::{Doing as _, Error, Result, library},
    files,
    repository::Repository,
};

const LARGEST_INDEX: u64 = 64 << 20;
/// With shared beginnings a small file can hold long paths.
const MOST_PATH_BYTES: usize = 64 << 20;
const LONGEST_PATH: usize = 4094;
/// Everything of an entry in front of its id.
const STAT_LENGTH: usize = 40;
/// The index and its entries, when decoded.
const LARGEST_ALLOCATION: usize = 512 << 20;
/// Folders in each other, in the cache of trees.
const DEEPEST: usize = 1000;

/// The entries at or below `scope`; the empty scope is everything. None at all when there is no index.
pub(crate) fn read(repository: &Repository, scope: &[u8]) -> Result<State> {
    let path = repository.place.git_dir.join("index");
    let mut index = read_whole(&path, repository.hash)?;
    if !scope.is_empty() {
        index.remove_entries(|_, path, entry| !is_within(path, entry, scope));
    }
    Ok(index)
}

fn is_within(path: &[u8], entry: &Entry, scope: &[u8]) -> bool {
    // A folder that is kept as a whole may hold the scope.
    files::is_within(path, scope) || (entry.mode.is_sparse() && files::is_within(scope, folder_of(path)))
}

/// The path of an entry without the `/` behind a folder that is kept as a whole.
pub(crate) fn folder_of(path: &[u8]) -> &[u8] {
    path.strip_suffix(b"/").unwrap_or(path)
}

fn read_whole(path: &Path, hash: Hash) -> Result<State> {
    let Some(bytes) = files::read(path, LARGEST_INDEX)? else { return Ok(State::new(hash)) };
    let metadata = path.metadata().map_err(|error| Error::io("index", error))?;
    let written_at = FileTime::from_last_modification_time(&metadata);
    let read = || {
        let scan = Scan::of(&bytes, hash)?;
        let index = match &scan.shared {
            None => decoded(&bytes, &scan, written_at, hash)?,
            Some(shared) => read_split(path, &bytes, &scan, shared, hash)?,
        };
        check_paths(&index)?;
        Ok(index)
    };
    read().doing(|| "read the index".to_owned())
}

/// An index whose entries lie in another file for the most part; only the library's own way of opening it joins them.
fn read_split(path: &Path, bytes: &[u8], own: &Scan, shared: &str, hash: Hash) -> Result<State> {
    let beside = path.with_file_name(format!("sharedindex.{shared}"));
    let Some(others) = files::read(&beside, LARGEST_INDEX)? else {
        return Err(Error::Missing(files::name_of(&beside)));
    };
    let scan = Scan::of(&others, hash)?;
    for (bytes, scan) in [(bytes, own), (&others, &scan)] {
        scan.check_caches(bytes, hash)?;
    }
    let options = decode::Options { thread_limit: Some(1), ..options() };
    File::at(path, hash, false, options).map(State::from).map_err(library)
}

/// The index in those bytes; its checksum may be left out by being zero.
#[cfg(test)]
pub(crate) fn parse(bytes: &[u8], hash: Hash) -> Result<State> {
    let index = decoded(bytes, &Scan::of(bytes, hash)?, FileTime::zero(), hash)?;
    check_paths(&index).map(|()| index)
}

fn decoded(bytes: &[u8], scan: &Scan, written_at: FileTime, hash: Hash) -> Result<State> {
    let mut without_caches = bytes[..scan.entries_end].to_owned();
    without_caches.resize(scan.entries_end + hash.len_in_bytes(), 0);
    let (index, _) = State::from_bytes(&without_caches, written_at, hash, options()).map_err(library)?;
    Ok(index)
}

fn options() -> decode::Options {
    decode::Options { alloc_limit_bytes: Some(LARGEST_ALLOCATION), ..decode::Options::default() }
}

fn check_paths(index: &State) -> Result<()> {
    let mut before: &[u8] = b"";
    for entry in index.entries() {
        let path: &[u8] = entry.path(index);
        let own = if entry.mode.is_sparse() { folder_of(path) } else { path };
        if path < before || !is_plain(own) {
            return Err(Error::damaged("its paths are not in order, or lead elsewhere"));
        }
        before = path;
    }
    Ok(())
}

/// Whether the path stays inside of the working tree and out of `.git`.
fn is_plain(path: &[u8]) -> bool {
    let is_part =
        |part: &[u8]| !part.is_empty() && part != b"." && part != b".." && !part.eq_ignore_ascii_case(b".git");
    path.split(|byte| *byte == b'/').all(is_part)
}

/// Neither a side of a conflict, nor only announced.
pub(crate) fn is_staged(entry: &Entry) -> bool {
    entry.stage_raw() == 0 && !entry.flags.contains(Flags::INTENT_TO_ADD)
}

/// The user vouches that the file is as it is here, or it need not be there.
pub(crate) fn is_unwatched(entry: &Entry) -> bool {
    entry.flags.intersects(Flags::ASSUME_VALID | Flags::SKIP_WORKTREE)
}

/// How an index is laid out.
struct Scan {
    entries_end: usize,
    /// Name and place of each extension.
    extensions: Vec<([u8; 4], usize, usize)>,
    /// The end of the name of the file that has the other entries.
    shared: Option<String>,
}

impl Scan {
    fn of(bytes: &[u8], hash: Hash) -> Result<Self> {
        let content = checked(bytes, hash)?;
        let mut input = Input { bytes: content, at: 0 };
        if input.take(4)? != b"DIRC" {
            return Err(Error::damaged("it is none"));
        }
        let version = input.number()?;
        let count = input.number()?;
        if !(2..=4).contains(&version) {
            return Err(Error::damaged("its version is not known"));
        }
        if count > content.len() / (STAT_LENGTH + hash.len_in_bytes() + 2) {
            return Err(Error::damaged("it says that it has more than it can hold"));
        }
        let (mut length, mut total) = (0, 0);
        for _ in 0..count {
            length = path_length(&mut input, hash, version, length)?;
            total += length;
            if total > MOST_PATH_BYTES {
                return Err(Error::too_large("a list of its paths", MOST_PATH_BYTES as u64));
            }
        }
        let mut scan = Self { entries_end: input.at, extensions: Vec::new(), shared: None };
        while input.at < content.len() {
            scan.read_extension(&mut input, hash)?;
        }
        Ok(scan)
    }

    fn read_extension(&mut self, input: &mut Input<'_>, hash: Hash) -> Result<()> {
        let name: [u8; 4] = input.take(4)?.try_into().unwrap_or_default();
        let length = input.number()?;
        let start = input.at;
        let content = input.take(length)?;
        match &name {
            b"link" => {
                let id = content.get(..hash.len_in_bytes()).ok_or_else(|| Error::damaged("it ends too early"))?;
                self.shared = Some(gix::ObjectId::from_bytes_or_panic(id).to_string());
            }
            // A mark without content: some entries are folders.
            b"sdir" => {}
            _ if name[0].is_ascii_uppercase() => {}
            _ => return Err(Error::damaged("it has an extension that is not known")),
        }
        self.extensions.push((name, start, start + length));
        Ok(())
    }

    /// An error when the library would go too deep into the caches of this index.
    fn check_caches(&self, bytes: &[u8], hash: Hash) -> Result<()> {
        for (name, start, end) in &self.extensions {
            match name {
                b"TREE" => check_depth(&bytes[*start..*end], hash)?,
                b"UNTR" => return Err(Error::Unsupported("it is split, and has a cache of untracked files")),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Takes the next entry; answers how long its path is.
fn path_length(input: &mut Input<'_>, hash: Hash, version: usize, before: usize) -> Result<usize> {
    let start = input.at;
    input.take(STAT_LENGTH + hash.len_in_bytes())?;
    let flags = input.short()?;
    if flags & 0x4000 != 0 {
        input.take(2)?;
    }
    let length = if version == 4 {
        let cut = input.distance()?;
        let kept = before.checked_sub(cut).ok_or_else(|| Error::damaged("it cuts off more than there is"))?;
        kept + input.until(0)?.len()
    } else {
        let length = usize::from(flags & 0xfff);
        if length <= LONGEST_PATH && input.take(length)?.contains(&0) {
            return Err(Error::damaged("it has a path of another length"));
        }
        // Zeros up to a multiple of eight bytes, and at least one.
        input.take(8 - (input.at - start) % 8)?;
        length
    };
    if length > LONGEST_PATH { Err(Error::too_large("a path of it", LONGEST_PATH as u64)) } else { Ok(length) }
}

/// The cache of trees: a name, counts of files and of folders, an id, then the folders in it.
fn check_depth(content: &[u8], hash: Hash) -> Result<()> {
    let mut input = Input { bytes: content, at: 0 };
    // For each folder that is not done, how many folders of it are still to come.
    let mut open = vec![1_usize];
    while let Some(left) = open.last_mut() {
        let Some(rest) = left.checked_sub(1) else {
            open.pop();
            continue;
        };
        *left = rest;
        input.until(0)?;
        let is_known = !input.until(b' ')?.starts_with(b"-");
        let count = std::str::from_utf8(input.until(b'\n')?).ok().and_then(|count| count.parse().ok());
        open.push(count.ok_or_else(|| Error::damaged("its cache of trees is damaged"))?);
        if is_known {
            input.take(hash.len_in_bytes())?;
        }
        if open.len() > DEEPEST {
            return Err(Error::damaged("its cache of trees is too deep"));
        }
    }
    Ok(())
}

/// The index without its checksum, which may be left out by being zero.
fn checked(bytes: &[u8], hash: Hash) -> Result<&[u8]> {
    let split = bytes.len().checked_sub(hash.len_in_bytes()).map(|at| bytes.split_at(at));
    let (content, checksum) = split.ok_or_else(|| Error::damaged("it is too short"))?;
    if checksum.iter().any(|byte| *byte != 0) {
        let mut digest = gix::hash::hasher(hash);
        digest.update(content);
        if digest.try_finalize().map_err(library)?.as_bytes() != checksum {
            return Err(Error::damaged("its checksum is wrong"));
        }
    }
    Ok(content)
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).and_then(|rest| rest.get(..length));
        let taken = rest.ok_or_else(|| Error::damaged("it ends too early"))?;
        self.at += length;
        Ok(taken)
    }

    fn short(&mut self) -> Result<u16> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn number(&mut self) -> Result<usize> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    }

    /// Up to that byte, which is taken too.
    fn until(&mut self, end: u8) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let rest = &rest[..rest.len().min(LONGEST_PATH + 1)];
        let length = rest.iter().position(|byte| *byte == end);
        let length = length.ok_or_else(|| Error::damaged("it has a path without an end"))?;
        self.at += length + 1;
        Ok(&rest[..length])
    }

    /// Seven bits a byte, the highest first, one more for each further byte.
    fn distance(&mut self) -> Result<usize> {
        let mut byte = self.take(1)?[0];
        let mut distance = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            if distance > LONGEST_PATH {
                return Err(Error::damaged("it cuts off more than there is"));
            }
            byte = self.take(1)?[0];
            distance = (distance + 1) << 7 | usize::from(byte & 0x7f);
        }
        Ok(distance)
    }
}
