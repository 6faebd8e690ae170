//! What became of units that are in only one of two snapshots under their names.

use cds_model::{Fingerprint, UnitKey, UnitName, UnreadPaths, match_units};

use super::{
    super::database::Database,
    known::{KnownUnit, KnownUnits},
    rows::{HistoryRows, Seen},
};
use crate::{
    Error, Step,
    table::units::{self, UnitNames},
};

/// A record under names that nothing had before.
pub(super) struct NewUnit {
    file_path: String,
    kind: String,
    name: UnitName,
    content: Fingerprint,
    code: Fingerprint,
    intent: Fingerprint,
    lines: (u32, u32),
}

impl NewUnit {
    pub(super) fn of(seen: &Seen<'_>) -> Self {
        let UnitKey { file_path, kind, name, ordinal } = seen.key;
        Self {
            file_path: file_path.to_owned(),
            kind: kind.to_owned(),
            name: UnitName { qualified: name.to_owned(), ordinal },
            content: seen.content,
            code: seen.code,
            intent: seen.intent,
            lines: seen.lines,
        }
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

/// Writes what moved, returned or was added, then what was removed, and that all others were seen.
pub(super) fn save_rest(
    database: &Database,
    unread: &UnreadPaths<'_>,
    new: &[NewUnit],
    known: &KnownUnits,
    rows: &mut HistoryRows<'_>,
) -> Result<(), Error> {
    if known.is_empty() {
        return Ok(());
    }
    let mut gone: Vec<(&KnownUnit, UnitNames)> = Vec::new();
    let mut unseen = Vec::new();
    for unit in known.missing() {
        let names = units::names_of(&database.connection, unit.id);
        let names = names.map_err(|cause| database.error(Step::ReadUnits, cause))?;
        // What holds it could not be read: it may still be there.
        if unread.holds(&names.file_path) {
            unseen.push(unit.id);
        } else {
            gone.push((unit, names));
        }
    }
    gone.sort_by(|left, right| left.1.key().cmp(&right.1.key()));
    let seen: Vec<Seen<'_>> = new.iter().map(NewUnit::seen).collect();
    let before: Vec<_> = gone.iter().map(|(unit, names)| (names.key(), unit.state.code)).collect();
    let after: Vec<_> = seen.iter().map(|unit| (unit.key, unit.code.0)).collect();
    let matching = match_units(&before, &after);
    let mut moved = matching.moved.iter().peekable();
    for (place, unit) in seen.iter().enumerate() {
        if let Some((origin, _)) = moved.next_if(|(_, new)| *new == place) {
            let (origin, names) = &gone[*origin];
            rows.write_moved(unit, origin, names)?;
        } else if let Some(origin) = known.removed(&unit.key) {
            rows.write_returned(unit, origin)?;
        } else {
            rows.write_added(unit)?;
        }
    }
    for place in matching.removed {
        let (unit, names) = &gone[place];
        rows.write_removed(unit, names)?;
    }
    rows.mark_seen(&unseen)
}
