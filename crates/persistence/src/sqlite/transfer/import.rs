//! Writes a run that comes from elsewhere, with everything that belongs to it, in one transaction.

use std::collections::HashMap;

use cds_model::{FieldValue, HistoryContext, RecordHashes, UnreadPaths};
use rusqlite::{
    Statement, ToSql, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};

use super::{
    super::{
        SqlitePersistence,
        database::Database,
        history::{HistoryWriter, Unnamed},
        inspection, journal, schema, snapshot,
    },
    log,
    row::{RecordRow, integer, optional_text, text, unfit},
};
use crate::{
    Error, ImportError, ImportPlan, ImportedRun, RunId, RunSource, RunTable, Step, Transfer, TransferOutcome,
    table::run_tables::{
        ANALYZER_ERRORS, ENRICHMENTS, INTENT_CACHE, LEDGER_DETAILS, NOT_READ, RECORD_QUESTIONS, RECORDS, RUNS,
        RUNS_LEDGER, SNAPSHOT_CHAIN, STAGE_RUNS, TELEMETRY, UNIT_HISTORY,
    },
};

impl SqlitePersistence {
    /// Imports one run, and writes down that it was.
    ///
    /// It gets a number of its own, and goes on with the history of its project in this database. Whether it is here
    /// already, [`presence_of`](Self::presence_of) says. Right before the commit `may_commit` is asked.
    ///
    /// # Errors
    ///
    /// Nothing of the run was written, also not that it failed.
    pub fn import_run(
        &mut self,
        source: &dyn RunSource,
        plan: &ImportPlan,
        may_commit: &dyn Fn() -> bool,
    ) -> Result<ImportedRun, ImportError> {
        let database = &self.database;
        let transaction = database.begin(&Step::Begin)?;
        inspection::inspect(database)?;
        schema::create_missing(database)?;
        let imported = Import { database, source, plan }.write()?;
        database.check_is_in_place()?;
        if !may_commit() {
            return Err(Error::Withdrawn { path: database.path() }.into());
        }
        database.commit(&transaction)?;
        // A reader may be in the way; then the log is merged another time, and nothing is lost.
        drop(journal::checkpoint(database, self.journal));
        Ok(imported)
    }
}

/// What was told of a run in the chain and the history that it comes from.
struct Told {
    context: HistoryContext,
    /// Root and hash of the run.
    proof: Option<(String, String)>,
}

struct Import<'a> {
    database: &'a Database,
    source: &'a dyn RunSource,
    plan: &'a ImportPlan,
}

impl Import<'_> {
    fn write(&self) -> Result<ImportedRun, ImportError> {
        let database = self.database;
        let (run, finished_at, told_count) = self.write_run()?;
        let told = self.told()?;
        let mut history = HistoryWriter::new(
            database,
            run,
            finished_at,
            &told.context,
            usize::try_from(told_count).unwrap_or(usize::MAX),
        )?;
        let (places, first_id) = self.write_records(run, &mut history)?;
        if i64::try_from(places.len()) != Ok(told_count) {
            return Err(unfit(&RUNS, &format!("it counts {told_count} records, and {} came", places.len())));
        }
        self.write_questions(&places, first_id)?;
        let unread = self.write_errors(run)?;
        self.copy(&ENRICHMENTS, OnConflict::Fail, &[("run_id", Some(run.0))])?;
        self.copy(&NOT_READ, OnConflict::Fail, &[("run_id", Some(run.0))])?;
        let proof = history.finish(&UnreadPaths::new(unread.iter().map(String::as_str)))?;
        // An archive tells the root also of a run that was never chained.
        let roots = told.proof.iter().map(|(root, _)| root).chain(&self.plan.identity.snapshot_root);
        for root in roots {
            if *root != proof.snapshot_root.to_string() {
                return Err(ImportError::OtherRoot { stored: root.clone(), recomputed: proof.snapshot_root });
            }
        }
        if let Some((_, run_hash)) = told.proof {
            let recomputed = proof.run_hash.to_string();
            if run_hash != recomputed {
                return Err(ImportError::OtherRun { stored: run_hash, recomputed });
            }
        }
        // The account may be here of a snapshot that was deleted; its events have no key by which they would stay once.
        let has_account = self.is_there(&RUNS_LEDGER)?;
        let snapshot = [("snapshot_id", Some(run.0))];
        self.copy(&RUNS_LEDGER, OnConflict::Do("UPDATE SET snapshot_id = excluded.snapshot_id"), &snapshot)?;
        self.copy(&LEDGER_DETAILS, OnConflict::DoNothing, &[])?;
        self.copy(&STAGE_RUNS, OnConflict::DoNothing, &[])?;
        if !has_account {
            self.copy(&TELEMETRY, OnConflict::Fail, &[])?;
        }
        self.copy(&INTENT_CACHE, OnConflict::DoNothing, &[])?;
        let identity = &self.plan.identity;
        let transfer = Transfer {
            direction: "import",
            peer: self.plan.peer.clone(),
            run_id: identity.run_id,
            run_key: Some(identity.run_key.clone()),
            local_run_id: Some(run),
            snapshot_root: Some(proof.snapshot_root.to_string()),
            outcome: TransferOutcome::Succeeded,
            at: self.plan.at,
        };
        log::write(database, &transfer)?;
        Ok(ImportedRun {
            run_id: run,
            record_count: places.len() as u64,
            snapshot_root: proof.snapshot_root,
            chain_head: proof.chain_head,
        })
    }

    /// The number that the run gets, when it ended, and how many records it says it has.
    fn write_run(&self) -> Result<(RunId, String, i64), ImportError> {
        let number = snapshot::next_number(self.database)?;
        let mut insert = Insert::new(self.database, &RUNS, OnConflict::Fail, &[])?;
        let mut told = None;
        self.source.rows(&RUNS, &mut |row| {
            let number = number.map_or(FieldValue::Null, FieldValue::Integer);
            if told.is_some() {
                return Err(unfit(&RUNS, "the run has two rows"));
            }
            told = Some((text(&RUNS, row, "finished_at")?.to_owned(), integer(&RUNS, row, "record_count")?));
            insert.execute(row, &[(0, number)])
        })?;
        let (finished_at, record_count) = told.ok_or_else(|| unfit(&RUNS, "the run has no row"))?;
        Ok((RunId(self.database.connection.last_insert_rowid()), finished_at, record_count))
    }

    fn told(&self) -> Result<Told, ImportError> {
        let identity = &self.plan.identity;
        let project = identity.project.clone().unwrap_or_else(|| self.plan.project.clone());
        let mut told = Told {
            context: HistoryContext { project, part: identity.part.clone(), actor: None, reasoning: None },
            proof: None,
        };
        self.source.rows(&SNAPSHOT_CHAIN, &mut |row| {
            let of = |name| text(&SNAPSHOT_CHAIN, row, name).map(str::to_owned);
            told.context.project = of("project")?;
            told.context.part = of("part")?;
            told.proof = Some((of("snapshot_root")?, of("run_hash")?));
            Ok(())
        })?;
        self.source.rows(&UNIT_HISTORY, &mut |row| {
            // The same in every row of a run.
            let of = |name| optional_text(&UNIT_HISTORY, row, name).map(|text| text.map(str::to_owned));
            (told.context.actor, told.context.reasoning) = (of("actor")?, of("reasoning")?);
            Ok(())
        })?;
        Ok(told)
    }

    /// Where each record was, and the number of the first here; those here follow each other.
    fn write_records(
        &self,
        run: RunId,
        history: &mut HistoryWriter<'_>,
    ) -> Result<(HashMap<i64, i64>, i64), ImportError> {
        let mut insert = Insert::new(self.database, &RECORDS, OnConflict::Fail, &[("run_id", Some(run.0))])?;
        let mut places = HashMap::new();
        let mut first_id = 0;
        let mut next_id = snapshot::next_record_id(self.database)?;
        self.source.rows(&RECORDS, &mut |row| {
            // Those behind the first follow by themselves.
            insert.execute(row, &[(0, next_id.take().map_or(FieldValue::Null, FieldValue::Integer))])?;
            let record_id = self.database.connection.last_insert_rowid();
            let place = i64::try_from(places.len()).unwrap_or(i64::MAX);
            if place == 0 {
                first_id = record_id;
            }
            let record = RecordRow::of(row)?;
            places.insert(record.id, place);
            let unnamed = Unnamed {
                kind: record.kind,
                file_path: record.file_path,
                signature: record.signature,
                lines: record.lines,
                hashes: RecordHashes::of(record.fields),
            };
            history.push(record_id, &unnamed)?;
            Ok(())
        })?;
        Ok((places, first_id))
    }

    fn write_questions(&self, places: &HashMap<i64, i64>, first_id: i64) -> Result<(), ImportError> {
        let mut insert = Insert::new(self.database, &RECORD_QUESTIONS, OnConflict::Fail, &[])?;
        self.source.rows(&RECORD_QUESTIONS, &mut |row| {
            let of = integer(&RECORD_QUESTIONS, row, "record_id")?;
            let place = places.get(&of).ok_or_else(|| unfit(&RECORD_QUESTIONS, "its record is none of the run"))?;
            insert.execute(row, &[(0, FieldValue::Integer(first_id.saturating_add(*place)))])
        })
    }

    /// The paths of which something is missing.
    fn write_errors(&self, run: RunId) -> Result<Vec<String>, ImportError> {
        let mut insert = Insert::new(self.database, &ANALYZER_ERRORS, OnConflict::Fail, &[("run_id", Some(run.0))])?;
        let mut unread = Vec::new();
        self.source.rows(&ANALYZER_ERRORS, &mut |row| {
            unread.push(text(&ANALYZER_ERRORS, row, "file_path")?.to_owned());
            insert.execute(row, &[])
        })?;
        Ok(unread)
    }

    fn copy(
        &self,
        table: &'static RunTable,
        on_conflict: OnConflict,
        more: &[(&str, Option<i64>)],
    ) -> Result<(), ImportError> {
        let mut insert = Insert::new(self.database, table, on_conflict, more)?;
        self.source.rows(table, &mut |row| insert.execute(row, &[]))
    }

    /// Whether a row of the source is here by its key, the first column.
    fn is_there(&self, table: &'static RunTable) -> Result<bool, ImportError> {
        let mut is_there = false;
        self.source.rows(table, &mut |row| {
            let key = row.first().copied().unwrap_or(FieldValue::Null);
            is_there |= has_row(self.database, table, key)?;
            Ok(())
        })?;
        Ok(is_there)
    }
}

/// What becomes of a row whose key, the first column, is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnConflict {
    Fail,
    /// The row that is there stays.
    DoNothing,
    Do(&'static str),
}

/// Whether a row has this key.
fn has_row(database: &Database, table: &RunTable, key: FieldValue<'_>) -> Result<bool, Error> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {} WHERE {} = ?1)", table.name, table.columns[0].name);
    let found = database
        .connection
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_row([Bound(key)], |row| row.get(0)));
    found.map_err(|cause| database.error(Step::ImportRow(table.name), cause))
}

/// The statement that writes rows of one table, with columns behind them that are the same in all.
struct Insert<'a> {
    database: &'a Database,
    table: &'static RunTable,
    statement: Statement<'a>,
    /// Behind the columns of the table.
    more: Vec<Option<i64>>,
    on_conflict: OnConflict,
}

impl<'a> Insert<'a> {
    fn new(
        database: &'a Database,
        table: &'static RunTable,
        on_conflict: OnConflict,
        more: &[(&str, Option<i64>)],
    ) -> Result<Self, Error> {
        let names = table.columns.iter().map(|column| column.name).chain(more.iter().map(|(name, _)| *name));
        let names: Vec<&str> = names.collect();
        let values = vec!["?"; names.len()].join(", ");
        // No `OR IGNORE`: that would rule over the statements of other programs' triggers as well.
        let ending = match on_conflict {
            OnConflict::Fail => String::new(),
            OnConflict::DoNothing => format!(" ON CONFLICT ({}) DO NOTHING", names[0]),
            OnConflict::Do(change) => format!(" ON CONFLICT ({}) DO {change}", names[0]),
        };
        let sql = format!("INSERT INTO {} ({}) VALUES ({values}){ending}", table.name, names.join(", "));
        let statement = database.connection.prepare(&sql);
        let statement = statement.map_err(|cause| database.error(Step::PrepareInsert(table.name), cause))?;
        let more = more.iter().map(|(_, value)| *value).collect();
        Ok(Self { database, table, statement, more, on_conflict })
    }

    /// Writes one row; `others` are values that take the place of those in the row.
    fn execute(&mut self, row: &[FieldValue<'_>], others: &[(usize, FieldValue<'_>)]) -> Result<(), ImportError> {
        if row.len() != self.table.columns.len() {
            return Err(unfit(self.table, "it has another number of columns"));
        }
        let value =
            |place: usize| others.iter().find(|(other, _)| *other == place).map_or(row[place], |(_, value)| *value);
        let own = (0..row.len()).map(|place| Bound(value(place)));
        let more = self.more.iter().map(|value| Bound(value.map_or(FieldValue::Null, FieldValue::Integer)));
        let outcome = self.statement.execute(params_from_iter(own.chain(more)));
        let step = || Step::ImportRow(self.table.name);
        match outcome {
            // A trigger may have refused the row without a word; then none of its key is there.
            Ok(0) if self.on_conflict == OnConflict::DoNothing && has_row(self.database, self.table, value(0))? => {
                Ok(())
            }
            outcome => Ok(self.database.check_one_row(outcome, step)?),
        }
    }
}

/// A value on its way into a statement.
struct Bound<'a>(FieldValue<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            FieldValue::Null => ValueRef::Null,
            FieldValue::Integer(number) => ValueRef::Integer(number),
            FieldValue::Real(number) => ValueRef::Real(number),
            FieldValue::Text(bytes) => ValueRef::Text(bytes),
            FieldValue::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
