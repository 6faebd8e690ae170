//! Writes what proves a snapshot, in the transaction of that snapshot: the hashes of its records, what became of the
//! units since the snapshot before, and the row that chains it to everything before it.
//!
//! Records come file by file, and what is known of a unit before is kept as hashes, so that the memory that all this
//! takes is a small part of that of the snapshot itself.

mod fate;
mod known;
mod rows;
mod seal;

use cds_model::{
    ChainLink, HistoryContext, MerkleTree, RecordHashes, RunSnapshot, UnitKey, UnitRow, record_fields, unit_names,
};

use self::{
    fate::NewUnit,
    known::KnownUnits,
    rows::{HistoryRows, Seen},
};
pub(super) use self::{fate::Unread, known::hash as unit_hash, seal::write_tombstones};
use super::database::Database;
use crate::{
    Error, RunId, SnapshotProof, Step,
    table::{self, record_hashes},
};

/// The history of one snapshot while its records are written.
pub(super) struct HistoryWriter<'a> {
    database: &'a Database,
    snapshot: &'a RunSnapshot,
    context: &'a HistoryContext,
    run: RunId,
    insert_hash: rusqlite::Statement<'a>,
    tree: MerkleTree,
    /// The hashes of the records of the file that is being written; they are the last that were pushed.
    of_file: Vec<RecordHashes>,
    pushed_count: usize,
    known: KnownUnits,
    /// What is in the snapshot under names that nothing had in the one before; in the order of the records.
    new: Vec<NewUnit>,
    rows: HistoryRows<'a>,
}

impl<'a> HistoryWriter<'a> {
    /// A writer for `snapshot`, which is written as `run`; none where nobody wants its history.
    pub(super) fn of(database: &'a Database, run: RunId, snapshot: &'a RunSnapshot) -> Result<Option<Self>, Error> {
        let Some(context) = &snapshot.history else { return Ok(None) };
        Ok(Some(Self {
            database,
            snapshot,
            context,
            run,
            insert_hash: database.prepare_insert(&record_hashes::TABLE)?,
            tree: MerkleTree::default(),
            of_file: Vec::new(),
            pushed_count: 0,
            known: KnownUnits::load(database, context)?,
            new: Vec::new(),
            rows: HistoryRows::new(database, run, snapshot.finished_at.to_string(), context)?,
        }))
    }

    /// Goes on with the next record of the snapshot, which was written as `record_id`.
    pub(super) fn push(&mut self, record_id: i64) -> Result<(), Error> {
        let index = self.pushed_count;
        let record = &self.snapshot.records[index];
        if index > 0 && self.snapshot.records[index - 1].file_path != record.file_path {
            self.end_file()?;
        }
        let hashes = RecordHashes::of(&record_fields(record, &record.md5sum.to_string()));
        let outcome = record_hashes::insert(&mut self.insert_hash, record_id, self.run, &hashes);
        self.database.check_one_row(outcome, || Step::record_hash(index, record))?;
        self.tree.push(hashes.content);
        self.of_file.push(hashes);
        self.pushed_count += 1;
        Ok(())
    }

    /// Once everything else of the snapshot is written: ends the history of its units, and chains it.
    pub(super) fn finish(mut self) -> Result<SnapshotProof, Error> {
        self.end_file()?;
        fate::save_rest(self.database, self.snapshot, &self.new, &self.known, &mut self.rows)?;
        let database = self.database;
        let snapshot_root = self.tree.root();
        let run_hash = table::run_hash::of(&database.connection, self.run)
            .map_err(|cause| database.error(Step::WriteChain, cause))?;
        let sealed = seal::Sealed {
            event: ChainLink::SNAPSHOT,
            run: self.run,
            project: &self.context.project,
            part: &self.context.part,
            record_count: table::count(self.pushed_count),
            snapshot_root: &snapshot_root.to_string(),
            run_hash: &run_hash.to_string(),
        };
        let chain_head = seal::write(database, self.rows.at(), &sealed)?;
        Ok(SnapshotProof { snapshot_root, chain_head, transitions: self.rows.counts() })
    }

    /// Names what the file holds, and writes what became of it as far as no other file decides that.
    fn end_file(&mut self) -> Result<(), Error> {
        let first = self.pushed_count - self.of_file.len();
        let records = &self.snapshot.records[first..self.pushed_count];
        let rows = records.iter().map(|record| UnitRow {
            kind: record.kind,
            file_path: &record.file_path,
            signature: record.signature.as_deref(),
            start_line: record.start_line,
            end_line: record.end_line,
        });
        let names = unit_names(&rows.collect::<Vec<_>>());
        for (((record, hashes), name), index) in records.iter().zip(self.of_file.drain(..)).zip(names).zip(first..) {
            let seen = Seen {
                key: UnitKey {
                    file_path: &record.file_path,
                    kind: record.kind.as_str(),
                    name: &name.qualified,
                    ordinal: name.ordinal,
                },
                content: hashes.content,
                code: hashes.code,
                intent: hashes.intent,
                lines: (record.start_line, record.end_line),
            };
            if let Some(origin) = self.known.take_present(&seen.key) {
                self.rows.write_same(&seen, &origin)?;
            } else if self.known.is_empty() {
                // Nothing can have come from elsewhere.
                self.rows.write_added(&seen)?;
            } else {
                let Seen { content, code, intent, .. } = seen;
                self.new.push(NewUnit { index, name, content, code, intent });
            }
        }
        Ok(())
    }
}
