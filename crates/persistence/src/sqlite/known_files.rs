//! Files whose records an earlier snapshot has, so that they need not be parsed again.
//!
//! What is found here was checked as far as the run goes: its rows but the records against the hash in the chain, the
//! hashes of its records against their root. Each record must still be compared with its own hash, since only who has the
//! file knows its exact code.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use cds_model::{Fingerprint, MerkleTree};
use rusqlite::Connection;

use super::{database::Database, fit, reader::SqliteReader};
use crate::{
    Error, RunId, Step,
    table::{
        analyzer_errors, record_hashes, records, run_hash, select::known_files as known, snapshot_chain, source_files,
        transfer_log,
    },
};

/// Runs that are checked; the files of further runs count as unknown.
const MOST_RUNS: usize = 16;

/// A file as it was just read.
#[derive(Debug, Clone, Copy)]
pub struct KnownFile<'a> {
    /// Relative to the root.
    pub file_path: &'a str,
    /// The SHA-256 of its bytes.
    pub source_hash: Fingerprint,
    /// The id of its language.
    pub language: &'a str,
    /// What would make records of it, see [`SourceFile`](cds_model::SourceFile).
    pub analyzer: &'a str,
}

/// A stored record without what its file tells: path and exact code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Its kind.
    pub kind: String,
    /// The declaration; `None` for files.
    pub signature: Option<String>,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The code without comments, docstrings and layout.
    pub normalized_code: Arc<str>,
    /// The MD5 of it.
    pub md5sum: String,
    /// The intent.
    pub intent: Option<String>,
    /// The state of the intent.
    pub intent_status: String,
    /// Why there is no intent.
    pub intent_error: Option<String>,
    /// The hash over all of that, with path and exact code, from when it was written.
    pub content_hash: String,
}

/// What is known of a file.
#[derive(Debug)]
pub enum KnownContent {
    /// No snapshot has it.
    Nothing,
    /// A snapshot has it, but that was altered since it was written.
    Altered,
    /// Its records, in order.
    Records(Vec<FileRecord>),
}

/// The files of earlier snapshots of a database.
#[derive(Debug)]
pub struct KnownFiles {
    reader: SqliteReader,
    runs: HashMap<RunId, Run>,
}

/// What a look at a run found.
#[derive(Debug, Clone)]
enum Run {
    /// Its records may be used.
    Proven {
        ids: (i64, i64),
        unread: Arc<HashSet<String>>,
    },
    /// It came from elsewhere, or has no proof.
    Foreign,
    Altered,
}

impl KnownFiles {
    /// The files that the database of `reader` knows.
    pub fn new(reader: SqliteReader) -> Self {
        Self { reader, runs: HashMap::new() }
    }

    /// The records of a file in the latest snapshot that has it. A file of which something was missing counts as unknown.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn find(&mut self, file: &KnownFile<'_>) -> Result<KnownContent, Error> {
        let found = self.read(|connection| {
            if fit::has_table(connection, &source_files::TABLE)? {
                unless_altered(known::latest(connection, file))
            } else {
                Ok(Some(None))
            }
        })?;
        let (run, record_count) = match found {
            None => return Ok(KnownContent::Altered),
            Some(None) => return Ok(KnownContent::Nothing),
            Some(Some(found)) => found,
        };
        let (ids, unread) = match self.run(run)? {
            Run::Proven { ids, unread } => (ids, unread),
            Run::Foreign => return Ok(KnownContent::Nothing),
            Run::Altered => return Ok(KnownContent::Altered),
        };
        if unread.contains(file.file_path) {
            return Ok(KnownContent::Nothing);
        }
        let records =
            self.read(|connection| unless_altered(known::of_file(connection, run, file.file_path, ids, record_count)))?;
        let records = records.filter(|records| u32::try_from(records.len()) == Ok(record_count));
        Ok(records.map_or(KnownContent::Altered, KnownContent::Records))
    }

    fn run(&mut self, run: RunId) -> Result<Run, Error> {
        if let Some(known) = self.runs.get(&run) {
            return Ok(known.clone());
        }
        let found =
            if self.runs.len() < MOST_RUNS { self.read(|connection| look_at(connection, run))? } else { Run::Foreign };
        self.runs.insert(run, found.clone());
        Ok(found)
    }

    fn read<T>(&self, query: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        self.reader.read(|database: &Database| database.read(&Step::ReadRecords, &query))
    }
}

/// `None` if a value has another type than the one that was written.
fn unless_altered<T>(found: rusqlite::Result<T>) -> rusqlite::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::Utf8Error(..),
        ) => Ok(None),
        Err(cause) => Err(cause),
    }
}

fn look_at(connection: &Connection, run: RunId) -> rusqlite::Result<Run> {
    for table in [&records::TABLE, &record_hashes::TABLE, &snapshot_chain::TABLE] {
        if !fit::has_table(connection, table)? {
            return Ok(Run::Foreign);
        }
    }
    if fit::has_table(connection, &transfer_log::TABLE)? && known::is_imported(connection, run)? {
        return Ok(Run::Foreign);
    }
    let Some(chained) = snapshot_chain::of_snapshot(connection, run)? else { return Ok(Run::Foreign) };
    let Some(ids) = known::bounds(connection, run)? else { return Ok(Run::Altered) };
    let mut tree = MerkleTree::default();
    for hash in known::hashes(connection, run, ids)? {
        let Ok(hash) = hash.parse() else { return Ok(Run::Altered) };
        tree.push(hash);
    }
    let run_hash = run_hash::of(connection, run)?;
    let is_as_written = chained.snapshot_root == tree.root().to_string() && chained.run_hash == run_hash.to_string();
    if !is_as_written {
        return Ok(Run::Altered);
    }
    let unread =
        if fit::has_table(connection, &analyzer_errors::TABLE)? { known::unread(connection, run)? } else { Vec::new() };
    Ok(Run::Proven { ids, unread: Arc::new(unread.into_iter().collect()) })
}
