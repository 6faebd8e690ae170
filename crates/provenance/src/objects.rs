//! Objects from a repository's store: loose, packed, or in the stores that it borrows from.
//!
//! The library for git reads single objects and packs. Which files it may open is decided here: its own object
//! database opens whatever lies there, refuses stores that borrow from each other, and puts the objects of
//! `refs/replace` in the place of others. Every object is hashed after reading, so that a damaged or forged one is no
//! object.

use std::{
    cell::RefCell,
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use gix::{
    ObjectId,
    hash::Kind as Hash,
    objs::{Data, Kind, TagRefIter},
    odb::{
        loose,
        pack::{cache::Never, data, index},
    },
    zlib::Inflate,
};

use crate::{
    error::{Doing as _, Error, Result, library},
    files,
    id::{Id, id_of},
};

/// The largest object, in bytes.
pub(crate) const LARGEST_OBJECT: u64 = 16 << 20;
/// What one object may take while it is put together from differences.
const LARGEST_ALLOCATION: usize = 48 << 20;
/// Differences upon differences: git itself writes at most 4,095.
const LONGEST_CHAIN: u32 = 4096;
const MOST_STORES: usize = 100;
const MOST_PACKS: usize = 10_000;
const LARGEST_ALTERNATES: u64 = 1 << 20;
/// Tags of tags.
const MOST_TAGS: usize = 10;

/// Where objects are looked up.
pub(crate) struct Objects<'a> {
    hash: Hash,
    stores: Vec<loose::Store>,
    /// The one that had the last object is the first.
    packs: RefCell<Option<Vec<Pack>>>,
    pub(crate) interrupt: &'a AtomicBool,
}

/// A pack; its index is mapped when an object is looked up, the pack itself when it has the object.
struct Pack {
    path: PathBuf,
    index: Option<index::File>,
    data: Option<data::File>,
}

impl<'a> Objects<'a> {
    /// The store in that folder and those that it borrows from.
    pub(crate) fn of(folder: PathBuf, hash: Hash, interrupt: &'a AtomicBool) -> Result<Self> {
        let options = loose::Options { alloc_limit_bytes: Some(LARGEST_ALLOCATION), ..loose::Options::default() };
        let stores = stores(folder)?.into_iter().map(|store| loose::Store::at_opts(store, hash, options)).collect();
        Ok(Self { hash, stores, packs: RefCell::default(), interrupt })
    }

    /// The content of an object of that kind.
    pub(crate) fn read(&self, id: &gix::oid, kind: Kind) -> Result<Vec<u8>> {
        self.read_within(id, kind, LARGEST_OBJECT)
    }

    /// The content of an object of that kind, of at most `limit` bytes.
    pub(crate) fn read_within(&self, id: &gix::oid, kind: Kind, limit: u64) -> Result<Vec<u8>> {
        let Some((found, content)) = self.find(id, limit.min(LARGEST_OBJECT))? else {
            return Err(Error::Missing(format!("object {id}")));
        };
        if found != kind {
            return Err(Error::damaged(format!("the object {id} is no {kind}")));
        }
        Ok(content)
    }

    /// The commit that `id` is, or that the tag names.
    pub(crate) fn peeled(&self, id: &Id) -> Result<Id> {
        let mut id = id.0;
        for _ in 0..MOST_TAGS {
            match self.find(&id, LARGEST_OBJECT)? {
                Some((Kind::Commit, _)) => return Ok(Id(id)),
                Some((Kind::Tag, content)) => {
                    id = TagRefIter::from_bytes(&content, self.hash).target_id().map_err(library)?;
                }
                Some((kind, _)) => return Err(Error::damaged(format!("the object {id} is a {kind} and no commit"))),
                None => return Err(Error::Missing(format!("object {id}"))),
            }
        }
        Err(Error::damaged("tags name one another without an end"))
    }

    fn find(&self, id: &gix::oid, limit: u64) -> Result<Option<(Kind, Vec<u8>)>> {
        files::check(self.interrupt)?;
        let found = match self.find_loose(id, limit).doing(|| format!("read the object {id}"))? {
            Some(found) => Some(found),
            None => self.find_packed(id, limit).doing(|| format!("read the object {id}"))?,
        };
        if let Some((kind, content)) = &found
            && id_of(self.hash, *kind, content)? != id
        {
            return Err(Error::damaged(format!("the object {id} is damaged")));
        }
        Ok(found)
    }

    fn find_loose(&self, id: &gix::oid, limit: u64) -> Result<Option<(Kind, Vec<u8>)>> {
        let name = id.to_string();
        for store in &self.stores {
            match files::open(&store.path().join(&name[..2]).join(&name[2..])) {
                Ok(_) => {}
                Err(error) if files::is_absent(&error) => continue,
                Err(error) => return Err(Error::io("a file", error)),
            }
            let Some((size, _)) = store.try_header(id).map_err(library)? else { continue };
            within(size, limit)?;
            let mut content = Vec::new();
            let found = store.try_find(id, &mut content).map_err(library)?.map(|data| data.kind);
            if let Some(kind) = found {
                return Ok(Some((kind, content)));
            }
        }
        Ok(None)
    }

    fn find_packed(&self, id: &gix::oid, limit: u64) -> Result<Option<(Kind, Vec<u8>)>> {
        let mut packs = self.packs.borrow_mut();
        let packs = match &mut *packs {
            Some(packs) => packs,
            none => none.insert(packs_in(&self.stores)?),
        };
        for at in 0..packs.len() {
            files::check(self.interrupt)?;
            if let Some(found) = packs[at].find(id, self.hash, limit)? {
                packs.swap(0, at);
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// How many packs are mapped with all of their objects.
    #[cfg(test)]
    pub(crate) fn mapped_pack_count(&self) -> usize {
        self.packs.borrow().iter().flatten().filter(|pack| pack.data.is_some()).count()
    }
}

/// What the library asks for objects.
impl gix::objs::Find for Objects<'_> {
    fn try_find<'b>(
        &self,
        id: &gix::oid,
        buffer: &'b mut Vec<u8>,
    ) -> std::result::Result<Option<Data<'b>>, gix::Error> {
        let found = self.find(id, LARGEST_OBJECT).map_err(gix::Error::from_error)?;
        let Some((kind, content)) = found else { return Ok(None) };
        *buffer = content;
        Ok(Some(Data::new(buffer, kind, self.hash)))
    }
}

impl Pack {
    fn find(&mut self, id: &gix::oid, hash: Hash, limit: u64) -> Result<Option<(Kind, Vec<u8>)>> {
        let index = match &self.index {
            Some(index) => index,
            None => self.index.insert(opened(&self.path, hash, |path, hash| index::File::at(path, hash))?),
        };
        let Some(number) = index.lookup(id) else { return Ok(None) };
        let pack = if let Some(data) = &self.data {
            data
        } else {
            let data = opened(&self.path.with_extension("pack"), hash, |path, hash| data::File::at(path, hash))?;
            self.data.insert(data.with_alloc_limit_bytes(Some(LARGEST_ALLOCATION)))
        };
        let entry = |number| pack.entry(index.pack_offset_at_index(number));
        let inflate = &mut Inflate::default();
        let first = entry(number).map_err(library)?;
        let header = pack.decode_header(first.clone(), inflate, &|id| {
            let base = index.lookup(id).map(entry).transpose()?;
            Ok(base.map(data::decode::header::ResolvedBase::InPack))
        });
        let header = header.map_err(library)?;
        within(header.object_size, limit)?;
        if header.num_deltas > LONGEST_CHAIN {
            return Err(Error::damaged("it is a difference upon too many others"));
        }
        let mut content = Vec::new();
        let resolve = |id: &gix::oid, _: &mut Vec<u8>| {
            let base = index.lookup(id).map(entry).transpose()?;
            Ok(base.map(data::decode::entry::ResolvedBase::InPack))
        };
        let found = pack.decode_entry(first, &mut content, inflate, &resolve, &mut Never).map_err(library)?;
        Ok(Some((found.kind, content)))
    }
}

fn within(size: u64, limit: u64) -> Result<()> {
    if size > limit { Err(Error::LargeObject { size, limit }) } else { Ok(()) }
}

/// A file of a pack, which must be a regular one.
fn opened<T>(path: &Path, hash: Hash, open: impl Fn(&Path, Hash) -> gix::Result<T>) -> Result<T> {
    files::open(path).map_err(|error| Error::io(files::name_of(path), error))?;
    open(path, hash).map_err(library)
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
            if stores.len() >= MOST_STORES {
                return Err(more_than("the repository borrows from", MOST_STORES, "others"));
            }
            if seen.insert(other.clone()) {
                stores.push(other);
            }
        }
    }
    Ok(stores)
}

fn packs_in(stores: &[loose::Store]) -> Result<Vec<Pack>> {
    let mut packs = Vec::new();
    for store in stores {
        let Ok(entries) = fs::read_dir(store.path().join("pack")) else { continue };
        for entry in entries.take(MOST_PACKS * 10) {
            let path = entry.map_err(|error: io::Error| Error::io("the packs", error))?.path();
            if path.extension().is_some_and(|extension| extension == "idx") {
                if packs.len() >= MOST_PACKS {
                    return Err(more_than("the repository has", MOST_PACKS, "packs"));
                }
                packs.push(Pack { path, index: None, data: None });
            }
        }
    }
    Ok(packs)
}

fn more_than(what: &str, limit: usize, unit: &'static str) -> Error {
    Error::TooLarge { what: what.to_owned(), than: "more than", limit: limit as u64, unit }
}

/// The id of a tree of a commit's content.
pub(crate) fn tree_of(content: &[u8], hash: Hash) -> Result<ObjectId> {
    gix::objs::CommitRefIter::from_bytes(content, hash)
        .tree_id()
        .map_err(|_| Error::damaged("the commit names no tree"))
}
