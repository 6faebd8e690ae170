//! A snapshot as the search reads it.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::{Context as _, anyhow};
use cds_duplication::Definition;
use cds_model::{Md5Sum, SymbolKind};
use cds_persistence::{CodeRow, FoundRun, Invocation, RunId, SqliteReader};

use super::RunFacts;
use crate::{
    failure::{Failure, database_failure},
    provenance,
    render::messages,
};

/// Code that is so many times longer than another is never similar to it.
const LENGTH_FACTOR: usize = 3;

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
        FoundRun::One(found) => facts(*found, name),
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

fn facts(found: Invocation, name: &str) -> Result<RunFacts, Failure> {
    let Some(snapshot) = found.snapshot else {
        let why = if found.snapshot_id.is_some() { "its snapshot was pruned" } else { "it has no snapshot" };
        return Err(Failure::usage(anyhow!("search run {name:?}: {why}"))
            .with_hint("cds runs list shows the snapshots in its first column"));
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

/// Every record of a snapshot; the code only of those of `kinds`, since nobody looks at that of the others.
///
/// Records of kinds that are not known here are left out with a warning.
pub(crate) fn definitions(reader: &SqliteReader, run: RunId, kinds: &[SymbolKind]) -> Result<Vec<Definition>, Failure> {
    let mut definitions = Vec::new();
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    let nothing: Arc<str> = Arc::from("");
    let visit = &mut |row: CodeRow| match row.kind.parse() {
        Ok(kind) => {
            let mut definition = definition(kind, row);
            if !kinds.contains(&kind) {
                definition.normalized_code = Arc::clone(&nothing);
            }
            definitions.push(definition);
        }
        Err(()) => *unknown.entry(row.kind).or_default() += 1,
    };
    reader.code_rows(run, visit).map_err(database_failure)?;
    if let Some((kind, _)) = unknown.first_key_value() {
        let count: usize = unknown.values().sum();
        messages::warning(&format!("{count} records are left out, their kinds are not known, among them {kind:?}"));
    }
    u32::try_from(definitions.len())
        .context(format!("search run {run}: more than {} records cannot be compared", u32::MAX))
        .map_err(Failure::failed)?;
    Ok(definitions)
}

/// The records of these kinds whose code is at most so many times longer or shorter than `code`.
///
/// [`cds_duplication::similar`] looks at no others.
pub(crate) fn definitions_like(
    reader: &SqliteReader,
    run: RunId,
    kinds: &[SymbolKind],
    code: &str,
) -> Result<Vec<Definition>, Failure> {
    let mut definitions = Vec::new();
    let visit = &mut |row: CodeRow| {
        if let Ok(kind) = row.kind.parse()
            && kinds.contains(&kind)
        {
            definitions.push(definition(kind, row));
        }
    };
    let lengths = code.len() / LENGTH_FACTOR..=code.len().saturating_mul(LENGTH_FACTOR);
    reader.code_rows_of_length(run, lengths, visit).map_err(database_failure)?;
    Ok(definitions)
}

fn definition(kind: SymbolKind, row: CodeRow) -> Definition {
    // Another program may write its fingerprints in another form.
    let md5sum = row.md5sum.parse().unwrap_or_else(|()| Md5Sum(md5::compute(row.normalized_code.as_bytes()).0));
    Definition {
        record_id: row.id,
        kind,
        file_path: row.file_path,
        signature: row.signature,
        start_line: row.start_line,
        end_line: row.end_line,
        normalized_code: row.normalized_code,
        md5sum,
        intent: row.intent,
    }
}
