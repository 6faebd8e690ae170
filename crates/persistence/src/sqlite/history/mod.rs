//! Writes the proof of a snapshot in its transaction: the hashes of its records, the transitions of its definitions
//! since the previous snapshot, and the row that chains it to everything before.
//!
//! Records arrive file by file, and known definitions are kept as hashes only, so that the history needs little memory
//! compared with the snapshot itself.

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
    Error, Layout, RunId, SnapshotProof, Step,
    table::{self, record_hashes},
};

/// A record of the current file that waits for its name, which depends on other records of the file.
struct Pending {
    kind: String,
    signature: Option<String>,
    lines: (u32, u32),
    hashes: RecordHashes,
}

/// Writes the history of one snapshot together with its records.
pub(super) struct HistoryWriter<'a> {
    database: &'a Database,
    context: &'a HistoryContext,
    run: RunId,
    /// `None` in the compact layout, where the hashes are written with the records.
    insert_hash: Option<rusqlite::Statement<'a>>,
    tree: MerkleTree,
    /// The current file, and its records that wait for their names.
    file_path: String,
    of_file: Vec<Pending>,
    /// The records of the current file with known names.
    named: Vec<Named<'a>>,
    known: KnownUnits,
    /// Records whose names no definition of the previous snapshot had, in snapshot order.
    new: Vec<NewUnit>,
    rows: HistoryRows<'a>,
    /// The `schema_version` with all guards and indexes.
    schema: i64,
}

impl<'a> HistoryWriter<'a> {
    /// A writer for the snapshot `run` of `record_count` records, made at `at`.
    pub(super) fn new(
        database: &'a Database,
        run: RunId,
        at: String,
        context: &'a HistoryContext,
        record_count: usize,
    ) -> Result<Self, Error> {
        // `finish` restores both through `create_missing`.
        let schema = schema::version(database)?;
        let layout = table::layout(&database.connection).map_err(|cause| database.error(Step::ReadSchema, cause))?;
        schema::suspend_insert_guards(database, record_count)?;
        schema::suspend_indexes(database, record_count)?;
        Ok(Self {
            database,
            context,
            run,
            insert_hash: (layout == Layout::Plain)
                .then(|| database.prepare_insert(&record_hashes::TABLE))
                .transpose()?,
            tree: MerkleTree::default(),
            file_path: String::new(),
            of_file: Vec::new(),
            named: Vec::new(),
            known: KnownUnits::load(database, context)?,
            new: Vec::new(),
            rows: HistoryRows::new(database, run, at, context)?,
            schema,
        })
    }

    /// What can be prepared of the records before they are written.
    pub(super) fn preparation(&self) -> Preparation {
        if self.known.is_empty() {
            Preparation::AllNew { is_derived: self.rows.is_derived() }
        } else {
            Preparation::Compared
        }
    }

    /// Adds the next record of the snapshot, whose name is known.
    pub(super) fn push_named(&mut self, record_id: i64, record: Named<'a>) -> Result<(), Error> {
        self.write_hashes(record_id, record.location(), &record.hashes)?;
        if self.known.is_empty() {
            // The project has no definitions yet, so every record is added.
            return self.rows.write_added(&record.seen());
        }
        // Namesakes are matched within a file, so all of its definitions must be known first.
        if self.named.last().is_some_and(|last| last.location().0 != record.location().0) {
            self.end_named()?;
        }
        self.named.push(record);
        Ok(())
    }

    /// Adds the next record of the snapshot, whose name is known only after its file ends.
    pub(super) fn push(&mut self, record_id: i64, record: &Unnamed<'_>) -> Result<(), Error> {
        // Names depend on the enclosing definitions, so records wait until their file is complete.
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

    /// Completes the history and chains the snapshot. Everything else of the snapshot must be written before.
    ///
    /// `unread` are the files and folders that the snapshot lacks at least partly.
    pub(super) fn finish(mut self, unread: &UnreadPaths<'_>) -> Result<SnapshotProof, Error> {
        self.end_file()?;
        self.end_named()?;
        // Moves need the definitions of all files.
        fate::save_rest(self.database, unread, &self.new, &self.known, &mut self.rows)?;
        self.rows.settle()?;
        let database = self.database;
        if schema::version(database)? != self.schema {
            schema::create_missing(database)?;
        }
        let snapshot_root = self.tree.root();
        // After all other rows of the run, because the hash covers them.
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
        if let Some(insert_hash) = &mut self.insert_hash {
            let outcome = record_hashes::insert(insert_hash, record_id, self.run, hashes);
            let count = self.tree.leaf_count();
            self.database.check_one_row(outcome, || Step::InsertRecordHash {
                number: usize::try_from(count).unwrap_or(usize::MAX).saturating_add(1),
                file_path: file_path.into(),
                start_line,
            })?;
        }
        self.tree.push(hashes.content);
        Ok(())
    }

    /// Names the waiting records of the current file.
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

    /// Writes the named records of the current file.
    fn end_named(&mut self) -> Result<(), Error> {
        let named = std::mem::take(&mut self.named);
        self.write_units(&named)
    }

    /// Writes the transitions of one file's definitions, except those that depend on other files.
    fn write_units(&mut self, named: &[Named<'_>]) -> Result<(), Error> {
        if self.known.is_empty() {
            return named.iter().try_for_each(|record| self.rows.write_added(&record.seen()));
        }
        let Origins { of_records, renumbered } = namesakes::origins(self.database, &mut self.known, named)?;
        // Files come first: the row of a file holds the changed ordinals of its definitions, which `verify` needs
        // before them.
        for are_files in [true, false] {
            for (record, origin) in named.iter().zip(&of_records).filter(|(record, _)| record.is_file() == are_files) {
                let renumbered = if are_files { &renumbered[..] } else { &[] };
                match &origin.unit {
                    Some(unit) => self.rows.write_same(&record.seen(), unit, renumbered)?,
                    // It may have moved here from a file that comes later.
                    None => self.new.push(NewUnit::of(record, origin.has_namesakes)),
                }
            }
        }
        Ok(())
    }
}
