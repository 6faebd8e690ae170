//! One pack: many objects in a file, and an index beside it that says where each of them begins.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};

use super::{LARGEST_OBJECT, delta, zlib};
use crate::provenance::{
    files,
    id::{Hash, Kind, ObjectId},
};

/// Differences upon differences: git itself writes at most 4,095.
const LONGEST_CHAIN: usize = 4096;
/// The bytes of all objects on the way along such a chain.
const MOST_WRITTEN: u64 = 16 * LARGEST_OBJECT;
/// The first bytes and the version of the only index that is written since 2007.
const INDEX_START: [u8; 8] = *b"\xfftOc\0\0\0\x02";
const FAN_OUT: u64 = 8;
const NAMES: u64 = FAN_OUT + 256 * 4;

/// A pack, opened when an object is looked up in it; its files stay open as long as objects are found there.
#[derive(Debug)]
pub(super) struct Pack {
    path: PathBuf,
    opened: Option<Opened>,
}

#[derive(Debug)]
struct Opened {
    index: File,
    /// Most packs do not hold the object that is looked up, and need not be opened.
    pack: Option<File>,
    object_count: u64,
}

/// What stands at a place in a pack.
enum Entry {
    Whole(Kind, Vec<u8>),
    /// The place of the base, and the difference from it.
    Delta(u64, Vec<u8>),
}

impl Pack {
    /// The pack of that index.
    pub(super) fn new(index: PathBuf) -> Self {
        Self { path: index, opened: None }
    }

    /// The object; none when this pack does not hold it, of which nothing is open then.
    pub(super) fn find(&mut self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>> {
        let opened = match &mut self.opened {
            Some(opened) => opened,
            none => none.insert(Opened::open(&self.path)?),
        };
        if let Some(offset) = opened.offset(id)? {
            return opened.object(&self.path, offset, id.hash()).map(Some);
        }
        self.opened = None;
        Ok(None)
    }

    /// How many of its files are open.
    #[cfg(test)]
    pub(super) fn open_file_count(&self) -> usize {
        self.opened.as_ref().map_or(0, |opened| 1 + usize::from(opened.pack.is_some()))
    }
}

impl Opened {
    fn open(path: &Path) -> Result<Self> {
        let (mut index, _) = files::open(path).context("open the index of a pack")?;
        let start: [u8; 8] = at(&mut index, 0)?;
        ensure!(start == INDEX_START, "the index of a pack has a version that is not known");
        let object_count = u64::from(u32::from_be_bytes(at(&mut index, NAMES - 4)?));
        Ok(Self { index, pack: None, object_count })
    }

    /// Where the object begins: the ids are sorted, and a table says where each first byte's begin.
    fn offset(&mut self, id: &ObjectId) -> Result<Option<u64>> {
        let bytes = id.as_bytes();
        let (width, first) = (bytes.len() as u64, u64::from(bytes[0]));
        let mut low = match first {
            0 => 0,
            _ => u64::from(u32::from_be_bytes(at(&mut self.index, FAN_OUT + (first - 1) * 4)?)),
        };
        let mut high = u64::from(u32::from_be_bytes(at(&mut self.index, FAN_OUT + first * 4)?));
        ensure!(high <= self.object_count, "the index of a pack is damaged");
        while low < high {
            let middle = low + (high - low) / 2;
            let name: [u8; 32] = at_most(&mut self.index, NAMES + middle * width)?;
            match name[..bytes.len()].cmp(bytes) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.offset_of(middle, width).map(Some),
            }
        }
        Ok(None)
    }

    /// The place of the object with that number; checksums of four bytes stand between the ids and the places.
    fn offset_of(&mut self, number: u64, width: u64) -> Result<u64> {
        let places = NAMES + self.object_count * (width + 4);
        let place = u32::from_be_bytes(at(&mut self.index, places + number * 4)?);
        if place >> 31 == 0 {
            return Ok(u64::from(place));
        }
        let large = places + self.object_count * 4 + u64::from(place & 0x7fff_ffff) * 8;
        Ok(u64::from_be_bytes(at(&mut self.index, large)?))
    }

    /// The object that begins at `offset` of the pack, whose index is at `path`.
    fn object(&mut self, path: &Path, mut offset: u64, hash: Hash) -> Result<(Kind, Vec<u8>)> {
        let mut deltas: Vec<Vec<u8>> = Vec::new();
        let mut left = LARGEST_OBJECT;
        if self.pack.is_none() {
            self.pack = Some(files::open(&path.with_extension("pack")).context("open a pack")?.0);
        }
        loop {
            match self.entry(offset, hash, left)? {
                Entry::Whole(kind, mut content) => {
                    let mut written = 0;
                    for delta in deltas.iter().rev() {
                        content = delta::apply(&content, delta)?;
                        written += content.len() as u64;
                        ensure!(written <= MOST_WRITTEN, "it is a difference upon too large others");
                    }
                    return Ok((kind, content));
                }
                Entry::Delta(base, delta) => {
                    ensure!(deltas.len() < LONGEST_CHAIN, "it is a difference upon too many others");
                    left -= delta.len() as u64;
                    deltas.push(delta);
                    offset = base;
                }
            }
        }
    }

    fn entry(&mut self, offset: u64, hash: Hash, limit: u64) -> Result<Entry> {
        let mut pack = self.pack.as_ref().context("open a pack")?;
        pack.seek(SeekFrom::Start(offset))?;
        let mut input = BufReader::with_capacity(4 << 10, pack);
        let (code, size) = entry_header(&mut input)?;
        ensure!(size <= limit, "it has more than {LARGEST_OBJECT} bytes");
        let kind = match code {
            1 => Kind::Commit,
            2 => Kind::Tree,
            3 => Kind::Blob,
            4 => Kind::Tag,
            6 => {
                let distance = distance(&mut input)?;
                let base = offset.checked_sub(distance).filter(|base| *base < offset);
                let base = base.context("its base lies outside of the pack")?;
                return Ok(Entry::Delta(base, sized(input, size)?));
            }
            7 => {
                let mut name = [0; 32];
                input.read_exact(&mut name[..hash.len()])?;
                let delta = sized(input, size)?;
                let base = ObjectId::from_bytes(hash, &name).map(|id| self.offset(&id)).transpose()?.flatten();
                return Ok(Entry::Delta(base.context("its base is not in the pack")?, delta));
            }
            _ => bail!("its kind is not known"),
        };
        Ok(Entry::Whole(kind, sized(input, size)?))
    }
}

/// Kind and size: three bits of kind, then the size, the lowest bits first.
fn entry_header(input: &mut impl BufRead) -> Result<(u8, u64)> {
    let mut byte = next(input)?;
    let code = byte >> 4 & 7;
    let mut size = u64::from(byte & 15);
    let mut shift = 4;
    while byte & 0x80 != 0 {
        ensure!(shift < 57, "its size is too large");
        byte = next(input)?;
        size |= u64::from(byte & 0x7f) << shift;
        shift += 7;
    }
    Ok((code, size))
}

/// How far before an entry its base begins: seven bits a byte, the highest first, one more for each further byte.
fn distance(input: &mut impl BufRead) -> Result<u64> {
    let mut byte = next(input)?;
    let mut distance = u64::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        ensure!(distance < 1 << 48, "its base lies outside of the pack");
        byte = next(input)?;
        distance = (distance + 1) << 7 | u64::from(byte & 0x7f);
    }
    Ok(distance)
}

fn sized(input: impl BufRead, size: u64) -> Result<Vec<u8>> {
    let content = zlib::inflate(input, size)?;
    ensure!(content.len() as u64 == size, "it has less than its {size} bytes");
    Ok(content)
}

fn next(input: &mut impl BufRead) -> Result<u8> {
    let mut byte = [0];
    input.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn at<const SIZE: usize>(file: &mut File, offset: u64) -> Result<[u8; SIZE]> {
    let mut bytes = [0; SIZE];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut bytes).context("the index of a pack is damaged")?;
    Ok(bytes)
}

/// Like [`at`], with zeros for what lies past the end of the file.
fn at_most<const SIZE: usize>(file: &mut File, offset: u64) -> Result<[u8; SIZE]> {
    let mut bytes = Vec::with_capacity(SIZE);
    file.seek(SeekFrom::Start(offset))?;
    file.take(SIZE as u64).read_to_end(&mut bytes)?;
    bytes.resize(SIZE, 0);
    bytes.try_into().ok().context("the index of a pack is damaged")
}
