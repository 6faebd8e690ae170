//! Writes what proves a snapshot, in the transaction of that snapshot: the hashes of its records, what became of the
//! units since the snapshot before, and the row that chains it to everything before it.
//!
//! Records come file by file, and what is known of a unit before is kept as hashes, so that the memory that all this
//! takes is a small part of that of the snapshot itself.

mod doubt;
mod fate;
mod known;
mod named;
mod namesakes;
mod rows;
mod seal;

use cds_model::{ChainLink, HistoryContext, MerkleTree, RecordHashes, UnreadPaths};

pub(super) use self::{
    doubt::doubt,
    known::hash as unit_hash,
    named::{Named, Preparation, Unnamed},
    seal::write_tombstones,
};
use self::{fate::NewUnit, known::KnownUnits, namesakes::Origins, rows::HistoryRows};
use super::{database::Database, schema};
use crate::{
    Error, RunId, SnapshotProof, Step,
    table::{self, record_hashes},
};

/// A record of the file that is being written, whose name depends on others of the file.
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
    /// The file that is being written, and its records so far that wait for their names.
    file_path: String,
    of_file: Vec<Pending>,
    /// The records of that file whose names are known.
    named: Vec<Named<'a>>,
    known: KnownUnits,
    /// What is in the snapshot under names that nothing had in the one before; in the order of the records.
    new: Vec<NewUnit>,
    rows: HistoryRows<'a>,
}

impl<'a> HistoryWriter<'a> {
    /// A writer for the snapshot that is written as `run`, and was made at `at`; of `record_count` records.
    pub(super) fn new(
        database: &'a Database,
        run: RunId,
        at: String,
        context: &'a HistoryContext,
        record_count: usize,
    ) -> Result<Self, Error> {
        schema::suspend_insert_guards(database)?;
        schema::suspend_indexes(database, record_count)?;
        Ok(Self {
            database,
            context,
            run,
            insert_hash: database.prepare_insert(&record_hashes::TABLE)?,
            tree: MerkleTree::default(),
            file_path: String::new(),
            of_file: Vec::new(),
            named: Vec::new(),
            known: KnownUnits::load(database, context)?,
            new: Vec::new(),
            rows: HistoryRows::new(database, run, at, context)?,
        })
    }

    /// What is to be made of the records before they are written.
    pub(super) fn preparation(&self) -> Preparation {
        if self.known.is_empty() {
            Preparation::AllNew { is_derived: self.rows.is_derived() }
        } else {
            Preparation::Compared
        }
    }

    /// Goes on with the next record of the snapshot, whose name is known.
    pub(super) fn push_named(&mut self, record_id: i64, record: Named<'a>) -> Result<(), Error> {
        self.write_hashes(record_id, record.place(), &record.hashes)?;
        if self.known.is_empty() {
            // Nothing can have come from elsewhere.
            return self.rows.write_added(&record.seen());
        }
        if self.named.last().is_some_and(|last| last.place().0 != record.place().0) {
            self.end_named()?;
        }
        self.named.push(record);
        Ok(())
    }

    /// Goes on with the next record of the snapshot, whose name is not known before its file ends.
    pub(super) fn push(&mut self, record_id: i64, record: &Unnamed<'_>) -> Result<(), Error> {
        if record.file_path != self.file_path {
            self.end_file()?;
            record.file_path.clone_into(&mut self.file_path);
        }
        self.write_hashes(record_id, (record.file_path, record.lines.0), &record.hashes)?;
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
        self.end_named()?;
        fate::save_rest(self.database, unread, &self.new, &self.known, &mut self.rows)?;
        let database = self.database;
        schema::create_missing(database)?;
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

    fn write_hashes(
        &mut self,
        record_id: i64,
        (file_path, start_line): (&str, u32),
        hashes: &RecordHashes,
    ) -> Result<(), Error> {
        let outcome = record_hashes::insert(&mut self.insert_hash, record_id, self.run, hashes);
        let count = self.tree.leaf_count();
        self.database.check_one_row(outcome, || Step::InsertRecordHash {
            number: usize::try_from(count).unwrap_or(usize::MAX).saturating_add(1),
            file_path: file_path.into(),
            start_line,
        })?;
        self.tree.push(hashes.content);
        Ok(())
    }

    /// Names what the file holds that waits for it.
    fn end_file(&mut self) -> Result<(), Error> {
        let records = std::mem::take(&mut self.of_file);
        let file_path = std::mem::take(&mut self.file_path);
        let unnamed = records.iter().map(|record| Unnamed {
            kind: &record.kind,
            file_path: &file_path,
            signature: record.signature.as_deref(),
            lines: record.lines,
            hashes: record.hashes,
        });
        let named = Named::of_file(&unnamed.collect::<Vec<_>>(), self.database.options().name_of, self.preparation());
        self.write_units(&named)
    }

    /// Goes on with what a file holds that is named.
    fn end_named(&mut self) -> Result<(), Error> {
        let named = std::mem::take(&mut self.named);
        self.write_units(&named)
    }

    /// Writes what became of the units of one file as far as no other file decides that.
    fn write_units(&mut self, named: &[Named<'_>]) -> Result<(), Error> {
        if self.known.is_empty() {
            return named.iter().try_for_each(|record| self.rows.write_added(&record.seen()));
        }
        let Origins { of_records, renumbered } = namesakes::origins(self.database, &mut self.known, named)?;
        // The row of the file says which numbers became others, so that it comes first.
        for are_files in [true, false] {
            for (record, origin) in named.iter().zip(&of_records).filter(|(record, _)| record.is_file() == are_files) {
                let renumbered = if are_files { &renumbered[..] } else { &[] };
                match &origin.unit {
                    Some(unit) => self.rows.write_same(&record.seen(), unit, renumbered)?,
                    None => self.new.push(NewUnit::of(record, origin.has_namesakes)),
                }
            }
        }
        Ok(())
    }
}
