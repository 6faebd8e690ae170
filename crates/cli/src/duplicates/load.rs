//! A snapshot as the search reads it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    panic::resume_unwind,
    path::Path,
    sync::Arc,
    thread,
};

use anyhow::{Context as _, anyhow};
use cds_duplication::{Definition, Settings, is_generated};
use cds_llm_client::EmbeddedClient;
use cds_model::{Md5Sum, SymbolKind};
use cds_persistence::{Access, CodeRow, FoundRun, Invocation, RunId, SqliteReader, TextQuery, Texts};

use super::RunFacts;
use crate::{
    absence::{self, LIST_HINT},
    arguments::DatabasePlan,
    failure::{Failure, database_failure},
    provenance,
    render::messages,
};

/// Code that is so many times longer than another is never similar to it.
const LENGTH_FACTOR: usize = 3;
/// Shorter functions have no run of six lines and 25 tokens, in bytes.
const LEAST_WITH_RUN: usize = 40;
/// How many threads read at once at most.
const MOST_READERS: usize = 8;

/// The snapshot that `name` means: `latest` is the one with the greatest number; every other name is read as by
/// `cds runs show`.
pub(crate) fn find_run(reader: &SqliteReader, name: &str) -> Result<RunFacts, Failure> {
    let number;
    let wanted = if name == "latest" {
        let newest = reader.newest_snapshot().map_err(database_failure)?;
        let Some(newest) = newest else {
            return Err(Failure::usage(anyhow!("find run \"latest\": the database has no run yet"))
                .with_hint("the first is made by: cds persist --path SRC --db-path FILE"));
        };
        number = newest.to_string();
        &number
    } else {
        name
    };
    match reader.find_snapshot(wanted).map_err(database_failure)? {
        FoundRun::One(found) => facts(reader, *found, name),
        FoundRun::Ambiguous(candidates) => Err(Failure::usage(anyhow!("find run {name:?}: more than one begins so"))
            .with_hint(format!("it may be {}", candidates.join(", ")))),
        FoundRun::Missing { nearest } => {
            let hint = match &nearest[..] {
                [] => "cds runs list shows those there are".to_owned(),
                _ => format!("the nearest are {}; cds runs list shows all", nearest.join(", ")),
            };
            Err(Failure::usage(anyhow!("find run {name:?}: there is none")).with_hint(hint))
        }
    }
}

fn facts(reader: &SqliteReader, found: Invocation, name: &str) -> Result<RunFacts, Failure> {
    let Some(snapshot) = found.snapshot else {
        return Err(match found.snapshot_id {
            Some(id) => absence::failure(reader, &format!("search run {name:?}"), id)?,
            None => Failure::usage(anyhow!("search run {name:?}: it has no snapshot")).with_hint(LIST_HINT),
        });
    };
    let ledger = found.ledger.as_ref();
    Ok(RunFacts {
        run_id: snapshot.id.0,
        path_prefix: provenance::path_prefix(Path::new(&snapshot.root_path)),
        started_at: snapshot.started_at,
        root_path: snapshot.root_path,
        project: ledger.map(|row| row.subject.clone()),
        code_ref: ledger.and_then(|row| row.code_ref.clone()),
    })
}

/// Every record of a snapshot; the code only of those that are compared, since the search reads no others.
///
/// Records of kinds that are not known here are left out with a warning.
pub(crate) fn definitions(reader: &SqliteReader, run: RunId, settings: &Settings) -> Result<Vec<Definition>, Failure> {
    let mut definitions = Vec::new();
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    let nothing: Arc<str> = Arc::from("");
    let visit = &mut |row: CodeRow| match row.kind.parse() {
        Ok(kind) => {
            let mut definition = definition(kind, row);
            let is_outside = settings.outside && matches!(kind, SymbolKind::File | SymbolKind::Class);
            if !settings.kinds.contains(&kind) && !is_outside {
                definition.normalized_code = Arc::clone(&nothing);
            }
            definitions.push(definition);
        }
        Err(()) => *unknown.entry(row.kind).or_default() += 1,
    };
    reader.code_rows(run, visit).map_err(database_failure)?;
    mark_generated(&mut definitions);
    if let Some((kind, _)) = unknown.first_key_value() {
        let count: usize = unknown.values().sum();
        messages::warning(&format!("{count} records are left out, their kinds are not known, among them {kind:?}"));
    }
    u32::try_from(definitions.len())
        .context(format!("search run {run}: more than {} records cannot be compared", u32::MAX))
        .map_err(Failure::failed)?;
    Ok(definitions)
}

/// What stands in a generated file is generated; only the file itself says so.
fn mark_generated(definitions: &mut [Definition]) {
    let files = definitions.iter().filter(|definition| definition.is_generated);
    let files: HashSet<Arc<str>> = files.map(|definition| Arc::clone(&definition.file_path)).collect();
    if !files.is_empty() {
        for definition in definitions {
            definition.is_generated = files.contains(&definition.file_path);
        }
    }
}

/// The ids and the normalized code of the records whose code is at most so many times longer or shorter than `code`;
/// [`cds_duplication::similar_codes`] looks at no others. Whole files only if they are wanted, and all functions that may
/// have a run of lines in common with it.
///
/// Reading takes as long as comparing, so each core reads a part.
pub(crate) fn texts_like(
    reader: &SqliteReader,
    plan: &DatabasePlan,
    run: RunId,
    with_files: bool,
    code: &str,
) -> Result<Vec<Texts>, Failure> {
    let Some((first, last)) = reader.record_bounds(run).map_err(database_failure)? else { return Ok(Vec::new()) };
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
        let read = |part: TextQuery| SqliteReader::open(&plan.path, &plan.options)?.normalized_code(&part);
        let start = |part: TextQuery| {
            let again = part.clone();
            // A part for which there is no thread is read here.
            thread::Builder::new().spawn_scoped(scope, move || read(part)).map_err(|_| again)
        };
        let others: Vec<_> = parts.map(start).collect();
        let own = own.map(|part| reader.normalized_code(&part));
        let others = others.into_iter().map(|other| match other {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(part) => reader.normalized_code(&part),
        });
        own.into_iter().chain(others).collect()
    });
    parts.into_iter().map(|part| part.map_err(database_failure)).collect()
}

/// The records with these ids as far as they are there.
pub(crate) fn definitions_by_id(
    reader: &SqliteReader,
    run: RunId,
    ids: &[i64],
) -> Result<HashMap<i64, Definition>, Failure> {
    let rows = reader.code_rows_by_id(run, ids).map_err(database_failure)?;
    let known = rows.into_iter().filter_map(|row| row.kind.parse().ok().map(|kind| (row.id, definition(kind, row))));
    Ok(known.collect())
}

fn definition(kind: SymbolKind, row: CodeRow) -> Definition {
    // Another program may write its fingerprints in another form.
    let md5sum = row.md5sum.parse().unwrap_or_else(|()| Md5Sum(md5::compute(row.normalized_code.as_bytes()).0));
    // A model is asked to begin with a verb, so the form of a sentence tells who made it.
    let is_derived = |intent: &str| {
        row.has_builtin_model && EmbeddedClient::has_form(intent) || EmbeddedClient::has_form_of_stub(intent)
    };
    Definition {
        record_id: row.id,
        kind,
        file_path: row.file_path,
        signature: row.signature,
        start_line: row.start_line,
        end_line: row.end_line,
        normalized_code: row.normalized_code,
        md5sum,
        is_generated: row.head.is_some_and(|head| is_generated(&head)),
        intent_is_derived: row.intent.as_deref().is_some_and(is_derived),
        intent: row.intent,
    }
}
