//! The runs of a database, and the rows of each.

use cds_model::FieldValue;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::super::{fit, reader::SqliteReader};
use crate::{
    Error, ImportError, RowVisitor, RunId, RunIdentity, RunSource, RunTable, Step,
    table::{
        TABLES, Table, analyzer_errors, enrichments, record_questions, records, run_hash, run_tables, runs,
        runs_ledger, select::ledger, snapshot_chain,
    },
};

/// What the hash of a run is made from.
const HASHED: [&Table; 5] =
    [&runs::TABLE, &records::TABLE, &analyzer_errors::TABLE, &record_questions::TABLE, &enrichments::TABLE];

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
    let subject = if fit::has_table(connection, &runs_ledger::TABLE)? {
        ledger::subjects(connection)?.into_iter().find(|(snapshot, _)| *snapshot == run).map(|(_, subject)| subject)
    } else {
        None
    };
    let (ledger_id, subject) = subject.map_or((None, None), |row| (Some(row.ledger_id), Some(row.subject)));
    let run_key = match (ledger_id, &chain) {
        (Some(id), _) => id,
        (None, Some(chain)) => chain.run_hash.clone(),
        (None, None) => own_key(connection, run)?,
    };
    let (project, part, snapshot_root) = match chain {
        Some(chain) => (Some(chain.project), chain.part, Some(chain.snapshot_root)),
        None => (subject, String::new(), None),
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

/// The key of a run of which nothing but its rows is known; the same in every copy of them.
fn own_key(connection: &Connection, run: RunId) -> rusqlite::Result<String> {
    for table in HASHED {
        if !fit::has_table(connection, table)? {
            let mut key = cds_model::FieldHasher::new("cds bare run 1");
            let mut statement = connection.prepare(run_tables::RUNS.select)?;
            let mut rows = statement.query([run.0])?;
            while let Some(row) = rows.next()? {
                // Behind its number.
                for column in 1..run_tables::RUNS.columns.len() {
                    key.push(run_hash::field_value(row.get_ref(column)?));
                }
            }
            return Ok(key.finish().to_string());
        }
    }
    run_hash::of(connection, run).map(|hash| hash.to_string())
}
