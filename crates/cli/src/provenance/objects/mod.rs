//! Commits and trees from a repository's store: loose, packed, or in the stores that it borrows from.
//!
//! Every object is hashed after reading, so that a damaged or forged one is no object.

mod delta;
mod pack;
mod zlib;

use std::{
    collections::HashSet,
    fs,
    io::BufReader,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};

use self::pack::Pack;
use super::{
    clock::Deadline,
    files,
    id::{Kind, ObjectId},
    repository::Repository,
};

/// The largest commit or tree, in bytes.
const LARGEST_OBJECT: u64 = 16 << 20;
const MOST_STORES: usize = 100;
const MOST_PACKS: usize = 10_000;
const LARGEST_ALTERNATES: u64 = 1 << 20;

/// Where objects are looked up.
#[derive(Debug)]
pub(super) struct Objects {
    stores: Vec<PathBuf>,
    /// The one that had the last object is the first, and the only one with open files: a repository may have more
    /// packs than a process may have files.
    packs: Option<Vec<Pack>>,
    deadline: Deadline,
}

impl Objects {
    /// The store of `repository` and those that it borrows from.
    pub(super) fn of(repository: &Repository, deadline: Deadline) -> Result<Self> {
        Ok(Self { stores: stores(repository.common_dir.join("objects"))?, packs: None, deadline })
    }

    /// When looking ends.
    pub(super) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// The content of an object of that kind.
    pub(super) fn read(&mut self, id: &ObjectId, kind: Kind) -> Result<Vec<u8>> {
        self.deadline.check()?;
        let Some((found, content)) = self.find(id)? else { bail!("the repository has no object {id}") };
        ensure!(found == kind, "the object {id} is no {}", kind.as_str());
        ensure!(id.hash().id_of(kind, &content) == *id, "the object {id} is damaged");
        Ok(content)
    }

    fn find(&mut self, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>> {
        for store in &self.stores {
            if let Some(found) = loose(store, id).with_context(|| format!("read the object {id}"))? {
                return Ok(Some(found));
            }
        }
        let packs = match &mut self.packs {
            Some(packs) => packs,
            none => none.insert(packs_in(&self.stores)?),
        };
        for at in 0..packs.len() {
            self.deadline.check()?;
            if let Some(found) = packs[at].find(id).with_context(|| format!("read the object {id}"))? {
                packs.swap(0, at);
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// How many files of packs are open.
    #[cfg(test)]
    pub(super) fn open_file_count(&self) -> usize {
        self.packs.iter().flatten().map(Pack::open_file_count).sum()
    }
}

/// An object in a file of its own.
fn loose(store: &Path, id: &ObjectId) -> Result<Option<(Kind, Vec<u8>)>> {
    let name = id.to_string();
    let (file, _) = match files::open(&store.join(&name[..2]).join(&name[2..])) {
        Ok(opened) => opened,
        Err(error) if files::is_absent(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // The header in front of the content is short.
    let mut content = zlib::inflate(BufReader::new(file), LARGEST_OBJECT + 32)?;
    let end = content.iter().take(32).position(|byte| *byte == 0).context("it has no header")?;
    let (word, size) = split_at_blank(&content[..end]).context("its header is wrong")?;
    let kind = Kind::from_word(word).context("its kind is not known")?;
    ensure!(size == (content.len() - end - 1).to_string().as_bytes(), "its size is wrong");
    content.drain(..=end);
    Ok(Some((kind, content)))
}

fn split_at_blank(header: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = header.iter().position(|byte| *byte == b' ')?;
    Some((&header[..blank], &header[blank + 1..]))
}

/// The store and all that it names in its list of others, each once.
fn stores(own: PathBuf) -> Result<Vec<PathBuf>> {
    let mut seen = HashSet::from([own.canonicalize().unwrap_or_else(|_| own.clone())]);
    let mut stores = vec![own];
    let mut next = 0;
    while let Some(store) = stores.get(next).cloned() {
        next += 1;
        let list = files::read(&store.join("info/alternates"), LARGEST_ALTERNATES)?.unwrap_or_default();
        for line in list.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && line[0] != b'#') {
            let Some(other) = files::path_of(line).and_then(|path| store.join(path).canonicalize().ok()) else {
                continue;
            };
            ensure!(stores.len() < MOST_STORES, "the repository borrows from more than {MOST_STORES} others");
            if seen.insert(other.clone()) {
                stores.push(other);
            }
        }
    }
    Ok(stores)
}

fn packs_in(stores: &[PathBuf]) -> Result<Vec<Pack>> {
    let mut packs = Vec::new();
    for store in stores {
        let Ok(entries) = fs::read_dir(store.join("pack")) else { continue };
        for entry in entries.take(MOST_PACKS * 10) {
            let path = entry.context("list the packs")?.path();
            if path.extension().is_some_and(|extension| extension == "idx") {
                ensure!(packs.len() < MOST_PACKS, "the repository has more than {MOST_PACKS} packs");
                packs.push(Pack::new(path));
            }
        }
    }
    Ok(packs)
}
