//! Writes what proves a snapshot, in the transaction of that snapshot: the hashes of its records, what became of the
//! units since the snapshot before, and the row that chains it to everything before it.
//!
//! Records come file by file, and what is known of a unit before is kept as hashes, so that the memory that all this
//! takes is a small part of that of the snapshot itself.

mod doubt;
mod fate;
mod known;
mod rows;
mod seal;

use cds_model::{ChainLink, HistoryContext, MerkleTree, RecordHashes, UnitKey, UnitRow, UnreadPaths, unit_names};

pub(super) use self::{doubt::doubt, known::hash as unit_hash, seal::write_tombstones};
use self::{
    fate::NewUnit,
    known::KnownUnits,
    rows::{HistoryRows, Seen},
};
use super::database::Database;
use crate::{
    Error, RunId, SnapshotProof, Step,
    table::{self, record_hashes},
};

/// A record that was written, as far as its name depends on it, with its hashes.
#[derive(Debug, Clone)]
pub(super) struct Written<'a> {
    pub(super) record_id: i64,
    pub(super) kind: &'a str,
    pub(super) file_path: &'a str,
    pub(super) signature: Option<&'a str>,
    /// The first and the last one.
    pub(super) lines: (u32, u32),
    pub(super) hashes: RecordHashes,
}

/// A record of the file that is being written.
struct Pending {
    kind: String,
    signature: Option<String>,
    lines: (u32, u32),
    hashes: RecordHashes,
}

/// The history of one snapshot while its records are written.
pub(super) struct HistoryWriter<'a> {
    database: &'a Database,
    context: &'a HistoryContext,
    run: RunId,
    insert_hash: rusqlite::Statement<'a>,
    tree: MerkleTree,
    /// The file that is being written, and its records so far.
    file_path: String,
    of_file: Vec<Pending>,
    known: KnownUnits,
    /// What is in the snapshot under names that nothing had in the one before; in the order of the records.
    new: Vec<NewUnit>,
    rows: HistoryRows<'a>,
}

impl<'a> HistoryWriter<'a> {
    /// A writer for the snapshot that is written as `run`, and was made at `at`.
    pub(super) fn new(
        database: &'a Database,
        run: RunId,
        at: String,
        context: &'a HistoryContext,
    ) -> Result<Self, Error> {
        Ok(Self {
            database,
            context,
            run,
            insert_hash: database.prepare_insert(&record_hashes::TABLE)?,
            tree: MerkleTree::default(),
            file_path: String::new(),
            of_file: Vec::new(),
            known: KnownUnits::load(database, context)?,
            new: Vec::new(),
            rows: HistoryRows::new(database, run, at, context)?,
        })
    }

    /// Goes on with the next record of the snapshot.
    pub(super) fn push(&mut self, record: &Written<'_>) -> Result<(), Error> {
        if record.file_path != self.file_path {
            self.end_file()?;
            record.file_path.clone_into(&mut self.file_path);
        }
        let outcome = record_hashes::insert(&mut self.insert_hash, record.record_id, self.run, &record.hashes);
        let count = self.tree.leaf_count();
        self.database.check_one_row(outcome, || Step::InsertRecordHash {
            number: usize::try_from(count).unwrap_or(usize::MAX).saturating_add(1),
            file_path: record.file_path.into(),
            start_line: record.lines.0,
        })?;
        self.tree.push(record.hashes.content);
        self.of_file.push(Pending {
            kind: record.kind.to_owned(),
            signature: record.signature.map(str::to_owned),
            lines: record.lines,
            hashes: record.hashes,
        });
        Ok(())
    }

    /// Once everything else of the snapshot is written: ends the history of its units, and chains it.
    ///
    /// `unread` are the files and folders of which something is missing.
    pub(super) fn finish(mut self, unread: &UnreadPaths<'_>) -> Result<SnapshotProof, Error> {
        self.end_file()?;
        fate::save_rest(self.database, unread, &self.new, &self.known, &mut self.rows)?;
        let database = self.database;
        let snapshot_root = self.tree.root();
        let run_hash = table::run_hash::of(&database.connection, self.run)
            .map_err(|cause| database.error(Step::WriteChain, cause))?;
        let sealed = seal::Sealed {
            event: ChainLink::SNAPSHOT,
            run: self.run,
            project: &self.context.project,
            part: &self.context.part,
            record_count: i64::try_from(self.tree.leaf_count()).unwrap_or(i64::MAX),
            snapshot_root: &snapshot_root.to_string(),
            run_hash: &run_hash.to_string(),
        };
        let chain_head = seal::write(database, self.rows.at(), &sealed)?;
        Ok(SnapshotProof { snapshot_root, run_hash, chain_head, transitions: self.rows.counts() })
    }

    /// Names what the file holds, and writes what became of it as far as no other file decides that.
    fn end_file(&mut self) -> Result<(), Error> {
        let records = std::mem::take(&mut self.of_file);
        let rows = records
            .iter()
            .map(|record| UnitRow::stored(&record.kind, &self.file_path, record.signature.as_deref(), record.lines));
        let names = unit_names(&rows.collect::<Vec<_>>());
        for (record, name) in records.into_iter().zip(names) {
            let seen = Seen {
                key: UnitKey {
                    file_path: &self.file_path,
                    kind: &record.kind,
                    name: &name.qualified,
                    ordinal: name.ordinal,
                },
                content: record.hashes.content,
                code: record.hashes.code,
                intent: record.hashes.intent,
                lines: record.lines,
            };
            if let Some(origin) = self.known.take_present(&seen.key) {
                self.rows.write_same(&seen, &origin)?;
            } else if self.known.is_empty() {
                // Nothing can have come from elsewhere.
                self.rows.write_added(&seen)?;
            } else {
                let Seen { content, code, intent, lines, .. } = seen;
                let file_path = self.file_path.clone();
                self.new.push(NewUnit { file_path, kind: record.kind, name, content, code, intent, lines });
            }
        }
        Ok(())
    }
}
