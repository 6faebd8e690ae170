//! Which unit a name means.
//!
//! A name means the units that are called so now, and where none of them is still there, those that were called so before
//! they moved. Where nothing is called so exactly, everything that begins so is listed.

use std::cmp::Reverse;

use anyhow::anyhow;
use cds_persistence::{NamedUnits, SqliteReader, StoredUnit, UnitQuery};
use rapidfuzz::distance::indel::BatchComparator;

use super::spec::{Reading, UnitSpec, label};
use cds_terminal::text::safe_line;

use crate::{
    failure::{Failure, database_failure},
    render::messages::Console,
};

/// Maximum number of similar names in a hint.
const NEAREST_COUNT: usize = 5;
/// What shares less of its characters is not near.
const LEAST_LIKENESS: f64 = 0.5;

/// What a name leads to.
pub(super) enum Found {
    One(Box<StoredUnit>),
    /// Never none.
    Several(Vec<StoredUnit>),
}

/// The unit of a number.
pub(super) fn by_id(reader: &SqliteReader, id: i64, project: Option<&str>) -> Result<Found, Failure> {
    let unit = reader.unit(id).map_err(database_failure)?;
    if let Some(unit) = unit.filter(|unit| project.is_none_or(|project| unit.project == project)) {
        return Ok(Found::One(Box::new(unit)));
    }
    let failure = missing(reader, &format!("unit {id}"), project)?;
    let is_explained = failure.hint().is_some();
    Err(if is_explained { failure } else { failure.with_hint("the lists of cds history PATH have the numbers") })
}

/// The unit or the units that `spec` means.
pub(super) fn by_name(
    reader: &SqliteReader,
    spec: &UnitSpec,
    project: Option<&str>,
    console: Console,
) -> Result<Found, Failure> {
    for reading in spec.readings() {
        // A path with nothing behind its `::` asks for what the file holds.
        if reading.name.is_some_and(str::is_empty) {
            continue;
        }
        let Reading { file_path, name, ordinal } = reading;
        let query = UnitQuery { project, file_path, name: name.unwrap_or_default(), ordinal };
        let named = reader.units_named(&query).map_err(database_failure)?;
        if let Some((found, others)) = exact(named) {
            note_others(&others, console);
            return Ok(found);
        }
    }
    for Reading { file_path, name, ordinal } in spec.readings() {
        // Who gives an ordinal means one.
        if ordinal.is_none() {
            let units = reader.units_beginning(project, file_path, name).map_err(database_failure)?;
            if !units.is_empty() {
                return Ok(Found::Several(units));
            }
        }
    }
    let failure = missing(reader, &format!("{:?}", spec.text()), project)?;
    if failure.hint().is_some() {
        return Err(failure);
    }
    let units = reader.units(project).map_err(database_failure)?;
    let nearest = nearest(spec.text(), &units);
    Err(failure.with_hint(if nearest.is_empty() {
        "name it as the snapshots do, relative to the tree that was read: cds history pkg/ lists a folder".to_owned()
    } else {
        format!("the nearest are {}", nearest.join(", "))
    }))
}

/// The unit that has a name, and those that had it before; `None` if no unit has or had it.
fn exact(NamedUnits { now, mut earlier }: NamedUnits) -> Option<(Found, Vec<StoredUnit>)> {
    let (mut units, mut others): (Vec<_>, Vec<_>) = now.into_iter().partition(|unit| unit.is_present);
    others.append(&mut earlier);
    // The unit that exists now comes first, not one that had the name before.
    if units.len() != 1 {
        units.append(&mut others);
    }
    if units.len() > 1 {
        return Some((Found::Several(units), others));
    }
    units.pop().map(|unit| (Found::One(Box::new(unit)), others))
}

fn note_others(others: &[StoredUnit], console: Console) {
    if others.is_empty() {
        return;
    }
    let shown: Vec<String> = others.iter().take(NEAREST_COUNT).map(|unit| format!("--unit {}", unit.id)).collect();
    let rest = if others.len() > shown.len() { ", …" } else { "" };
    console.note(&format!("note: other units had this name before: {}{rest}", shown.join(", ")));
}

/// Why there is no such unit; with a hint where that is all there is to say.
fn missing(reader: &SqliteReader, what: &str, project: Option<&str>) -> Result<Failure, Failure> {
    let projects = reader.projects_with_units().map_err(database_failure)?;
    if projects.is_empty() && reader.newest_snapshot().map_err(database_failure)?.is_none() {
        let cause = anyhow!("find {what}: the database has no snapshot yet");
        return Ok(Failure::failed(cause).with_hint("the history begins with the first cds persist"));
    }
    if projects.is_empty() {
        let cause = anyhow!("find {what}: the database has no history; another program or an older cds wrote it");
        return Ok(Failure::failed(cause).with_hint("the history begins with the next cds persist"));
    }
    match project.filter(|project| projects.iter().all(|known| known != project)) {
        Some(project) => {
            let shown: Vec<&str> = projects.iter().map(String::as_str).take(NEAREST_COUNT).collect();
            let rest = if projects.len() > shown.len() { ", …" } else { "" };
            let cause = anyhow!("find {what}: no unit is of project {project:?}");
            Ok(Failure::failed(cause).with_hint(format!("there are units of {}{rest}", shown.join(", "))))
        }
        None => Ok(Failure::failed(anyhow!("find {what}: there is no such unit"))),
    }
}

/// What is called most like `text`, the nearest first.
fn nearest(text: &str, units: &[StoredUnit]) -> Vec<String> {
    let comparator = BatchComparator::new(text.chars());
    let has_name = text.contains("::");
    let mut found: Vec<(f64, Reverse<bool>, String)> = Vec::new();
    for unit in units {
        let own = label(&unit.file_path, &unit.name, unit.ordinal);
        let mut likeness = comparator.normalized_similarity(own.chars());
        if !has_name && !unit.name.is_empty() {
            // A name without its file.
            likeness = likeness.max(comparator.normalized_similarity(unit.name.chars()));
        }
        if is_end_of(&own, text) || is_end_of(text, &own) {
            likeness = 1.0;
        }
        if likeness >= LEAST_LIKENESS {
            found.push((likeness, Reverse(unit.is_present), own));
        }
        if found.len() >= 10_000 {
            keep_best(&mut found);
        }
    }
    keep_best(&mut found);
    found.into_iter().map(|(.., own)| safe_line(&own)).collect()
}

/// Whether `path` leads to `end` from another folder.
fn is_end_of(end: &str, path: &str) -> bool {
    path.strip_suffix(end).is_some_and(|rest| rest.ends_with('/'))
}

fn keep_best(found: &mut Vec<(f64, Reverse<bool>, String)>) {
    let order = |(likeness, is_removed, own): &(f64, Reverse<bool>, String)| {
        (Reverse(likeness.to_bits()), *is_removed, own.clone())
    };
    found.sort_by_cached_key(order);
    found.dedup_by(|left, right| left.2 == right.2);
    found.truncate(NEAREST_COUNT);
}

#[cfg(test)]
mod tests {
    use cds_persistence::RunId;

    use super::*;

    fn unit(id: i64, place: &str, is_present: bool) -> StoredUnit {
        let (file_path, name) = place.split_once("::").unwrap_or((place, ""));
        StoredUnit {
            id,
            project: "shop".to_owned(),
            part: String::new(),
            file_path: file_path.to_owned(),
            kind: if name.is_empty() { "file" } else { "function" }.to_owned(),
            name: name.to_owned(),
            ordinal: 1,
            is_present,
            first_run: RunId(1),
            last_run: RunId(1),
            last_seen_at: String::new(),
            content_hash: String::new(),
        }
    }

    /// The units with that name now, and the others.
    fn ids(found: Option<(Found, Vec<StoredUnit>)>) -> [Vec<i64>; 2] {
        let Some((found, others)) = found else { return [Vec::new(), Vec::new()] };
        let units = match found {
            Found::One(unit) => vec![*unit],
            Found::Several(units) => units,
        };
        [units, others].map(|units| units.iter().map(|unit| unit.id).collect())
    }

    #[test]
    fn present_units_come_first() {
        let named = |now: &[(i64, bool)], earlier: &[(i64, bool)]| {
            let units = |list: &[(i64, bool)]| list.iter().map(|(id, is)| unit(*id, "a.py::f", *is)).collect();
            ids(exact(NamedUnits { now: units(now), earlier: units(earlier) }))
        };
        assert_eq!(named(&[(1, false), (2, true)], &[(3, true)]), [vec![2], vec![1, 3]]);
        let none: Vec<i64> = Vec::new();
        assert_eq!(named(&[(1, true), (2, true)], &[(3, true)]), [vec![1, 2, 3], none.clone()]);
        assert_eq!(named(&[(1, false)], &[]), [vec![1], none.clone()]);
        assert_eq!(named(&[], &[(3, true)]), [vec![3], none.clone()]);
        assert_eq!(named(&[(1, false)], &[(3, true)]), [vec![1, 3], none.clone()]);
        assert_eq!(named(&[], &[]), [none.clone(), none]);
    }

    #[test]
    fn the_nearest_names_come_first() {
        let units: Vec<StoredUnit> =
            ["pkg/orders.py", "pkg/orders.py::Order.total", "pkg/orders.py::Order.totals", "x.py::f"]
                .into_iter()
                .zip(1..)
                .map(|(place, id)| unit(id, place, true))
                .collect();
        assert_eq!(
            nearest("pkg/orders.py::Order.totl", &units)[..2],
            ["pkg/orders.py::Order.total", "pkg/orders.py::Order.totals"]
        );
        assert_eq!(nearest("Order.total", &units)[0], "pkg/orders.py::Order.total");
        assert_eq!(nearest("src/pkg/orders.py", &units)[0], "pkg/orders.py");
        assert_eq!(nearest("orders.py::Order.totals", &units)[0], "pkg/orders.py::Order.totals");
        assert_eq!(nearest("nothing like it", &units), [""; 0]);
        let many: Vec<StoredUnit> = (0..30_000).map(|id| unit(id, "a.py::same", true)).collect();
        assert_eq!(nearest("a.py::sam", &many), ["a.py::same"]);
    }
}
