//! Reads a snapshot as the input of a search.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    panic::resume_unwind,
    sync::Arc,
    thread,
};

use cds_duplication::{Definition, Settings};
use cds_language::{Language, is_generated, is_generated_name};
use cds_model::{Md5Sum, Record, SymbolKind};
use cds_persistence::{Access, CodeRow, RunId, SqliteReader, TextQuery, Texts};

use super::RunFacts;
use crate::{Error, Source, Subject, Warning};

/// Code that is longer than another by more than this factor is never similar to it.
const LENGTH_FACTOR: usize = 3;
/// Shorter functions have no run of six lines and 25 tokens, in bytes.
const LEAST_WITH_RUN: usize = 40;
/// Characters of a file that are looked at to see whether it is generated, as the statements read them.
const HEAD_LENGTH: usize = 8192;
/// How many threads read at once at most.
const MOST_READERS: usize = 8;

/// The snapshot that `name` means.
pub fn find_run(reader: &SqliteReader, name: &str) -> Result<(RunId, RunFacts), Error> {
    let found = reader.resolve_snapshot(name)?;
    let ledger = found.invocation.ledger.as_ref();
    let facts = RunFacts {
        subject: Subject::Run(found.row.id),
        path_prefix: String::new(),
        started_at: found.row.started_at,
        root_path: found.row.root_path,
        project: ledger.map(|row| row.subject.clone()),
        code_ref: ledger.and_then(|row| row.code_ref.clone()),
    };
    Ok((found.row.id, facts))
}

/// The records of a tree that is not stored; ids count from 1 in their order.
pub fn of_records(records: &[Record]) -> Vec<Definition> {
    let language = |record: &Record| Language::of_record(&record.file_path);
    let mut definitions: Vec<Definition> = records
        .iter()
        .zip(1..)
        .map(|(record, record_id)| Definition {
            record_id,
            kind: record.kind,
            file_path: Arc::clone(&record.file_path),
            signature: record.signature.as_deref().map(Arc::from),
            start_line: record.start_line,
            end_line: record.end_line,
            normalized_code: Arc::clone(&record.normalized_code),
            md5sum: record.md5sum,
            is_generated: is_generated_name(&record.file_path)
                || (record.kind == SymbolKind::File
                    && is_generated(language(record), head_of(record.raw_code.as_str()))),
            intent_is_derived: false,
            intent: None,
        })
        .collect();
    mark_generated(&mut definitions);
    definitions
}

/// As much of a file as is read of a stored one to see whether it is generated.
fn head_of(code: &str) -> &str {
    code.char_indices().nth(HEAD_LENGTH).map_or(code, |(end, _)| &code[..end])
}

/// Every record of a snapshot; the code only of those that are compared, since the search reads no others.
///
/// Records of kinds that are not known here are left out with a warning.
pub fn definitions(
    source: &Source<'_>,
    run: RunId,
    settings: &Settings,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Definition>, Error> {
    let mut definitions = Vec::new();
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    let nothing: Arc<str> = Arc::from("");
    let visit = &mut |row: CodeRow| match row.kind.parse() {
        Ok(kind) => {
            let mut definition = definition(source, kind, row);
            let is_outside = settings.outside && matches!(kind, SymbolKind::File | SymbolKind::Class);
            if !settings.kinds.contains(&kind) && !is_outside {
                definition.normalized_code = Arc::clone(&nothing);
            }
            definitions.push(definition);
        }
        Err(()) => *unknown.entry(row.kind).or_default() += 1,
    };
    source.reader.code_rows(run, visit)?;
    mark_generated(&mut definitions);
    if let Some((kind, _)) = unknown.first_key_value() {
        warnings.push(Warning::UnknownKinds { count: unknown.values().sum(), example: kind.clone() });
    }
    if u32::try_from(definitions.len()).is_err() {
        return Err(Error::TooManyRecords { run });
    }
    Ok(definitions)
}

/// Every record of a generated file is generated; only the file itself has the mark.
fn mark_generated(definitions: &mut [Definition]) {
    let files = definitions.iter().filter(|definition| definition.is_generated);
    let files: HashSet<Arc<str>> = files.map(|definition| Arc::clone(&definition.file_path)).collect();
    if !files.is_empty() {
        for definition in definitions {
            definition.is_generated = files.contains(&definition.file_path);
        }
    }
}

/// The ids and the normalized code of the records whose code is at most three times longer or shorter than `code`;
/// [`cds_duplication::similar_codes`] looks at no others. Whole files only if they are wanted, and all functions that may
/// have a run of lines in common with it. All are in `language`: tokens of another one mean something else.
///
/// Reading takes as long as comparing, so each core reads a part.
pub fn texts_like(
    source: &Source<'_>,
    run: RunId,
    with_files: bool,
    language: &'static Language,
    code: &str,
) -> Result<Vec<Texts>, Error> {
    let reader = source.reader;
    let is_wanted = |path: &str| Language::of_record(path) == language;
    let Some((first, last)) = reader.record_bounds(run)? else { return Ok(Vec::new()) };
    let lengths = code.len() / LENGTH_FACTOR..=code.len().saturating_mul(LENGTH_FACTOR);
    let part = |ids| TextQuery { run, ids, lengths: lengths.clone(), functions_from: Some(LEAST_WITH_RUN), with_files };
    // A file that has to be copied first is copied once.
    let cores =
        if reader.access() == Access::Copy { 1 } else { thread::available_parallelism().map_or(1, usize::from) };
    let size = last.abs_diff(first) / (cores.clamp(1, MOST_READERS) as u64) + 1;
    let starts = (first..=last).step_by(usize::try_from(size).unwrap_or(usize::MAX));
    let mut parts = starts.map(|start| part(start..=start.saturating_add_unsigned(size - 1).min(last)));
    let own = parts.next();
    let parts: Vec<_> = thread::scope(|scope| {
        let read =
            |part: TextQuery| SqliteReader::open(source.path, source.options)?.normalized_code(&part, &is_wanted);
        let start = |part: TextQuery| {
            let again = part.clone();
            // A part for which there is no thread is read here.
            thread::Builder::new().spawn_scoped(scope, move || read(part)).map_err(|_| again)
        };
        let others: Vec<_> = parts.map(start).collect();
        let own = own.map(|part| reader.normalized_code(&part, &is_wanted));
        let others = others.into_iter().map(|other| match other {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(part) => reader.normalized_code(&part, &is_wanted),
        });
        own.into_iter().chain(others).collect()
    });
    parts.into_iter().map(|part| part.map_err(Error::Database)).collect()
}

/// The records with these ids as far as they are there.
pub fn definitions_by_id(source: &Source<'_>, run: RunId, ids: &[i64]) -> Result<HashMap<i64, Definition>, Error> {
    let rows = source.reader.code_rows_by_id(run, ids)?;
    let known =
        rows.into_iter().filter_map(|row| row.kind.parse().ok().map(|kind| (row.id, definition(source, kind, row))));
    Ok(known.collect())
}

fn definition(source: &Source<'_>, kind: SymbolKind, row: CodeRow) -> Definition {
    // Another program may write its fingerprints in another form.
    let md5sum = row.md5sum.parse().unwrap_or_else(|()| Md5Sum(md5::compute(row.normalized_code.as_bytes()).0));
    let language = Language::of_record(&row.file_path);
    let has_generated_name = is_generated_name(&row.file_path);
    Definition {
        record_id: row.id,
        kind,
        file_path: row.file_path,
        signature: row.signature,
        start_line: row.start_line,
        end_line: row.end_line,
        normalized_code: row.normalized_code,
        md5sum,
        is_generated: has_generated_name || row.head.is_some_and(|head| is_generated(language, &head)),
        intent_is_derived: row
            .intent
            .as_deref()
            .is_some_and(|intent| (source.is_derived)(intent, row.has_builtin_model)),
        intent: row.intent,
    }
}
