//! What the units must be like, told by the history and by the records that are there.
//!
//! Of each unit a fixed number of bytes is kept, some 250, whatever its code and its names are.

use std::collections::HashMap;

use cds_model::{Fingerprint, Transition, UnitKey, derived_intent, followed_intent};

use super::{
    super::history::unit_hash,
    chain::Entry,
    findings::Findings,
    history::{Metadata, Renumbered, Step},
};
use crate::{Deviation, DeviationKind, RunId, table::unit_history};

/// What is known of a unit.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: i64,
    /// Its place in the list of [`Part`]s.
    pub(super) part: usize,
    /// The hash of its names.
    pub(super) key: u128,
    pub(super) is_present: bool,
    pub(super) first_run: RunId,
    /// The last run in which it is known to have been seen.
    pub(super) last_run: RunId,
    pub(super) content: Option<Fingerprint>,
    pub(super) code: Option<Fingerprint>,
    pub(super) intent: Option<Fingerprint>,
    /// The run of the last row that says that its intent is another one.
    intent_run: RunId,
    /// The run and the number of the last row that speaks of it.
    changed: (RunId, i64),
    /// The last run whose records were looked at and had it.
    seen_in: Option<RunId>,
}

impl Known {
    /// The number of the last row that speaks of it.
    pub(super) const fn last_sequence(&self) -> i64 {
        self.changed.1
    }
}

/// A part of a project.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) project: String,
    pub(super) name: String,
    present_count: usize,
    /// Snapshots whose records are not there or not looked at, in their order: which units were seen in them is not
    /// known.
    blind: Vec<RunId>,
}

/// All units, followed from snapshot to snapshot.
#[derive(Debug, Default)]
pub(super) struct Replay {
    units: Vec<Known>,
    by_id: HashMap<i64, usize>,
    /// Units that are present, by their part and the hash of their names.
    by_key: HashMap<(usize, u128), usize>,
    parts: Vec<Part>,
}

/// A record as it was written, as far as that is known: of one that was altered, only what it was hashed to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) content: Option<Fingerprint>,
    pub(super) code: Option<Fingerprint>,
    pub(super) intent: Option<Fingerprint>,
}

impl Replay {
    pub(super) fn unit(&self, id: i64) -> Option<&Known> {
        self.by_id.get(&id).map(|place| &self.units[*place])
    }

    pub(super) fn units(&self) -> &[Known] {
        &self.units
    }

    pub(super) fn part(&self, unit: &Known) -> &Part {
        &self.parts[unit.part]
    }

    /// Whether what is known of a present unit is of the last snapshot that may have seen it.
    pub(super) fn is_certain(&self, unit: &Known) -> bool {
        self.part(unit).blind.last().is_none_or(|run| *run <= unit.last_run)
    }

    /// Whether a unit may have been seen last in `run`.
    pub(super) fn may_be_last(&self, unit: &Known, run: RunId) -> bool {
        let is_later = || run > unit.last_run && self.part(unit).blind.contains(&run);
        run == unit.last_run || (unit.is_present && is_later())
    }

    /// Follows one row of the history.
    pub(super) fn follow(&mut self, step: &Step<'_>, entry: Option<&Entry>, findings: &mut Findings) {
        let key = unit_hash(&step.metadata.key());
        let part = self.part_of(entry);
        if let Some(wrong) = self.renumber(&step.metadata, part) {
            tell(step, "metadata renumbered", &wrong, "definitions that are there", findings);
        }
        let Some(place) = self.by_id.get(&step.unit).copied() else {
            if step.transition != Transition::Added || step.previous.is_some() {
                tell(step, "transition", step.transition.as_str(), "added", findings);
            }
            self.add(step, key, part);
            return;
        };
        let unit = &self.units[place];
        let is_possible = match step.transition {
            Transition::Added => false,
            Transition::Returned => !unit.is_present,
            Transition::Changed | Transition::IntentChanged | Transition::Moved | Transition::Removed => {
                unit.is_present
            }
        };
        if !is_possible || entry.is_some() && unit.part != part {
            let state = if unit.is_present { "present" } else { "removed" };
            tell(step, "transition", step.transition.as_str(), &format!("of a unit that is {state}"), findings);
        }
        let is_told = || step.metadata.key_before().is_some_and(|before| unit_hash(&before) == unit.key);
        let is_known = unit.key == key || step.transition == Transition::Returned && is_told();
        if step.transition != Transition::Moved && !is_known {
            tell(step, "metadata", &step.metadata.name, "the names of before", findings);
        }
        let is_certain = !unit.is_present || self.is_certain(unit);
        if is_certain && unit.content.is_some() && step.previous != unit.content {
            let (stored, known) = (show(step.previous), show(unit.content));
            tell(step, "previous_content_hash", &stored, &known, findings);
        }
        if unit.is_present {
            self.leave(place);
        }
        self.change(place, step, key, findings);
    }

    fn add(&mut self, step: &Step<'_>, key: u128, part: usize) {
        let place = self.units.len();
        self.units.push(Known {
            id: step.unit,
            part,
            key,
            is_present: true,
            first_run: step.run,
            last_run: step.run,
            content: step.content,
            code: None,
            intent: step.metadata.derived.then(derived_intent),
            intent_run: step.run,
            changed: (step.run, step.sequence),
            seen_in: None,
        });
        self.by_id.insert(step.unit, place);
        self.enter(place);
    }

    fn change(&mut self, place: usize, step: &Step<'_>, key: u128, findings: &mut Findings) {
        let unit = &mut self.units[place];
        unit.changed = (step.run, step.sequence);
        unit.key = key;
        if step.transition == Transition::Removed {
            unit.is_present = false;
            unit.content = step.previous;
            last_seen(unit, step, findings);
            return;
        }
        unit.is_present = true;
        unit.last_run = step.run;
        unit.content = step.content;
        for changed in &step.metadata.changed {
            if changed == "code" {
                unit.code = None;
            } else {
                (unit.intent, unit.intent_run) = (None, step.run);
            }
        }
        if step.metadata.derived {
            unit.intent = Some(derived_intent());
        }
        self.enter(place);
    }

    /// Gives definitions of one name the numbers that the row of their file tells; says of what there is none.
    fn renumber(&mut self, metadata: &Metadata<'_>, part: usize) -> Option<String> {
        let file_path = &*metadata.file_path;
        let mut moves = Vec::new();
        for Renumbered { kind, name, from, to, count } in &metadata.renumbered {
            for step in 0..*count {
                let key =
                    |first: u32| unit_hash(&UnitKey { file_path, kind, name, ordinal: first.saturating_add(step) });
                let Some(&place) = self.by_key.get(&(part, key(*from))) else {
                    return Some(format!("{kind} {name}#{}", from.saturating_add(step)));
                };
                moves.push((place, key(*to)));
            }
        }
        for (place, _) in &moves {
            self.by_key.remove(&(part, self.units[*place].key));
        }
        for (place, key) in moves {
            self.units[place].key = key;
            self.by_key.insert((part, key), place);
        }
        None
    }

    fn enter(&mut self, place: usize) {
        let unit = &self.units[place];
        self.by_key.insert((unit.part, unit.key), place);
        self.parts[unit.part].present_count += 1;
    }

    fn leave(&mut self, place: usize) {
        let unit = &self.units[place];
        // Another unit may have got its names before.
        if self.by_key.get(&(unit.part, unit.key)) == Some(&place) {
            self.by_key.remove(&(unit.part, unit.key));
        }
        self.parts[unit.part].present_count -= 1;
    }

    fn part_of(&mut self, entry: Option<&Entry>) -> usize {
        let (project, part) = entry.map_or(("", ""), |entry| (&entry.project, &entry.part));
        if let Some(place) = self.parts.iter().position(|known| known.project == project && known.name == part) {
            return place;
        }
        let (project, name) = (project.to_owned(), part.to_owned());
        self.parts.push(Part { project, name, present_count: 0, blind: Vec::new() });
        self.parts.len() - 1
    }

    /// The records of a snapshot are not there, or not looked at.
    pub(super) fn pass(&mut self, entry: &Entry) {
        let part = self.part_of(Some(entry));
        self.parts[part].blind.push(entry.run);
    }

    /// A record of the snapshot of `entry`: says what about it is not as the history tells it, and remembers it.
    ///
    /// `is_derived` says that its intent is one of the embedded provider.
    pub(super) fn see(
        &mut self,
        entry: &Entry,
        key: &UnitKey<'_>,
        seen: &Seen,
        is_derived: bool,
    ) -> Option<&'static str> {
        let part = self.part_of(Some(entry));
        let Some(&place) = self.by_key.get(&(part, unit_hash(key))) else { return Some("name") };
        let unit = &self.units[place];
        let is_other = |known: Option<Fingerprint>, seen| known.zip(seen).is_some_and(|(known, seen)| known != seen);
        let wrong = if unit.changed.0 == entry.run {
            is_other(unit.content, seen.content).then_some("content_hash")
        } else if is_other(unit.code, seen.code) {
            Some("code")
        } else {
            let told = unit.intent.zip(seen.intent).map(|(known, seen)| followed_intent(is_derived, Some(known), seen));
            is_other(unit.intent, told).then_some("intent")
        };
        let unit = &mut self.units[place];
        unit.last_run = entry.run;
        unit.seen_in = Some(entry.run);
        unit.content = seen.content;
        unit.code = seen.code.or(unit.code);
        // A derived sentence is that of the history only where the history has taken it from this run.
        if !is_derived || unit.intent.is_none() && unit.intent_run == entry.run {
            unit.intent = seen.intent.or(unit.intent);
        }
        wrong
    }

    /// Units that are present and were not among the `seen_count` records of a snapshot.
    pub(super) fn missing(&mut self, entry: &Entry, seen_count: usize) -> Vec<(i64, i64)> {
        let part = self.part_of(Some(entry));
        if self.parts[part].present_count == seen_count {
            return Vec::new();
        }
        let is_missing = |unit: &&Known| unit.part == part && unit.is_present && unit.seen_in != Some(entry.run);
        self.units.iter().filter(is_missing).map(|unit| (unit.id, unit.last_sequence())).collect()
    }
}

/// A row that says that a unit is gone says as well as what it was last seen.
fn last_seen(unit: &mut Known, step: &Step<'_>, findings: &mut Findings) {
    let Metadata { last_run, code_hash, intent_hash, .. } = &step.metadata;
    if let Some(run) = *last_run {
        unit.last_run = RunId(run);
    }
    for (name, known, told) in
        [("code_hash", &mut unit.code, code_hash), ("intent_hash", &mut unit.intent, intent_hash)]
    {
        let told = told.as_ref().and_then(|text| text.parse().ok());
        if known.is_some() && told.is_some() && *known != told {
            tell(step, &format!("metadata {name}"), &show(told), &show(*known), findings);
        }
        *known = told.or(*known);
    }
}

fn tell(step: &Step<'_>, field: &str, stored: &str, recomputed: &str, findings: &mut Findings) {
    findings.add(DeviationKind::Transition, Some(step.run), || {
        Deviation::of(DeviationKind::Transition, unit_history::TABLE.name)
            .row(step.sequence)
            .place(step.metadata.file_path.clone())
            .field(field)
            .stored(stored)
            .recomputed(recomputed)
    });
}

fn show(hash: Option<Fingerprint>) -> String {
    hash.map_or_else(|| "NULL".to_owned(), |hash| hash.to_string())
}
