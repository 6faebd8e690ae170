//! Which known unit each record of a file is, also where several have the same name.

use std::collections::{HashMap, HashSet};

use cds_model::{Declarations, match_namesakes};
use serde::Serialize;

use super::{
    super::{database::Database, units_reader},
    known::{KnownUnit, KnownUnits},
    named::Named,
};
use crate::{Error, Step, table::units};

/// Definitions of one name whose numbers follow each other, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Renumbered {
    kind: String,
    name: String,
    from: u32,
    to: u32,
    count: u32,
}

/// What a record was before.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// The unit; none where the file had none that it could be.
    pub(super) unit: Option<KnownUnit>,
    /// Whether others of the file have the same name now.
    pub(super) has_namesakes: bool,
}

/// What the records of a file were before.
pub(super) struct Origins {
    /// In the order of the records.
    pub(super) of_records: Vec<Origin>,
    /// The numbers that are others now.
    pub(super) renumbered: Vec<Renumbered>,
}

/// Finds the units of all records of one file, and takes them for seen.
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
        if !is_one {
            shared.insert(record.names_hash);
        }
        if shared.contains(&record.names_hash) {
            groups.entry(record.names_hash).or_default().push(index);
        } else if let Some(place) = first {
            of_records[index].unit = Some(known.take(place));
        }
    }
    // Numbers can only be others in a text that is another one. Where a program wrote no record of the file, they stay.
    let is_edited = named.iter().zip(&of_records).any(|(record, origin)| {
        record.is_file() && origin.unit.as_ref().is_some_and(|unit| unit.state.code != record.hashes.code.0)
    });
    let mut declared = None;
    let mut moves = Vec::new();
    for (names_hash, mut after) in groups {
        let mut before: Vec<usize> = known.present(names_hash).collect();
        before.sort_by_key(|place| known.at(*place).ordinal);
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

/// Declarations by kind, name and number.
type Declared = HashMap<(String, String, u32), String>;

fn pairs(
    database: &Database,
    known: &KnownUnits,
    named: &[Named<'_>],
    (before, after): (&[usize], &[usize]),
    declared: &mut Option<Declared>,
) -> Result<Vec<(usize, usize)>, Error> {
    let old: Vec<[u8; 32]> = before.iter().map(|place| known.at(*place).state.code).collect();
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

/// The declarations of before, from the snapshot that last had these units; none where it was pruned.
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
    let of =
        |place: &usize| declared.get(&(key.kind.to_owned(), key.name.to_owned(), known.at(*place).ordinal)).cloned();
    Ok(before.iter().map(of).collect())
}

fn by_number(known: &KnownUnits, named: &[Named<'_>], (before, after): (&[usize], &[usize])) -> Vec<(usize, usize)> {
    let places: HashMap<u32, usize> =
        before.iter().enumerate().map(|(place, unit)| (known.at(*unit).ordinal, place)).collect();
    let pair = |(place, index): (usize, &usize)| Some((*places.get(&named[*index].seen().key.ordinal)?, place));
    after.iter().enumerate().filter_map(pair).collect()
}

/// Numbers that follow each other on both sides, together: kind, name, number after and before.
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
