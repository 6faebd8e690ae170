//! Writes a run from another database or an archive, in one transaction.

use std::collections::HashMap;

use cds_model::{FieldValue, HistoryContext, RecordHashes, UnreadPaths};
use rusqlite::{Statement, params_from_iter};

use super::{
    super::{
        SqlitePersistence,
        compact::{Base, CompactWriter, FileBuffer, FileWriter, Owned, Waiting},
        database::Database,
        history::{HistoryWriter, Unnamed},
        inspection, journal, schema, snapshot,
    },
    log,
    row::{RecordRow, integer, optional_text, text, unfit},
};
use crate::{
    Error, ImportError, ImportPlan, ImportedRun, Layout, RunId, RunSource, RunTable, Step, Transfer, TransferOutcome,
    table::{
        self,
        bound::Bound,
        run_tables::{
            ANALYZER_ERRORS, ENRICHMENTS, INTENT_CACHE, LEDGER_DETAILS, NOT_READ, RECORD_QUESTIONS, RECORDS, RUNS,
            RUNS_LEDGER, SNAPSHOT_CHAIN, SOURCE_FILES, STAGE_RUNS, TELEMETRY, UNIT_HISTORY,
        },
    },
};

impl SqlitePersistence {
    /// Imports one run and logs the transfer.
    ///
    /// The run gets a new number, and continues the history of its project in this database. Call
    /// [`presence_of`](Self::presence_of) first to find out whether it is here already. `may_commit` is called right
    /// before the commit.
    ///
    /// # Errors
    ///
    /// If nothing of the run was written, not even a log row.
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
        // If a reader blocks this, the log is merged another time; nothing is lost.
        drop(journal::checkpoint(database, self.journal));
        Ok(imported)
    }
}

/// What the source records about a run in its chain and history.
struct SourceHistory {
    context: HistoryContext,
    /// When its changes were made, where that was not the end of the run.
    changed_at: Option<String>,
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
        let (run, finished_at, expected_count) = self.write_run()?;
        let recorded = self.read_history()?;
        let mut history = HistoryWriter::new(
            database,
            run,
            recorded.changed_at.clone().unwrap_or(finished_at),
            &recorded.context,
            usize::try_from(expected_count).unwrap_or(usize::MAX),
        )?;
        let (positions, first_id) = match self.layout()? {
            Layout::Plain => self.write_records(run, &mut history)?,
            Layout::Compact => self.write_shared_records(run, &recorded.context, &mut history)?,
        };
        if i64::try_from(positions.len()) != Ok(expected_count) {
            return Err(unfit(
                &RUNS,
                &format!("it should have {expected_count} records, and {} were read", positions.len()),
            ));
        }
        if self.layout()? == Layout::Plain {
            self.write_questions(&positions, first_id)?;
        }
        let unread = self.write_errors(run)?;
        self.copy(&ENRICHMENTS, OnConflict::Fail, &[("run_id", Some(run.0))])?;
        self.copy(&NOT_READ, OnConflict::Fail, &[("run_id", Some(run.0))])?;
        self.write_files(run)?;
        let proof = history.finish(&UnreadPaths::new(unread.iter().map(String::as_str)))?;
        // An archive also has the root of a run that was never chained.
        let roots = recorded.proof.iter().map(|(root, _)| root).chain(&self.plan.identity.snapshot_root);
        for root in roots {
            if *root != proof.snapshot_root.to_string() {
                return Err(ImportError::OtherRoot { stored: root.clone(), recomputed: proof.snapshot_root });
            }
        }
        if let Some((_, run_hash)) = recorded.proof {
            let recomputed = proof.run_hash.to_string();
            if run_hash != recomputed {
                return Err(ImportError::OtherRun { stored: run_hash, recomputed });
            }
        }
        // If a snapshot was deleted by hand, its account is still here. Telemetry has no key, so it would be duplicated.
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
            record_count: positions.len() as u64,
            snapshot_root: proof.snapshot_root,
            chain_head: proof.chain_head,
        })
    }

    fn layout(&self) -> Result<Layout, ImportError> {
        let error = |cause| self.database.error(Step::ReadSchema, cause);
        Ok(table::layout(&self.database.connection).map_err(error)?)
    }

    /// The new number of the run, its end, and the number of records in its row.
    fn write_run(&self) -> Result<(RunId, String, i64), ImportError> {
        let number = snapshot::next_number(self.database)?;
        let mut insert = Insert::new(self.database, &RUNS, OnConflict::Fail, &[])?;
        let mut recorded = None;
        self.source.rows(&RUNS, &mut |row| {
            let number = number.map_or(FieldValue::Null, FieldValue::Integer);
            if recorded.is_some() {
                return Err(unfit(&RUNS, "the run has two rows"));
            }
            recorded = Some((text(&RUNS, row, "finished_at")?.to_owned(), integer(&RUNS, row, "record_count")?));
            insert.execute(row, &[(0, number)])
        })?;
        let (finished_at, record_count) = recorded.ok_or_else(|| unfit(&RUNS, "the run has no row"))?;
        Ok((RunId(self.database.connection.last_insert_rowid()), finished_at, record_count))
    }

    fn read_history(&self) -> Result<SourceHistory, ImportError> {
        let identity = &self.plan.identity;
        let project = identity.project.clone().unwrap_or_else(|| self.plan.project.clone());
        let mut recorded = SourceHistory {
            context: HistoryContext {
                project,
                part: identity.part.clone(),
                actor: None,
                reasoning: None,
                changed_at: None,
            },
            changed_at: None,
            proof: None,
        };
        self.source.rows(&SNAPSHOT_CHAIN, &mut |row| {
            let of = |name| text(&SNAPSHOT_CHAIN, row, name).map(str::to_owned);
            recorded.context.project = of("project")?;
            recorded.context.part = of("part")?;
            recorded.changed_at = Some(of("recorded_at")?);
            recorded.proof = Some((of("snapshot_root")?, of("run_hash")?));
            Ok(())
        })?;
        self.source.rows(&UNIT_HISTORY, &mut |row| {
            // These values are the same in every row of a run.
            let of = |name| optional_text(&UNIT_HISTORY, row, name).map(|text| text.map(str::to_owned));
            (recorded.context.actor, recorded.context.reasoning) = (of("actor")?, of("reasoning")?);
            Ok(())
        })?;
        Ok(recorded)
    }

    /// Writes the records; returns the position of each source id, and the first new id, since new ids are consecutive.
    fn write_records(
        &self,
        run: RunId,
        history: &mut HistoryWriter<'_>,
    ) -> Result<(HashMap<i64, i64>, i64), ImportError> {
        let mut insert = Insert::new(self.database, &RECORDS, OnConflict::Fail, &[("run_id", Some(run.0))])?;
        let mut positions = HashMap::new();
        let mut first_id = 0;
        let mut next_id = snapshot::next_record_id(self.database)?;
        self.source.rows(&RECORDS, &mut |row| {
            // Only the first id is given; SQLite assigns the following ones in sequence.
            insert.execute(row, &[(0, next_id.take().map_or(FieldValue::Null, FieldValue::Integer))])?;
            let record_id = self.database.connection.last_insert_rowid();
            let position = i64::try_from(positions.len()).unwrap_or(i64::MAX);
            if position == 0 {
                first_id = record_id;
            }
            let record = RecordRow::of(row)?;
            positions.insert(record.id, position);
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
        Ok((positions, first_id))
    }

    /// The same in the compact layout, together with the questions.
    fn write_shared_records(
        &self,
        run: RunId,
        context: &HistoryContext,
        history: &mut HistoryWriter<'_>,
    ) -> Result<(HashMap<i64, i64>, i64), ImportError> {
        let database = self.database;
        let mut questions = self.read_questions()?;
        let mut root_path = String::new();
        self.source
            .rows(&RUNS, &mut |row| text(&RUNS, row, "root_path").map(|path| path.clone_into(&mut root_path)))?;
        let reading = |cause| database.error(Step::ReadRecords, cause);
        let earlier = snapshot::earlier_run(database, run, Some(context), &root_path).map_err(reading)?;
        let base = Base::load(&database.connection, earlier).map_err(reading)?;
        let mut buffer = FileBuffer::new(CompactWriter::new(database, run, base)?);
        let mut positions = HashMap::new();
        let first_id = snapshot::next_record_id(database)?.ok_or_else(|| Error::NoMoreIds { path: database.path() })?;
        let mut record_id = first_id;
        self.source.rows(&RECORDS, &mut |row| {
            let record = RecordRow::of(row)?;
            positions.insert(record.id, i64::try_from(positions.len()).unwrap_or(i64::MAX));
            let hashes = RecordHashes::of(record.fields);
            let unnamed = Unnamed {
                kind: record.kind,
                file_path: record.file_path,
                signature: record.signature,
                lines: record.lines,
                hashes,
            };
            history.push(record_id, &unnamed)?;
            buffer.push(Waiting {
                record_id,
                fields: record.fields.map(Owned::from),
                question: questions.remove(&record.id).unwrap_or([Owned::Null, Owned::Null]),
                hashes: [
                    FieldValue::from(hashes.content.to_string().as_str()).into(),
                    FieldValue::Blob(&hashes.field_sums).into(),
                ],
                actual: None,
            })?;
            record_id = record_id.saturating_add(1);
            Ok(())
        })?;
        buffer.finish()?;
        if questions.is_empty() {
            Ok((positions, first_id))
        } else {
            Err(unfit(&RECORD_QUESTIONS, "its record is not part of the run"))
        }
    }

    /// The questions of the run by record.
    fn read_questions(&self) -> Result<HashMap<i64, [Owned; 2]>, ImportError> {
        let mut questions = HashMap::new();
        self.source.rows(&RECORD_QUESTIONS, &mut |row| {
            let of = integer(&RECORD_QUESTIONS, row, "record_id")?;
            let [_, question, is_cut] = row else {
                return Err(unfit(&RECORD_QUESTIONS, "it has another number of columns"));
            };
            questions.insert(of, [Owned::from(*question), Owned::from(*is_cut)]);
            Ok(())
        })?;
        Ok(questions)
    }

    fn write_questions(&self, positions: &HashMap<i64, i64>, first_id: i64) -> Result<(), ImportError> {
        let mut insert = Insert::new(self.database, &RECORD_QUESTIONS, OnConflict::Fail, &[])?;
        self.source.rows(&RECORD_QUESTIONS, &mut |row| {
            let of = integer(&RECORD_QUESTIONS, row, "record_id")?;
            let position =
                positions.get(&of).ok_or_else(|| unfit(&RECORD_QUESTIONS, "its record is not part of the run"))?;
            insert.execute(row, &[(0, FieldValue::Integer(first_id.saturating_add(*position)))])
        })
    }

    /// Writes the analyzer errors; returns their paths.
    fn write_errors(&self, run: RunId) -> Result<Vec<String>, ImportError> {
        let mut insert = Insert::new(self.database, &ANALYZER_ERRORS, OnConflict::Fail, &[("run_id", Some(run.0))])?;
        let mut unread = Vec::new();
        self.source.rows(&ANALYZER_ERRORS, &mut |row| {
            unread.push(text(&ANALYZER_ERRORS, row, "file_path")?.to_owned());
            insert.execute(row, &[])
        })?;
        Ok(unread)
    }

    fn write_files(&self, run: RunId) -> Result<(), ImportError> {
        if self.layout()? == Layout::Plain {
            return self.copy(&SOURCE_FILES, OnConflict::Fail, &[("run_id", Some(run.0))]);
        }
        let mut writer = FileWriter::new(self.database)?;
        self.source.rows(&SOURCE_FILES, &mut |row| {
            let fields = row.try_into().map_err(|_| unfit(&SOURCE_FILES, "it has another number of columns"))?;
            Ok(writer.push(fields)?)
        })?;
        Ok(writer.end_run(run)?)
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

    /// Whether the database has a row of the source, by its key in the first column.
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

/// What to do with a row whose key, in the first column, exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnConflict {
    Fail,
    /// The existing row stays.
    DoNothing,
    Do(&'static str),
}

/// Whether the table has a row with this key.
fn has_row(database: &Database, table: &RunTable, key: FieldValue<'_>) -> Result<bool, Error> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {} WHERE {} = ?1)", table.name, table.columns[0].name);
    let found = database
        .connection
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_row([Bound(key)], |row| row.get(0)));
    found.map_err(|cause| database.error(Step::ImportRow(table.name), cause))
}

/// An insert statement for one table, with additional columns that have the same value in all rows.
struct Insert<'a> {
    database: &'a Database,
    table: &'static RunTable,
    statement: Statement<'a>,
    /// The values of the additional columns.
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
        // No `OR IGNORE`: it would also apply to the statements of other programs' triggers.
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

    /// Inserts one row; `others` replace values of the row.
    fn execute(&mut self, row: &[FieldValue<'_>], others: &[(usize, FieldValue<'_>)]) -> Result<(), ImportError> {
        if row.len() != self.table.columns.len() {
            return Err(unfit(self.table, "it has another number of columns"));
        }
        let value = |position: usize| {
            others.iter().find(|(other, _)| *other == position).map_or(row[position], |(_, value)| *value)
        };
        let own = (0..row.len()).map(|position| Bound(value(position)));
        let more = self.more.iter().map(|value| Bound(value.map_or(FieldValue::Null, FieldValue::Integer)));
        let outcome = self.statement.execute(params_from_iter(own.chain(more)));
        let step = || Step::ImportRow(self.table.name);
        match outcome {
            // If a trigger silently refused the row, no row with its key exists.
            Ok(0) if self.on_conflict == OnConflict::DoNothing && has_row(self.database, self.table, value(0))? => {
                Ok(())
            }
            outcome => Ok(self.database.check_one_row(outcome, step)?),
        }
    }
}
