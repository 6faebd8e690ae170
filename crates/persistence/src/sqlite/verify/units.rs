//! Verifies the table `units` against the history and the records.

use std::collections::{HashMap, HashSet};

use cds_model::{FieldHasher, UnitKey, UnreadPaths};
use rusqlite::{Connection, OptionalExtension as _, Result, Row};

use super::{
    super::history::unit_hash,
    chain::{Chain, Entry},
    findings::Findings,
    history::Metadata,
    replay::{Known, Replay},
    stored::{hex, integer, show, text},
};
use crate::{
    Deviation, DeviationKind, RunId,
    table::{
        select::{states, verify},
        unit_history, units,
    },
};

/// Reports present definitions that a snapshot lacks although their file could be read.
pub(super) fn check_missing(
    connection: &Connection,
    entry: &Entry,
    missing: &[(i64, i64)],
    findings: &mut Findings,
) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let paths = states::unread_paths(connection, entry.run)?;
    let unread = UnreadPaths::new(paths.iter().map(String::as_str));
    for &(unit, sequence) in missing {
        let last = metadata(connection, unit, sequence)?;
        let last: Option<Metadata<'_>> = last.as_deref().and_then(|text| serde_json::from_str(text).ok());
        if last.as_ref().is_some_and(|last| unread.holds(&last.file_path)) {
            continue;
        }
        findings.add(DeviationKind::Definition, Some(entry.run), || {
            let deviation = Deviation::of(DeviationKind::Definition, unit_history::TABLE.name).row(sequence);
            match last {
                Some(last) => {
                    let name = format!("{} {}", last.kind, last.name);
                    deviation.place(last.file_path).field("name").recomputed(name)
                }
                None => deviation,
            }
        });
    }
    Ok(())
}

fn metadata(connection: &Connection, unit: i64, sequence: i64) -> Result<Option<String>> {
    connection
        .prepare_cached(verify::LAST_METADATA)?
        .query_row((unit, sequence), |row| Ok(row.get_ref(0)?.as_str().ok().map(str::to_owned)))
        .optional()
        .map(Option::flatten)
}

/// Compares every row of the table; returns the number of definitions whose hashes cannot be compared.
pub(super) fn check_table(
    connection: &Connection,
    chain: &Chain,
    replay: &Replay,
    findings: &mut Findings,
) -> Result<u64> {
    let times: HashMap<RunId, &str> =
        chain.entries.iter().filter(|entry| entry.is_snapshot).map(|entry| (entry.run, &*entry.recorded_at)).collect();
    let mut found = HashSet::new();
    let mut unverified_count = 0;
    let new_seal = |entry| Seal { entry, hasher: FieldHasher::new(units::PART_HASH) };
    let mut seals: Vec<Seal<'_>> = chain.unit_seals().into_iter().map(new_seal).collect();
    let mut statement = connection.prepare(verify::UNITS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        // The seal covers rows of unknown definitions too, so it comes before they are skipped.
        let is_sealed = push_to_seal(row, &mut seals)?;
        let Some(unit) = replay.unit(id) else {
            let (run, path) = (integer(row, 8)?.map(RunId), show(row.get_ref(3)?));
            findings.add(DeviationKind::Unit, run, || {
                Deviation::of(DeviationKind::Unit, units::TABLE.name).row(id).place(path).field("id").stored(id)
            });
            continue;
        };
        found.insert(id);
        let is_known = unit.code.is_some() && unit.intent.is_some();
        let is_certain = is_known && (!unit.is_present || replay.is_certain(unit));
        // A seal covers all columns, so sealed definitions are verified even if their records were pruned.
        unverified_count += u64::from(!is_sealed && !is_certain);
        check_row(connection, row, unit, replay, &times, findings)?;
    }
    for unit in replay.units().iter().filter(|unit| !found.contains(&unit.id)) {
        findings.add(DeviationKind::Unit, Some(unit.last_run), || {
            Deviation::of(DeviationKind::Unit, units::TABLE.name).row(unit.id).field("id").recomputed(unit.id)
        });
    }
    for Seal { entry, hasher } in seals {
        let recomputed = hasher.finish();
        if entry.run_hash != Some(recomputed) {
            findings.add(DeviationKind::Unit, None, || {
                let stored = entry.run_hash.map(|hash| hash.to_string()).unwrap_or_default();
                Deviation::of(DeviationKind::Unit, units::TABLE.name)
                    .place(format!("project {}, part {:?}", entry.project, entry.part))
                    .field("all")
                    .stored(stored)
                    .recomputed(recomputed)
            });
        }
    }
    Ok(unverified_count)
}

/// The hash over the `units` of a part when its last snapshot was pruned, and the hash over them now.
struct Seal<'a> {
    entry: &'a Entry,
    hasher: FieldHasher,
}

/// Adds a row to the seal of its part; returns whether the part has one.
fn push_to_seal(row: &Row<'_>, seals: &mut [Seal<'_>]) -> Result<bool> {
    let (project, part) = (text(row, 1)?, text(row, 2)?);
    let is_of = |seal: &&mut Seal<'_>| project == Some(&seal.entry.project) && part == Some(&seal.entry.part);
    match seals.iter_mut().find(is_of) {
        Some(seal) => units::push_row(&mut seal.hasher, row).map(|()| true),
        None => Ok(false),
    }
}

fn check_row(
    connection: &Connection,
    row: &Row<'_>,
    unit: &Known,
    replay: &Replay,
    times: &HashMap<RunId, &str>,
    findings: &mut Findings,
) -> Result<()> {
    let part = replay.part(unit);
    let last_run = integer(row, 9)?.map(RunId);
    let is_last = last_run.is_some_and(|run| replay.may_be_last(unit, run));
    // If the run is wrong, its moment is wrong too, so compare with that of the correct run.
    let last = last_run.filter(|_| is_last).unwrap_or(unit.last_run);
    let texts = [
        (1, "project", Some(part.project.as_str())),
        (2, "part", Some(part.name.as_str())),
        (7, "state", Some(if unit.is_present { "present" } else { "removed" })),
        (10, "last_seen_at", times.get(&last).copied()),
    ];
    for (column, name, expected) in texts {
        if expected.is_some() && text(row, column)? != expected {
            report(row, (column, name), expected.unwrap_or_default(), findings)?;
        }
    }
    if integer(row, 8)? != Some(unit.first_run.0) {
        report(row, (8, "first_run"), &unit.first_run.to_string(), findings)?;
    }
    if !is_last {
        report(row, (9, "last_run"), &unit.last_run.to_string(), findings)?;
    }
    if unit.is_present && !replay.is_certain(unit) {
        // Its lines may have differed in its last record, which was pruned, so the content hash cannot be compared.
    } else if let Some(content) = unit.content.map(|content| content.to_string())
        && text(row, 11)? != Some(&content)
    {
        report(row, (11, "content_hash"), &content, findings)?;
    }
    for (column, name, expected) in [(12, "code_hash", unit.code), (13, "intent_hash", unit.intent)] {
        if let Some(expected) = expected
            && row.get_ref(column)?.as_blob().ok() != Some(&expected.0)
        {
            report(row, (column, name), &hex(&expected.0), findings)?;
        }
    }
    check_names(connection, row, unit, findings)
}

fn check_names(connection: &Connection, row: &Row<'_>, unit: &Known, findings: &mut Findings) -> Result<()> {
    let ordinal = integer(row, 6)?.and_then(|ordinal| u32::try_from(ordinal).ok());
    if let (Some(file_path), Some(kind), Some(name), Some(ordinal)) =
        (text(row, 3)?, text(row, 4)?, text(row, 5)?, ordinal)
        && unit_hash(&UnitKey { file_path, kind, name, ordinal }) == unit.key
    {
        return Ok(());
    }
    let expected = metadata(connection, unit.id, unit.last_sequence())?;
    let Some(expected) = expected.as_deref().and_then(|text| serde_json::from_str::<Metadata<'_>>(text).ok()) else {
        return report(row, (3, "file_path"), "", findings);
    };
    let ordinal = expected.ordinal.to_string();
    let expected = [
        (3, "file_path", &*expected.file_path),
        (4, "kind", &expected.kind),
        (5, "name", &expected.name),
        (6, "ordinal", &ordinal),
    ];
    for (column, name, expected) in expected {
        if show(row.get_ref(column)?) != expected {
            report(row, (column, name), expected, findings)?;
        }
    }
    Ok(())
}

fn report(row: &Row<'_>, (column, name): (usize, &str), expected: &str, findings: &mut Findings) -> Result<()> {
    let (id, path, stored) = (row.get(0)?, show(row.get_ref(3)?), show(row.get_ref(column)?));
    findings.add(DeviationKind::Unit, integer(row, 9)?.map(RunId), || {
        Deviation::of(DeviationKind::Unit, units::TABLE.name)
            .row(id)
            .place(path)
            .field(name)
            .stored(stored)
            .recomputed(expected)
    });
    Ok(())
}
