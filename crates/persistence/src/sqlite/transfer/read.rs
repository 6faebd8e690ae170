//! Reads the runs of a database and their rows.

use std::path::PathBuf;

use cds_model::{FieldHasher, FieldValue};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::super::{
    SqlitePersistence,
    access::{Access, Stamp},
    fit,
    reader::SqliteReader,
};
use crate::{
    ChainRow, Error, ImportError, RowVisitor, RunId, RunIdentity, RunSource, RunTable, Step,
    table::{self, TABLES, records, run_hash, run_tables, runs, runs_ledger, snapshot_chain, transfer_log},
};

impl SqlitePersistence {
    /// A reader of the same database that can read while this handle writes.
    ///
    /// A reader opened by path may treat the file as immutable, and fails once this handle writes.
    pub fn open_reader(&self) -> Result<SqliteReader, Error> {
        let location = self.database.location();
        SqliteReader::open_by(Access::Shared, location, Stamp::of(location), self.database.options())
    }
}

/// The number of records that the key of a run covers if no root covers all of them.
const RECORDS_IN_KEY: usize = 100;

impl SqliteReader {
    /// The path of the database as given.
    pub fn path(&self) -> PathBuf {
        self.database.path()
    }

    /// The numbers of all snapshots, ascending.
    pub fn snapshots(&self) -> Result<Vec<RunId>, Error> {
        self.read(|database| {
            database.read(&Step::ReadAccounts, |connection| {
                if !fit::has_table(connection, &runs::TABLE)? {
                    return Ok(Vec::new());
                }
                let mut found = runs::newest_first(connection)?;
                found.reverse();
                Ok(found)
            })
        })
    }

    /// The identity of a snapshot; `None` if there is none.
    pub fn run_identity(&self, run: RunId) -> Result<Option<RunIdentity>, Error> {
        self.read(|database| database.read(&Step::ReadAccounts, |connection| identity(connection, run)))
    }

    /// Checks a run's row, errors, questions and costs against the hash in the chain, as an import does. A run that is
    /// not in the chain passes.
    ///
    /// # Errors
    ///
    /// [`ImportError::OtherRun`], or an error if the database cannot be read.
    pub fn check_run_hash(&self, run: RunId) -> Result<(), ImportError> {
        let hashes = |connection: &Connection| {
            if !fit::has_table(connection, &snapshot_chain::TABLE)? {
                return Ok(None);
            }
            let Some(chain) = snapshot_chain::of_snapshot(connection, run)? else { return Ok(None) };
            let recomputed = run_hash::of_parts(connection, run, &|table| fit::has_table(connection, table))?;
            Ok(Some((chain.run_hash, recomputed.to_string())))
        };
        match self.read(|database| database.read(&Step::ReadAccounts, hashes))? {
            Some((stored, recomputed)) if stored != recomputed => Err(ImportError::OtherRun { stored, recomputed }),
            _ => Ok(()),
        }
    }

    /// The tables that can have rows of a run, in the order of writing.
    pub fn run_tables() -> impl Iterator<Item = &'static RunTable> {
        run_tables::ALL.iter().map(|(table, _)| *table)
    }

    /// Calls `visit` for every row of a run in `run_table`, all from the same moment; does nothing if the table is missing.
    ///
    /// # Errors
    ///
    /// Those of `visit`, or if the rows cannot be read; the rows visited so far are then invalid.
    pub fn run_rows<E: From<Error>>(
        &self,
        run: RunId,
        run_table: &RunTable,
        visit: &mut dyn FnMut(&[FieldValue<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let error = |cause| E::from(self.database.error(Step::ReadRecords, cause));
        let connection = &self.database.connection;
        if !has_tables(connection, run_table).map_err(error)? {
            return Ok(());
        }
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred).map_err(error)?;
        let layout = table::layout(&transaction).map_err(error)?;
        let mut statement = transaction.prepare(run_table.select.of(layout)).map_err(error)?;
        let mut rows = statement.query([run.0]).map_err(error)?;
        let outcome = loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => break Ok(()),
                Err(cause) => break Err(error(cause)),
            };
            let value = |place| row.get_ref(place).map(run_hash::field_value);
            let values = (0..run_table.columns.len()).map(value).collect::<rusqlite::Result<Vec<_>>>();
            match values.map_err(error).and_then(|values| visit(&values)) {
                Ok(()) => {}
                Err(failure) => break Err(failure),
            }
        };
        // If an immutable file changed meanwhile, neither the rows nor an error are valid.
        if self.is_overtaken() { Err(E::from(self.changed_while_read())) } else { outcome }
    }
}

/// One snapshot of a database.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseRun<'a> {
    /// The database.
    pub reader: &'a SqliteReader,
    /// The snapshot.
    pub run_id: RunId,
}

impl RunSource for DatabaseRun<'_> {
    fn rows(&self, table: &RunTable, visit: RowVisitor<'_>) -> Result<(), ImportError> {
        let mut failure = None;
        let outcome = self.reader.run_rows(self.run_id, table, &mut |row: &[FieldValue<'_>]| {
            visit(row).map_err(|error| {
                failure = Some(error);
                Stopped::ByVisitor
            })
        });
        match outcome {
            Ok(()) => Ok(()),
            Err(Stopped::ByVisitor) => failure.map_or(Ok(()), Err),
            Err(Stopped::Reading(error)) => Err(ImportError::Source(Box::new(error))),
        }
    }
}

/// Why reading rows stopped early; this keeps errors of the source apart from those of the target database.
enum Stopped {
    ByVisitor,
    Reading(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Reading(error)
    }
}

/// Whether every table that the rows come from exists.
fn has_tables(connection: &Connection, run_table: &RunTable) -> rusqlite::Result<bool> {
    for table in TABLES.iter().filter(|table| names(run_table.select.plain, table.name)) {
        if !fit::has_table(connection, table)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn names(sql: &str, table: &str) -> bool {
    sql.split(|character: char| !character.is_ascii_alphanumeric() && character != '_').any(|word| word == table)
}

fn identity(connection: &Connection, run: RunId) -> rusqlite::Result<Option<RunIdentity>> {
    if !fit::has_table(connection, &runs::TABLE)? {
        return Ok(None);
    }
    let Some(row) = runs::snapshot(connection, run)? else { return Ok(None) };
    let chain = if fit::has_table(connection, &snapshot_chain::TABLE)? {
        snapshot_chain::of_snapshot(connection, run)?
    } else {
        None
    };
    let owner = owner(connection, run)?;
    let run_key = match (&owner, imported_key(connection, run)?) {
        (Some((ledger_id, _)), _) => ledger_id.clone(),
        (None, Some(key)) => key,
        (None, None) => own_key(connection, run, chain.as_ref())?,
    };
    let (project, part, snapshot_root) = match chain {
        Some(chain) => (Some(chain.project), chain.part, Some(chain.snapshot_root)),
        None => (owner.map(|(_, subject)| subject), String::new(), None),
    };
    Ok(Some(RunIdentity {
        run_id: run,
        run_key,
        project,
        part,
        snapshot_root,
        record_count: row.record_count,
        root_path: row.root_path,
    }))
}

/// Id and project of the invocation that created a snapshot.
fn owner(connection: &Connection, run: RunId) -> rusqlite::Result<Option<(String, String)>> {
    if fit::has_table(connection, &runs_ledger::TABLE)? { runs_ledger::owner(connection, run.0) } else { Ok(None) }
}

/// The key of an imported run; `None` if it was created here.
fn imported_key(connection: &Connection, run: RunId) -> rusqlite::Result<Option<String>> {
    if fit::has_table(connection, &transfer_log::TABLE)? { transfer_log::key_of(connection, run) } else { Ok(None) }
}

/// The key of a run without an account: a hash over its number here, its row and its records.
///
/// The chain provides the root over the records. Without a chain, only the first records are hashed: the key must be
/// quick to compute, and must not change when missing tables are added.
fn own_key(connection: &Connection, run: RunId, chain: Option<&ChainRow>) -> rusqlite::Result<String> {
    let mut key = FieldHasher::new("cds run key 1");
    key.push(run.0.into());
    if let Some(chain) = chain {
        key.push(chain.run_hash.as_str().into());
        key.push(chain.snapshot_root.as_str().into());
        return Ok(key.finish().to_string());
    }
    let hash = run_hash::of_parts(connection, run, &|table| fit::has_table(connection, table))?;
    key.push(hash.to_string().as_str().into());
    if fit::has_table(connection, &records::TABLE)? {
        let mut statement = connection.prepare(run_tables::RECORDS.select.sql(connection)?)?;
        let mut rows = statement.query([run.0])?;
        let mut count = 0;
        while let (true, Some(row)) = (count < RECORDS_IN_KEY, rows.next()?) {
            count += 1;
            for column in 0..run_tables::RECORDS.columns.len() {
                key.push(run_hash::field_value(row.get_ref(column)?));
            }
        }
    }
    Ok(key.finish().to_string())
}

/// The snapshot with this key that was created here, if there is one.
pub(super) fn of_key(connection: &Connection, run_key: &str) -> rusqlite::Result<Option<i64>> {
    if fit::has_table(connection, &runs_ledger::TABLE)?
        && let Some(number) = runs_ledger::snapshot_of(connection, run_key)?
    {
        return Ok(Some(number));
    }
    // The keys of runs without an account are hashes; there are few such runs.
    if !run_key.starts_with("sha256:") || !fit::has_table(connection, &runs::TABLE)? {
        return Ok(None);
    }
    for run in runs::newest_first(connection)? {
        if owner(connection, run)?.is_none()
            && identity(connection, run)?.is_some_and(|identity| identity.run_key == run_key)
        {
            return Ok(Some(run.0));
        }
    }
    Ok(None)
}
