//! Finds the known definition of each record of a file, even if several have the same name.

use std::collections::{HashMap, HashSet};

use cds_model::{Declarations, match_namesakes};
use serde::Serialize;

use super::{
    super::{database::Database, units_reader},
    known::{KnownUnit, KnownUnits},
    named::Named,
};
use crate::{Error, Step, table::units};

/// Consecutive definitions of one name whose ordinals changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Renumbered {
    kind: String,
    name: String,
    from: u32,
    to: u32,
    count: u32,
}

/// The known definition of a record.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// The definition; `None` if the file had none that matches.
    pub(super) unit: Option<KnownUnit>,
    /// Whether other definitions of the file have the same name now.
    pub(super) has_namesakes: bool,
}

/// The known definitions of a file's records.
pub(super) struct Origins {
    /// In the order of the records.
    pub(super) of_records: Vec<Origin>,
    /// The changed ordinals.
    pub(super) renumbered: Vec<Renumbered>,
}

/// Finds the known definition of each record of one file, and marks them as seen.
pub(super) fn origins(database: &Database, known: &mut KnownUnits, named: &[Named<'_>]) -> Result<Origins, Error> {
    let mut shared: HashSet<u128> =
        named.iter().filter(|record| record.seen().key.ordinal > 1).map(|record| record.names_hash).collect();
    let mut groups: HashMap<u128, Vec<usize>> = HashMap::new();
    let mut of_records = vec![Origin::default(); named.len()];
    for (index, record) in named.iter().enumerate() {
        let (first, is_one) = {
            let mut present = known.present(record.names_hash);
            (present.next(), present.next().is_none())
        };
        // Several known definitions have these names, even if the file has only one of them now.
        if !is_one {
            shared.insert(record.names_hash);
        }
        if shared.contains(&record.names_hash) {
            groups.entry(record.names_hash).or_default().push(index);
        } else if let Some(position) = first {
            of_records[index].unit = Some(known.take(position));
        }
    }
    // Ordinals change only if the text changed. If a foreign program wrote no record of the file, they stay as they
    // are.
    let is_edited = named.iter().zip(&of_records).any(|(record, origin)| {
        record.is_file() && origin.unit.as_ref().is_some_and(|unit| unit.state.code != record.hashes.code.0)
    });
    let mut declared = None;
    let mut moves = Vec::new();
    for (names_hash, mut after) in groups {
        let mut before: Vec<usize> = known.present(names_hash).collect();
        // In file order, because matching compares neighbours.
        before.sort_by_key(|position| known.at(*position).ordinal);
        after.sort_by_key(|index| named[*index].seen().key.ordinal);
        for index in &after {
            of_records[*index].has_namesakes = after.len() > 1;
        }
        let pairs = if is_edited {
            pairs(database, known, named, (&before, &after), &mut declared)?
        } else {
            by_number(known, named, (&before, &after))
        };
        for (old, new) in pairs {
            let (unit, index) = (known.take(before[old]), after[new]);
            let key = named[index].seen().key;
            if unit.ordinal != key.ordinal {
                moves.push((key.kind, key.name, key.ordinal, unit.ordinal));
            }
            of_records[index].unit = Some(unit);
        }
    }
    Ok(Origins { of_records, renumbered: runs_of(moves) })
}

/// Declarations by kind, name and ordinal.
type Declared = HashMap<(String, String, u32), String>;

fn pairs(
    database: &Database,
    known: &KnownUnits,
    named: &[Named<'_>],
    (before, after): (&[usize], &[usize]),
    declared: &mut Option<Declared>,
) -> Result<Vec<(usize, usize)>, Error> {
    let old: Vec<[u8; 32]> = before.iter().map(|position| known.at(*position).state.code).collect();
    let new: Vec<[u8; 32]> = after.iter().map(|index| named[*index].hashes.code.0).collect();
    let mut failure = None;
    let pairs = match_namesakes(&old, &new, || {
        let own = after.iter().map(|index| named[*index].signature().map(str::to_owned)).collect();
        let earlier = earlier(database, known, named, (before, after), declared);
        [
            earlier.unwrap_or_else(|cause| {
                failure = Some(cause);
                Vec::new()
            }),
            own,
        ] as Declarations
    });
    failure.map_or(Ok(pairs), |cause| Err(database.error(Step::ReadRecords, cause)))
}

/// The declarations in the last snapshot with these definitions; empty if it was pruned.
fn earlier(
    database: &Database,
    known: &KnownUnits,
    named: &[Named<'_>],
    (before, after): (&[usize], &[usize]),
    declared: &mut Option<Declared>,
) -> rusqlite::Result<Vec<Option<String>>> {
    let (Some(first), Some(index)) = (before.first(), after.first()) else { return Ok(Vec::new()) };
    let key = named[*index].seen().key;
    let declared = if let Some(declared) = declared {
        declared
    } else {
        let run = units::names_of(&database.connection, known.at(*first).id)?.last_run;
        declared.insert(units_reader::declarations(database, run, key.file_path)?)
    };
    let of = |position: &usize| {
        declared.get(&(key.kind.to_owned(), key.name.to_owned(), known.at(*position).ordinal)).cloned()
    };
    Ok(before.iter().map(of).collect())
}

fn by_number(known: &KnownUnits, named: &[Named<'_>], (before, after): (&[usize], &[usize])) -> Vec<(usize, usize)> {
    let positions: HashMap<u32, usize> =
        before.iter().enumerate().map(|(position, unit)| (known.at(*unit).ordinal, position)).collect();
    let pair =
        |(position, index): (usize, &usize)| Some((*positions.get(&named[*index].seen().key.ordinal)?, position));
    after.iter().enumerate().filter_map(pair).collect()
}

/// Groups consecutive ordinals; each move is kind, name, new ordinal, old ordinal.
fn runs_of(mut moves: Vec<(&str, &str, u32, u32)>) -> Vec<Renumbered> {
    moves.sort_unstable();
    let mut runs: Vec<Renumbered> = Vec::new();
    for (kind, name, to, from) in moves {
        match runs.last_mut() {
            Some(run)
                if (&*run.kind, &*run.name) == (kind, name)
                    && (run.to + run.count, run.from + run.count) == (to, from) =>
            {
                run.count += 1;
            }
            _ => runs.push(Renumbered { kind: kind.to_owned(), name: name.to_owned(), from, to, count: 1 }),
        }
    }
    runs
}
