//! Writes one snapshot with everything that belongs to it, in one transaction.

use std::{
    sync::mpsc,
    thread::{self, Scope},
    time::Duration,
};

use cds_model::{
    FieldValue, HistoryContext, Intent, NameOf, Record, RecordHashes, RunSnapshot, UnreadPaths, record_fields,
};

use super::{
    accounts,
    compact::{Base, CompactWriter, FileWriter, NewRecord, row_key},
    database::Database,
    history::{self, HistoryWriter, Named, Preparation, Unnamed},
    inspection, schema,
};
use crate::{
    Error, Layout, RunId, SavedRun, Step,
    table::{
        self, analyzer_errors, enrichments, not_read, record_hashes, record_questions, records, runs, runs_ledger,
        select, snapshot_chain, source_files,
    },
};

/// The number of files whose records are hashed and named ahead of writing.
const FILES_AHEAD: usize = 8;

/// A command that is refused the writer lock writes an account of that, which takes a few milliseconds. A snapshot
/// waits for it even with a timeout of zero.
const ACCOUNT_LIMIT: Duration = Duration::from_millis(500);

/// Writes `snapshot` completely; an error, or `may_commit` returning false, rolls everything back.
pub(super) fn write(
    database: &Database,
    snapshot: &RunSnapshot,
    may_commit: &dyn Fn() -> bool,
) -> Result<SavedRun, Error> {
    let transaction = database.begin_within(&Step::Begin, ACCOUNT_LIMIT)?;
    // Another process may have changed the schema since the database was opened. The check costs as much as a small
    // snapshot.
    let is_fit = database.fit_schema.get() == Some(schema::version(database)?);
    if !is_fit {
        inspection::inspect(database)?;
    }
    let doubt = history::doubt(&database.connection).map_err(|cause| database.error(Step::ReadUnits, cause))?;
    if !is_fit {
        schema::create_missing(database)?;
        schema::number_schema(database)?;
    }
    let run_id = write_run(database, snapshot)?;
    let history = write_records(database, run_id, snapshot)?;
    write_analyzer_errors(database, run_id, snapshot)?;
    write_not_read(database, run_id, snapshot)?;
    write_source_files(database, run_id, snapshot)?;
    write_enrichment(database, run_id, snapshot)?;
    let unread = UnreadPaths::new(snapshot.errors.iter().map(|error| error.file_path.as_str()));
    let proof = history.map(|history| history.finish(&unread)).transpose()?;
    let mut warnings = accounts::finish_with_snapshot(database, run_id, snapshot, proof.as_ref())?;
    warnings.extend(doubt.map(|what| Error::Doubtful { path: database.path(), what }));
    database.check_is_in_place()?;
    if !may_commit() {
        return Err(Error::Withdrawn { path: database.path() });
    }
    let schema = schema::version(database)?;
    database.commit(&transaction)?;
    database.fit_schema.set(Some(schema));
    Ok(SavedRun {
        run_id,
        record_count: snapshot.records.len(),
        intent_failed_count: snapshot.intent_failed_count(),
        analyzer_error_count: snapshot.errors.len(),
        status: snapshot.status(),
        proof,
        warnings,
    })
}

fn write_run(database: &Database, snapshot: &RunSnapshot) -> Result<RunId, Error> {
    let number = next_number(database)?;
    let outcome = runs::insert(&mut database.prepare_insert(&runs::TABLE)?, number, snapshot);
    database.check_one_row(outcome, || Step::InsertRun)?;
    Ok(RunId(database.connection.last_insert_rowid()))
}

/// One more than any snapshot number ever used, including those that only the ledger or the chain remembers; `None` if
/// the number range is exhausted.
pub(super) fn next_number(database: &Database) -> Result<Option<i64>, Error> {
    let last = |connection| {
        let chained = snapshot_chain::run_bounds(connection)?.map(|(_, last)| last.0);
        Ok(runs::last(connection)?.max(runs_ledger::last_snapshot(connection)?).max(chained))
    };
    let last = last(&database.connection).map_err(|cause| database.error(Step::NumberRun, cause))?;
    Ok(last.unwrap_or_default().checked_add(1))
}

/// The id of the first record of a snapshot; `SQLite` numbers the others.
///
/// It is one more than any record id, including those of removed records with remaining hashes: `SQLite` alone would
/// assign their ids again. `None` if the number range is exhausted.
pub(super) fn next_record_id(database: &Database) -> Result<Option<i64>, Error> {
    let last = |connection| Ok(records::last(connection)?.max(record_hashes::last(connection)?).unwrap_or_default());
    let last = last(&database.connection).map_err(|cause| database.error(Step::NumberRecords, cause))?;
    Ok(last.checked_add(1))
}

fn begin_history<'a>(
    database: &'a Database,
    run: RunId,
    snapshot: &RunSnapshot,
    context: &'a HistoryContext,
) -> Result<HistoryWriter<'a>, Error> {
    let at = context.changed_at.unwrap_or(snapshot.finished_at).to_string();
    HistoryWriter::new(database, run, at, context, snapshot.records.len())
}

/// Writes the records, and their hashes and history if requested.
fn write_records<'a>(
    database: &'a Database,
    run: RunId,
    snapshot: &'a RunSnapshot,
) -> Result<Option<HistoryWriter<'a>>, Error> {
    if layout(database)? == Layout::Compact {
        return write_shared_records(database, run, snapshot);
    }
    let begin = |context| begin_history(database, run, snapshot, context);
    let mut history = snapshot.history.as_ref().map(begin).transpose()?;
    let mut next_id = next_record_id(database)?;
    let mut insert_record = database.prepare_insert(&records::TABLE)?;
    let mut insert_question = database.prepare_insert(&record_questions::TABLE)?;
    let name_of = database.options().name_of;
    thread::scope(|scope| {
        let mut named =
            history.as_ref().map(|history| name_ahead(scope, &snapshot.records, name_of, history.preparation()));
        for (index, record) in snapshot.records.iter().enumerate() {
            let outcome = records::insert(&mut insert_record, next_id.take(), run, record);
            database.check_one_row(outcome, || Step::record(index, record))?;
            let record_id = database.connection.last_insert_rowid();
            // The naming thread ends early only if it panicked; then the scope panics too.
            if let Some(history) = &mut history
                && let Some(named) = named.as_mut().and_then(Iterator::next)
            {
                history.push_named(record_id, named)?;
            }
            let outcome = match (&record.question, &record.intent) {
                (Some(question), _) => record_questions::insert(&mut insert_question, record_id, question),
                (None, Intent::Derived(_)) => record_questions::insert_derived(&mut insert_question, record_id),
                (None, _) => continue,
            };
            database.check_one_row(outcome, || Step::question(index, record))?;
        }
        Ok(history)
    })
}

/// The same in the compact layout.
fn write_shared_records<'a>(
    database: &'a Database,
    run: RunId,
    snapshot: &'a RunSnapshot,
) -> Result<Option<HistoryWriter<'a>>, Error> {
    let context = snapshot.history.as_ref();
    let reading = |cause| database.error(Step::ReadRecords, cause);
    let earlier = earlier_run(database, run, context, &snapshot.settings.root_path).map_err(reading)?;
    let base = Base::load(&database.connection, earlier).map_err(reading)?;
    let begin = |context| begin_history(database, run, snapshot, context);
    let mut history = context.map(begin).transpose()?;
    let mut writer = CompactWriter::new(database, run, base)?;
    let mut next_id = next_record_id(database)?.ok_or_else(|| Error::NoMoreIds { path: database.path() })?;
    let name_of = database.options().name_of;
    thread::scope(|scope| {
        let mut named =
            history.as_ref().map(|history| name_ahead(scope, &snapshot.records, name_of, history.preparation()));
        for records in files(&snapshot.records) {
            let of_file: Vec<Named<'a>> = named.iter_mut().flatten().take(records.len()).collect();
            write_shared_file(&mut writer, next_id, records, &of_file)?;
            for named in of_file {
                if let Some(history) = &mut history {
                    history.push_named(next_id, named)?;
                }
                next_id = next_id.saturating_add(1);
            }
            if history.is_none() {
                next_id = next_id.saturating_add(i64::try_from(records.len()).unwrap_or(i64::MAX));
            }
        }
        writer.finish()?;
        Ok(history)
    })
}

fn write_shared_file(
    writer: &mut CompactWriter<'_>,
    first_id: i64,
    records: &[Record],
    named: &[Named<'_>],
) -> Result<(), Error> {
    let sums: Vec<String> = records.iter().map(|record| record.md5sum.to_string()).collect();
    let questions: Vec<Option<String>> =
        records.iter().map(|record| record.question.as_ref().map(|question| question.key.to_string())).collect();
    let asked: Vec<FieldValue<'_>> = questions
        .iter()
        .zip(records)
        .map(|(question, record)| match (question, &record.intent) {
            (Some(question), _) => question.as_str().into(),
            (None, Intent::Derived(_)) => record_questions::DERIVED.into(),
            (None, _) => FieldValue::Null,
        })
        .collect();
    let mut rows = Vec::with_capacity(records.len());
    for (index, record) in records.iter().enumerate() {
        let question = asked[index];
        let is_cut = match question {
            FieldValue::Null => FieldValue::Null,
            _ => FieldValue::Integer(record.question.as_ref().is_some_and(|question| question.is_cut).into()),
        };
        let hashes = named.get(index).map(|named| &named.hashes);
        let stored = hashes.map_or([FieldValue::Null; 2], |hashes| {
            [FieldValue::Blob(&hashes.content.0), FieldValue::Blob(&hashes.field_sums)]
        });
        rows.push(NewRecord {
            fields: record_fields(record, &sums[index]),
            question: [question, is_cut],
            hashes: stored,
            key: hashes.map(|_| row_key([stored[0], stored[1], question, is_cut])),
        });
    }
    writer.write_file(first_id, &rows)
}

/// The run whose files a new one most likely has too: the last one of its project and part, or of its tree.
pub(super) fn earlier_run(
    database: &Database,
    run: RunId,
    context: Option<&HistoryContext>,
    root_path: &str,
) -> rusqlite::Result<Option<RunId>> {
    let connection = &database.connection;
    let of_project = |context: &HistoryContext| select::states::latest(connection, &context.project, &context.part);
    match context.map(of_project).transpose()?.flatten() {
        Some(earlier) => Ok(Some(earlier)),
        None => runs::last_of_tree(connection, root_path, run),
    }
}

/// The records of each file.
fn files(records: &[Record]) -> impl Iterator<Item = &[Record]> {
    records.chunk_by(|one, next| one.file_path == next.file_path)
}

/// Hashes and names records in a second thread, ahead of writing.
fn name_ahead<'scope, 'a: 'scope>(
    scope: &'scope Scope<'scope, '_>,
    records: &'a [Record],
    name_of: NameOf,
    preparation: Preparation,
) -> Box<dyn Iterator<Item = Named<'a>> + 'scope> {
    let files = move || files(records).map(move |file| name_file(file, name_of, preparation));
    let (sender, receiver) = mpsc::sync_channel(FILES_AHEAD);
    // If writing fails, the receiver is dropped, and the rest is not needed.
    let work = move || drop(files().try_for_each(|file| sender.send(file)));
    match thread::Builder::new().name("hashes".to_owned()).spawn_scoped(scope, work) {
        Ok(_) => Box::new(receiver.into_iter().flatten()),
        Err(_) => Box::new(files().flatten()),
    }
}

fn name_file(records: &[Record], name_of: NameOf, preparation: Preparation) -> Vec<Named<'_>> {
    let unnamed = records.iter().map(|record| Unnamed {
        kind: record.kind.as_str(),
        file_path: &record.file_path,
        signature: record.signature.as_deref(),
        lines: (record.start_line, record.end_line),
        hashes: RecordHashes::of(&record_fields(record, &record.md5sum.to_string())),
    });
    Named::of_file(&unnamed.collect::<Vec<_>>(), name_of, preparation)
}

fn write_analyzer_errors(database: &Database, run: RunId, snapshot: &RunSnapshot) -> Result<(), Error> {
    let mut statement = database.prepare_insert(&analyzer_errors::TABLE)?;
    for (index, error) in snapshot.errors.iter().enumerate() {
        let outcome = analyzer_errors::insert(&mut statement, run, error);
        database.check_one_row(outcome, || Step::analyzer_error(index, error))?;
    }
    Ok(())
}

fn write_not_read(database: &Database, run: RunId, snapshot: &RunSnapshot) -> Result<(), Error> {
    let mut statement = database.prepare_insert(&not_read::TABLE)?;
    for row in &snapshot.not_read {
        database.check_one_row(not_read::insert(&mut statement, run, row), || Step::InsertNotRead)?;
    }
    Ok(())
}

fn write_source_files(database: &Database, run: RunId, snapshot: &RunSnapshot) -> Result<(), Error> {
    if layout(database)? == Layout::Compact {
        let mut writer = FileWriter::new(database)?;
        for file in &snapshot.source_files {
            writer.push([
                (&*file.file_path).into(),
                (&file.source_hash).into(),
                (&*file.language).into(),
                (&*file.analyzer).into(),
                file.record_count.into(),
            ])?;
        }
        return writer.end_run(run);
    }
    let mut statement = database.prepare_insert(&source_files::TABLE)?;
    for (index, file) in snapshot.source_files.iter().enumerate() {
        let outcome = source_files::insert(&mut statement, run, file);
        database.check_one_row(outcome, || Step::source_file(index, file))?;
    }
    Ok(())
}

fn layout(database: &Database) -> Result<Layout, Error> {
    table::layout(&database.connection).map_err(|cause| database.error(Step::ReadSchema, cause))
}

fn write_enrichment(database: &Database, run: RunId, snapshot: &RunSnapshot) -> Result<(), Error> {
    let Some(account) = &snapshot.enrichment else { return Ok(()) };
    let outcome = enrichments::insert(&mut database.prepare_insert(&enrichments::TABLE)?, run, account);
    database.check_one_row(outcome, || Step::InsertEnrichment)
}
