//! The runs of a database, and the rows of each.

use cds_model::FieldValue;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::super::{fit, reader::SqliteReader};
use crate::{
    Error, ImportError, RowVisitor, RunId, RunIdentity, RunSource, RunTable, Step,
    table::{TABLES, run_hash, run_tables, runs, runs_ledger, snapshot_chain},
};

impl SqliteReader {
    /// The numbers of all snapshots, the smallest first.
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

    /// What a snapshot is known by; none where there is none.
    pub fn run_identity(&self, run: RunId) -> Result<Option<RunIdentity>, Error> {
        self.read(|database| database.read(&Step::ReadAccounts, |connection| identity(connection, run)))
    }

    /// The tables that a run can have rows in, in the order in which they must be written.
    pub fn run_tables() -> impl Iterator<Item = &'static RunTable> {
        run_tables::ALL.iter().map(|(table, _)| *table)
    }

    /// Shows every row that a run has in `table` to `visit`, all of one moment; none where there is no such table.
    ///
    /// # Errors
    ///
    /// Those of `visit`; or the rows cannot be read, in which case what was shown does not count.
    pub fn run_rows<E: From<Error>>(
        &self,
        run: RunId,
        table: &RunTable,
        visit: &mut dyn FnMut(&[FieldValue<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let error = |cause| E::from(self.database.error(Step::ReadRecords, cause));
        let connection = &self.database.connection;
        if !has_tables(connection, table).map_err(error)? {
            return Ok(());
        }
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred).map_err(error)?;
        let mut statement = transaction.prepare(table.select).map_err(error)?;
        let mut rows = statement.query([run.0]).map_err(error)?;
        let outcome = loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => break Ok(()),
                Err(cause) => break Err(error(cause)),
            };
            let value = |place| row.get_ref(place).map(run_hash::field_value);
            let values = (0..table.columns.len()).map(value).collect::<rusqlite::Result<Vec<_>>>();
            match values.map_err(error).and_then(|values| visit(&values)) {
                Ok(()) => {}
                Err(failure) => break Err(failure),
            }
        };
        // Of a file that changed while it was taken for unchanging, neither a row nor an error counts.
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

/// Why the rows of a run end early; an error of the source is none of the database that it goes to.
enum Stopped {
    ByVisitor,
    Reading(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Reading(error)
    }
}

/// Whether every table that the rows come from is there.
fn has_tables(connection: &Connection, run_table: &RunTable) -> rusqlite::Result<bool> {
    for table in TABLES.into_iter().filter(|table| names(run_table.select, table.name)) {
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
    let run_key = match (&owner, &chain) {
        (Some((ledger_id, _)), _) => ledger_id.clone(),
        (None, Some(chain)) => chain.run_hash.clone(),
        (None, None) => own_key(connection, run)?,
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

/// Id and project of the invocation that made a snapshot.
fn owner(connection: &Connection, run: RunId) -> rusqlite::Result<Option<(String, String)>> {
    if fit::has_table(connection, &runs_ledger::TABLE)? { runs_ledger::owner(connection, run.0) } else { Ok(None) }
}

/// The key of a run of which nothing but its rows is known: the hash that the chain gets once the run is imported, so
/// that the copy has the same key, and so that it stays when somebody adds the tables that are missing.
fn own_key(connection: &Connection, run: RunId) -> rusqlite::Result<String> {
    // Questions belong to records; both are there, or there are none.
    run_hash::of_parts(connection, run, &|table| fit::has_table(connection, table)).map(|hash| hash.to_string())
}

/// The snapshot of this key that was made here or came here before transfers were written down; none where there is
/// none.
pub(super) fn of_key(connection: &Connection, run_key: &str) -> rusqlite::Result<Option<i64>> {
    if fit::has_table(connection, &runs_ledger::TABLE)?
        && let Some(number) = runs_ledger::snapshot_of(connection, run_key)?
    {
        return Ok(Some(number));
    }
    // The keys of all other runs are hashes.
    if !run_key.starts_with("sha256:") || !fit::has_table(connection, &runs::TABLE)? {
        return Ok(None);
    }
    if fit::has_table(connection, &snapshot_chain::TABLE)?
        && let Some(number) = snapshot_chain::of_run_hash(connection, run_key)?
    {
        return Ok(Some(number));
    }
    for run in runs::newest_first(connection)? {
        if identity(connection, run)?.is_some_and(|identity| identity.run_key == run_key) {
            return Ok(Some(run.0));
        }
    }
    Ok(None)
}
