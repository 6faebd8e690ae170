//! The index: what is staged for the next commit, with what the file system said of each file then.
//!
//! Versions 2 to 4. A split or sparse index is a reason instead of an answer.

use std::{ops::Range, path::Path};

use anyhow::{Context as _, Result, bail, ensure};

use super::{
    files,
    id::{Hash, ObjectId},
};

const LARGEST_INDEX: u64 = 64 << 20;
/// With shared beginnings a small file can hold long paths.
const MOST_PATH_BYTES: usize = 64 << 20;
const LONGEST_PATH: usize = 4096;
/// Everything of an entry in front of its id.
const STAT_LENGTH: usize = 40;

/// What is staged, in the order of the paths.
#[derive(Debug)]
pub(super) struct Index {
    entries: Vec<Entry>,
    /// The paths of all entries, one behind the other.
    paths: Vec<u8>,
    /// When the index was written; nothing that changed at that moment or later can be trusted by its time.
    pub(super) written_at: Moment,
}

/// A point in time as file systems keep it; some keep no nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) seconds: u32,
    pub(super) nanoseconds: u32,
}

/// A staged file.
#[derive(Debug)]
pub(super) struct Entry {
    path: Range<usize>,
    pub(super) id: ObjectId,
    pub(super) mode: u32,
    pub(super) changed_at: Moment,
    pub(super) modified_at: Moment,
    pub(super) inode: u32,
    pub(super) size: u32,
    /// Not a side of a conflict, and not only announced.
    pub(super) is_staged: bool,
    /// The user vouches that the file is as it is here, or it is not meant to be there.
    pub(super) is_unwatched: bool,
}

impl Index {
    /// The index at `path`; an empty one when there is none.
    pub(super) fn read(path: &Path, hash: Hash) -> Result<Self> {
        let Some(bytes) = files::read(path, LARGEST_INDEX)? else { return Ok(Self::empty()) };
        let metadata = path.metadata().context("look at the index")?;
        let mut index = Self::parse(&bytes, hash).context("read the index")?;
        index.written_at = Moment::modified(&metadata);
        Ok(index)
    }

    fn empty() -> Self {
        Self { entries: Vec::new(), paths: Vec::new(), written_at: Moment { seconds: 0, nanoseconds: 0 } }
    }

    /// Every entry whose path is `scope` or below it; the empty scope is everything.
    pub(super) fn below(&self, scope: &[u8]) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| is_within(self.path(entry), scope))
    }

    /// The path of an entry, from the root of the working tree.
    pub(super) fn path(&self, entry: &Entry) -> &[u8] {
        &self.paths[entry.path.clone()]
    }

    pub(super) fn parse(bytes: &[u8], hash: Hash) -> Result<Self> {
        let content = checked(bytes, hash)?;
        let mut input = Input { bytes: content, at: 0 };
        ensure!(input.take(4)? == b"DIRC", "it is none");
        let version = input.number()?;
        ensure!((2..=4).contains(&version), "its version is not known");
        let count = usize::try_from(input.number()?)?;
        ensure!(count <= content.len() / (STAT_LENGTH + hash.len() + 2), "it says that it has more than it can hold");
        let mut index = Self::empty();
        index.entries.reserve_exact(count);
        let mut is_sound = true;
        for _ in 0..count {
            is_sound &= index.read_entry(&mut input, hash, version)?;
        }
        while input.at < content.len() {
            let name = input.take(4)?;
            match name {
                b"link" => bail!("it is split over several files"),
                b"sdir" => bail!("it is sparse"),
                _ => ensure!(name[0].is_ascii_uppercase(), "it has an extension that is not known"),
            }
            let length = usize::try_from(input.number()?)?;
            input.take(length)?;
        }
        // Only now, since other forms of an index have entries without a path of their own.
        ensure!(is_sound, "its paths are not in order, or lead elsewhere");
        Ok(index)
    }

    /// Takes the next entry; answers whether its path can be one and follows the one before.
    fn read_entry(&mut self, input: &mut Input<'_>, hash: Hash, version: u32) -> Result<bool> {
        let start = input.at;
        let changed_at = input.moment()?;
        let modified_at = input.moment()?;
        let [_device, inode, mode, _user, _group, size] = input.numbers()?;
        let id = ObjectId::from_bytes(hash, input.take(hash.len())?).context("it ends too early")?;
        let flags = input.short()?;
        let extended = if flags & 0x4000 == 0 { 0 } else { input.short()? };
        let path = self.paths.len();
        if version == 4 {
            self.read_shortened_path(input)?;
        } else {
            let name = input.until_zero()?;
            self.paths.extend_from_slice(name);
            // Zeros up to a multiple of eight bytes; one of them is read already.
            input.take((8 - (input.at - start) % 8) % 8)?;
        }
        let path = path..self.paths.len();
        ensure!(self.paths.len() <= MOST_PATH_BYTES, "its paths have more than {MOST_PATH_BYTES} bytes");
        let before = self.entries.last().map(|entry| self.path(entry));
        let name = &self.paths[path.clone()];
        let is_sound = before.is_none_or(|before| before <= name) && is_plain(name);
        self.entries.push(Entry {
            path,
            id,
            mode,
            changed_at,
            modified_at,
            inode,
            size,
            is_staged: flags & 0x3000 == 0 && extended & 0x2000 == 0,
            is_unwatched: flags & 0x8000 != 0 || extended & 0x4000 != 0,
        });
        Ok(is_sound)
    }

    /// How much to cut off from the path before, then what comes instead.
    fn read_shortened_path(&mut self, input: &mut Input<'_>) -> Result<()> {
        let cut = input.distance()?;
        let before = self.entries.last().map_or(0..0, |entry| entry.path.clone());
        let kept = before.len().checked_sub(cut).context("it cuts off more than there is")?;
        self.paths.extend_from_within(before.start..before.start + kept);
        let rest = input.until_zero()?;
        self.paths.extend_from_slice(rest);
        Ok(())
    }
}

impl Entry {
    /// Whether it is the commit of another repository.
    pub(super) fn is_repository(&self) -> bool {
        self.mode == 0o160_000
    }
}

impl Moment {
    #[cfg(unix)]
    pub(super) fn modified(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;

        Self::of(metadata.mtime(), metadata.mtime_nsec())
    }

    #[cfg(unix)]
    pub(super) fn of(seconds: i64, nanoseconds: i64) -> Self {
        // Git keeps the lower 32 bits, too.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as it is kept in the index")]
        Self { seconds: seconds as u32, nanoseconds: nanoseconds as u32 }
    }

    #[cfg(not(unix))]
    pub(super) fn modified(metadata: &std::fs::Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let since = since.unwrap_or_default();
        Self { seconds: u32::try_from(since.as_secs()).unwrap_or(u32::MAX), nanoseconds: since.subsec_nanos() }
    }

    /// Whether it is the same, as far as both know.
    pub(super) fn is(self, other: Self) -> bool {
        let is_coarse = self.nanoseconds == 0 || other.nanoseconds == 0;
        self.seconds == other.seconds && (is_coarse || self.nanoseconds == other.nanoseconds)
    }

    /// Whether it is surely earlier.
    pub(super) fn is_before(self, other: Self) -> bool {
        let is_coarse = self.nanoseconds == 0 || other.nanoseconds == 0;
        if is_coarse { self.seconds < other.seconds } else { self < other }
    }
}

/// Whether `path` is `scope` or below it.
pub(super) fn is_within(path: &[u8], scope: &[u8]) -> bool {
    scope.is_empty() || path.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

/// Whether the path stays inside of the working tree and out of `.git`.
fn is_plain(path: &[u8]) -> bool {
    let is_part =
        |part: &[u8]| !part.is_empty() && part != b"." && part != b".." && !part.eq_ignore_ascii_case(b".git");
    path.len() <= LONGEST_PATH && path.split(|byte| *byte == b'/').all(is_part)
}

/// The index without its checksum, which may be left out by being zero.
fn checked(bytes: &[u8], hash: Hash) -> Result<&[u8]> {
    let (content, checksum) =
        bytes.len().checked_sub(hash.len()).map(|at| bytes.split_at(at)).context("it is too short")?;
    if checksum.iter().any(|byte| *byte != 0) {
        let mut digest = hash.plain();
        digest.update(content);
        ensure!(digest.finish().as_ref() == checksum, "its checksum is wrong");
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
        self.at += length;
        rest.context("it ends too early")
    }

    fn short(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes(self.take(2)?.try_into()?))
    }

    fn number(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.take(4)?.try_into()?))
    }

    fn numbers<const COUNT: usize>(&mut self) -> Result<[u32; COUNT]> {
        let mut numbers = [0; COUNT];
        for number in &mut numbers {
            *number = self.number()?;
        }
        Ok(numbers)
    }

    fn moment(&mut self) -> Result<Moment> {
        Ok(Moment { seconds: self.number()?, nanoseconds: self.number()? })
    }

    fn until_zero(&mut self) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).context("it ends too early")?;
        let rest = &rest[..rest.len().min(LONGEST_PATH + 1)];
        let length = rest.iter().position(|byte| *byte == 0).context("it has a path without an end")?;
        self.at += length + 1;
        Ok(&rest[..length])
    }

    /// Seven bits a byte, the highest first, one more for each further byte.
    fn distance(&mut self) -> Result<usize> {
        let mut byte = self.take(1)?[0];
        let mut distance = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            ensure!(distance <= LONGEST_PATH, "it cuts off more than there is");
            byte = self.take(1)?[0];
            distance = (distance + 1) << 7 | usize::from(byte & 0x7f);
        }
        Ok(distance)
    }
}
