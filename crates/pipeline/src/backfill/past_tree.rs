//! The files of one commit after another: only what differs between two of them is read and parsed.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use cds_analyzer::{
    AnalysisOptions, AnalyzedBlob, Blob, CommittedEntry, CommittedListing, CommittedSource, EntryKind, FileSelection,
    KnownFiles, analyze_blobs, list_committed,
};
use cds_model::{
    Analysis, AnalyzerError, FileContent, Fingerprint, NotReadReason, ReadFile, Record, SourceFile, SourceInput,
};
use cds_provenance::{Error, FileKind, Id, Result, Store};

use crate::{Context, threads::Workers};

/// Bytes of text of files that are remembered although the present commit does not have them.
const MOST_REMEMBERED: usize = 256 << 20;

/// What is known of the content of a file.
struct KnownBlob {
    input: std::result::Result<Fingerprint, String>,
    /// Language and grammar of a file with records.
    kind: Option<(&'static str, &'static str)>,
    /// As of the path where the content was first; with intents.
    records: Vec<Record>,
    error: Option<(Option<u32>, String)>,
    not_read: Option<NotReadReason>,
    byte_count: usize,
}

/// The content of a file and the grammar that it is read with.
type BlobKey = (Id, &'static str);

/// What was read and parsed over all commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadCounts {
    /// Distinct contents of source files.
    pub blob_count: usize,
    /// Their bytes.
    pub byte_count: u64,
}

/// The tree of the present commit, and everything that was read before.
pub(super) struct PastTree<'a> {
    store: &'a Store<'a>,
    scope: PathBuf,
    options: AnalysisOptions,
    selection: FileSelection,
    tree: Option<Id>,
    entries: BTreeMap<Vec<u8>, (Id, EntryKind)>,
    /// Of the present commit.
    listing: CommittedListing,
    blobs: HashMap<BlobKey, KnownBlob>,
    remembered_bytes: usize,
    /// The records of the last commit, by path.
    last: HashMap<Arc<str>, (BlobKey, Vec<Record>)>,
    /// The files of the present commit whose records have no intents yet.
    fresh: HashSet<Arc<str>>,
    pub(super) counts: ReadCounts,
}

impl<'a> PastTree<'a> {
    pub(super) fn new(
        store: &'a Store<'a>,
        scope: PathBuf,
        options: AnalysisOptions,
        selection: FileSelection,
    ) -> Self {
        Self {
            store,
            scope,
            options,
            selection,
            tree: None,
            entries: BTreeMap::new(),
            listing: CommittedListing::default(),
            blobs: HashMap::new(),
            remembered_bytes: 0,
            last: HashMap::new(),
            fresh: HashSet::new(),
            counts: ReadCounts::default(),
        }
    }

    /// Goes on to the tree of another commit.
    pub(super) fn advance(&mut self, tree: &Id) -> Result<()> {
        let mut is_list_new = self.tree.is_none();
        for change in self.store.changes(self.tree.as_ref(), tree, b"")? {
            let now = change.now.map(|(id, kind)| (id, entry_kind(kind)));
            let before = match now {
                Some(now) => self.entries.insert(change.path.clone(), now),
                None => self.entries.remove(&change.path),
            };
            // Another text of a file leaves the list as it is, unless that decides.
            let is_other_text = matches!((before, now), (Some((_, before)), Some((_, now))) if before == now);
            is_list_new |= !is_other_text || entry(&change.path, EntryKind::File).decides_by_text();
        }
        self.tree = Some(*tree);
        if is_list_new {
            self.list()?;
        }
        Ok(())
    }

    fn list(&mut self) -> Result<()> {
        let entries: Vec<CommittedEntry> = self.entries.iter().map(|(path, (_, kind))| entry(path, *kind)).collect();
        let mut failed = None;
        let failure = std::cell::RefCell::new(&mut failed);
        let text_of = |path: &std::path::Path| {
            let (id, _) = self.entries.get(&git_path(path))?;
            match self.store.content(id, u64::MAX) {
                Ok(text) => Some(text),
                Err(error) => {
                    failure.borrow_mut().get_or_insert(error);
                    None
                }
            }
        };
        self.listing = list_committed(&entries, &self.scope, self.options.use_ignore_files, &self.selection, &text_of);
        failed.map_or(Ok(()), Err)
    }

    /// What the present commit holds: records of known contents, and the parse of new ones.
    pub(super) fn analyze(&mut self, known: &dyn KnownFiles, workers: &Workers, context: &Context) -> Result<Analysis> {
        let sources = std::mem::take(&mut self.listing.sources);
        let outcome = self.analyze_sources(&sources, known, workers, context);
        self.listing.sources = sources;
        outcome
    }

    fn analyze_sources(
        &mut self,
        sources: &[CommittedSource],
        known: &dyn KnownFiles,
        workers: &Workers,
        context: &Context,
    ) -> Result<Analysis> {
        let mut fresh = self.parse_new(sources, known, workers, context)?;
        let mut analysis = Analysis { errors: self.listing.errors.clone(), ..Analysis::default() };
        let mut left_out = self.listing.left_out.clone();
        // Where the first file with a new content is.
        let mut firsts: HashMap<BlobKey, usize> = HashMap::new();
        self.fresh.clear();
        for source in sources {
            let path: Arc<str> = Arc::from(&*source.name);
            let key = self.key(source);
            let blob = self.blobs.get(&key);
            let (Some(input), Some(blob)) = (blob.map(|blob| blob.input.clone()), blob) else { continue };
            if let (Some((language, grammar)), Ok(source_hash)) = (blob.kind, &input) {
                let of_file = if let Some(found) = fresh.remove(&key) {
                    firsts.insert(key, analysis.files.len());
                    renamed(found, &path)
                } else if let Some(first) = firsts.get(&key) {
                    FileContent::CopyOf(*first)
                } else {
                    FileContent::Known(self.known_records(&path, key))
                };
                if firsts.contains_key(&key) {
                    self.fresh.insert(Arc::clone(&path));
                }
                let path = Arc::clone(&path);
                analysis.files.push(ReadFile { source_hash: *source_hash, language, grammar, path, content: of_file });
            }
            if let Some(reason) = blob.not_read {
                left_out.add(reason, &source.path);
            }
            analysis.errors.extend(blob.error.clone().map(|(line, reason)| AnalyzerError {
                file_path: source.name.clone(),
                line,
                reason,
            }));
            analysis.inputs.push(SourceInput { file_path: path, content: input });
        }
        analysis.errors.sort();
        analysis.not_read = left_out.rows();
        Ok(analysis)
    }

    fn key(&self, source: &CommittedSource) -> BlobKey {
        let id = self.entries.get(&git_path(&source.path)).map(|(id, _)| *id);
        (id.expect("a source file is an entry of the tree"), source.language.grammar_of(&source.name))
    }

    /// Reads and parses each new content once.
    fn parse_new(
        &mut self,
        sources: &[CommittedSource],
        known: &dyn KnownFiles,
        workers: &Workers,
        context: &Context,
    ) -> Result<HashMap<BlobKey, FileContent>> {
        let mut waiting = Vec::new();
        let mut keys: Vec<(BlobKey, usize)> = Vec::new();
        let mut seen = HashSet::new();
        for source in sources {
            let key = self.key(source);
            if self.blobs.contains_key(&key) || !seen.insert(key) {
                continue;
            }
            let text = match self.store.content(&key.0, self.options.max_file_size) {
                Ok(bytes) => Ok(bytes),
                Err(error) => Err(error.object_size().ok_or(error)?),
            };
            keys.push((key, text.as_ref().map_or(0, Vec::len)));
            waiting.push(Blob { path: Arc::from(&*source.name), language: source.language, content: text });
        }
        let should_stop = || context.interrupt.is_raised();
        let analyzed = workers.run(|| analyze_blobs(waiting, &self.options, known, &should_stop));
        if should_stop() {
            return Err(Error::Interrupted);
        }
        let mut parsed = HashMap::new();
        for ((key, byte_count), found) in keys.into_iter().zip(analyzed) {
            let AnalyzedBlob { file, error, not_read, input } = found;
            let kind = file.as_ref().map(|file| (file.language, file.grammar));
            let input = input.unwrap_or_else(|| Err("not read".to_owned()));
            parsed.extend(file.map(|file| (key, file.content)));
            self.counts.blob_count += 1;
            self.counts.byte_count += byte_count as u64;
            self.remembered_bytes += byte_count;
            let blob = KnownBlob { input, kind, records: Vec::new(), error, not_read, byte_count };
            self.blobs.insert(key, blob);
        }
        Ok(parsed)
    }

    /// The records of a content that was read before, as those of this path.
    fn known_records(&self, path: &Arc<str>, key: BlobKey) -> Vec<Record> {
        match self.last.get(path) {
            Some((last, records)) if *last == key => records.clone(),
            _ => at_path(self.blobs.get(&key).map(|blob| &*blob.records).unwrap_or_default(), path),
        }
    }

    /// Whether the record has no intent yet because its text is new.
    pub(super) fn is_fresh(&self, record: &Record) -> bool {
        self.fresh.contains(&record.file_path)
    }

    /// Keeps the records of the present commit, with their intents.
    pub(super) fn remember(&mut self, records: &[Record], files: &[SourceFile]) {
        let keys: HashMap<&str, BlobKey> =
            self.listing.sources.iter().map(|source| (&*source.name, self.key(source))).collect();
        let mut last = HashMap::with_capacity(files.len());
        let mut rest = records;
        for file in files {
            let (own, others) = rest.split_at(rest.len().min(file.record_count as usize));
            rest = others;
            let Some(key) = keys.get(&*file.file_path) else { continue };
            if let Some(blob) = self.blobs.get_mut(key).filter(|blob| blob.records.is_empty()) {
                blob.records = own.to_vec();
            }
            last.insert(Arc::clone(&file.file_path), (*key, own.to_vec()));
        }
        self.last = last;
        if self.remembered_bytes > MOST_REMEMBERED {
            let present: HashSet<BlobKey> = keys.into_values().collect();
            self.blobs.retain(|key, _| present.contains(key));
            self.remembered_bytes = self.blobs.values().map(|blob| blob.byte_count).sum();
        }
    }
}

/// The records as those of another path.
fn at_path(records: &[Record], path: &Arc<str>) -> Vec<Record> {
    records.iter().map(|record| Record { file_path: Arc::clone(path), ..record.clone() }).collect()
}

/// A content was parsed under the first of its paths in this commit, which is this one.
fn renamed(content: FileContent, path: &Arc<str>) -> FileContent {
    match content {
        FileContent::Parsed(mut file) => {
            file.path = Arc::clone(path);
            FileContent::Parsed(file)
        }
        FileContent::Known(records) => FileContent::Known(at_path(&records, path)),
        FileContent::CopyOf(index) => FileContent::CopyOf(index),
    }
}

fn entry_kind(kind: FileKind) -> EntryKind {
    match kind {
        FileKind::File | FileKind::Program => EntryKind::File,
        FileKind::Link => EntryKind::Link,
        FileKind::Repository => EntryKind::Repository,
    }
}

fn entry(path: &[u8], kind: EntryKind) -> CommittedEntry {
    CommittedEntry { path: cds_provenance::path_from_git(path), kind }
}

fn git_path(path: &std::path::Path) -> Vec<u8> {
    cds_provenance::path_to_git(path)
}
