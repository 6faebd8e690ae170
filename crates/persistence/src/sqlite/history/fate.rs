//! Finds the transitions of definitions whose names are in only one of two snapshots.

use std::collections::HashSet;

use cds_model::{Fingerprint, Followed, UnitKey, UnitName, UnreadPaths, match_units};

use super::{
    super::database::Database,
    known::{KnownUnit, KnownUnits},
    named::Named,
    rows::{HistoryRows, Seen},
};
use crate::{
    Error, Step,
    table::units::{self, UnitNames},
};

/// A record whose names no definition had before.
pub(super) struct NewUnit {
    file_path: String,
    kind: String,
    name: UnitName,
    content: Fingerprint,
    code: Fingerprint,
    intent: Fingerprint,
    lines: (u32, u32),
    declaration: Option<String>,
    names_hash: u128,
    /// Whether other definitions of its file have the same names.
    has_namesakes: bool,
}

impl NewUnit {
    pub(super) fn of(record: &Named<'_>, has_namesakes: bool) -> Self {
        let seen = record.seen();
        let UnitKey { file_path, kind, name, ordinal } = seen.key;
        Self {
            file_path: file_path.to_owned(),
            kind: kind.to_owned(),
            name: UnitName { qualified: name.to_owned(), ordinal },
            content: seen.content,
            code: seen.code,
            intent: seen.intent,
            lines: seen.lines,
            declaration: record.signature().map(str::to_owned),
            names_hash: record.names_hash,
            has_namesakes,
        }
    }

    /// The removed definition of these names that has returned. The ordinal alone does not identify a namesake, so
    /// among namesakes the code must be equal.
    fn returned<'k>(&self, known: &'k KnownUnits, taken: &HashSet<i64>) -> Option<&'k KnownUnit> {
        let is_free = |unit: &KnownUnit| !taken.contains(&unit.id);
        let is_same = |unit: &KnownUnit| is_free(unit) && unit.state.code == self.code.0;
        let is_numbered = |unit: &KnownUnit| is_free(unit) && unit.ordinal == self.name.ordinal;
        known
            .removed(self.names_hash, is_same)
            .or_else(|| known.removed(self.names_hash, is_numbered).filter(|_| !self.has_namesakes))
    }

    fn seen(&self) -> Seen<'_> {
        Seen {
            key: UnitKey {
                file_path: &self.file_path,
                kind: &self.kind,
                name: &self.name.qualified,
                ordinal: self.name.ordinal,
            },
            content: self.content,
            code: self.code,
            intent: self.intent,
            lines: self.lines,
            metadata: None,
        }
    }
}

/// Writes moved, returned and added definitions, then removed ones, and marks all others as seen.
pub(super) fn save_rest(
    database: &Database,
    unread: &UnreadPaths<'_>,
    new: &[NewUnit],
    known: &KnownUnits,
    rows: &mut HistoryRows<'_>,
) -> Result<(), Error> {
    // Without known definitions, everything was written as added already.
    if known.is_empty() {
        return Ok(());
    }
    let mut removed: Vec<(&KnownUnit, UnitNames)> = Vec::new();
    let mut unseen = Vec::new();
    for unit in known.missing() {
        let names = units::names_of(&database.connection, unit.id);
        let names = names.map_err(|cause| database.error(Step::ReadUnits, cause))?;
        // Its file could not be read, so it may still exist.
        if unread.holds(&names.file_path) {
            unseen.push(unit.id);
        } else {
            removed.push((unit, names));
        }
    }
    // Sorted by names, so that the history does not depend on the ids that this database assigned.
    removed.sort_by(|left, right| left.1.key().cmp(&right.1.key()));
    let seen: Vec<Seen<'_>> = new.iter().map(NewUnit::seen).collect();
    let before: Vec<_> = removed
        .iter()
        .map(|(unit, names)| Followed { key: names.key(), code: unit.state.code, declaration: None })
        .collect();
    let after: Vec<_> = seen
        .iter()
        .zip(new)
        .map(|(unit, new)| Followed { key: unit.key, code: unit.code.0, declaration: new.declaration.as_deref() })
        .collect();
    let matching = match_units(&before, &after);
    let mut taken = HashSet::new();
    let mut moved = matching.moved.iter().peekable();
    for (index, unit) in seen.iter().enumerate() {
        if let Some((origin, _)) = moved.next_if(|(_, new)| *new == index) {
            let (origin, names) = &removed[*origin];
            rows.write_moved(unit, origin, names)?;
        // Moves take precedence over returns: a removed definition with the same code is better evidence than an old
        // name.
        } else if let Some(origin) = new[index].returned(known, &taken) {
            taken.insert(origin.id);
            rows.write_returned(unit, origin)?;
        } else {
            rows.write_added(unit)?;
        }
    }
    for index in matching.removed {
        let (unit, names) = &removed[index];
        rows.write_removed(unit, names)?;
    }
    rows.mark_seen(&unseen)
}
