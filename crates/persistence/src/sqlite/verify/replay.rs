//! Replays the history: the state that `units` must have, according to the history and the existing records.
//!
//! Each definition needs about 250 bytes, regardless of the size of its code and names.

use std::collections::HashMap;

use cds_model::{Fingerprint, Transition, UnitKey, derived_intent, followed_intent, not_asked_intent};

use super::{
    super::history::unit_hash,
    chain::Entry,
    findings::Findings,
    history::{Metadata, Renumbered, Step},
};
use crate::{Deviation, DeviationKind, RunId, table::unit_history};

/// The replayed state of a definition.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: i64,
    /// Its index in the list of [`Part`]s.
    pub(super) part: usize,
    /// The hash of its names.
    pub(super) key: u128,
    pub(super) is_present: bool,
    pub(super) first_run: RunId,
    /// The last run that is known to have it.
    pub(super) last_run: RunId,
    pub(super) content: Option<Fingerprint>,
    pub(super) code: Option<Fingerprint>,
    pub(super) intent: Option<Fingerprint>,
    /// The run of the last row that changed its intent.
    intent_run: RunId,
    /// The run and the number of its last row.
    changed: (RunId, i64),
    /// The last run whose records were read and had it.
    seen_in: Option<RunId>,
}

impl Known {
    /// The number of its last row.
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
    /// Snapshots whose records are missing or were not read, in order. It is unknown which definitions they had.
    blind: Vec<RunId>,
}

/// All definitions, followed from snapshot to snapshot.
#[derive(Debug, Default)]
pub(super) struct Replay {
    units: Vec<Known>,
    by_id: HashMap<i64, usize>,
    /// Present definitions by part and hash of their names.
    by_key: HashMap<(usize, u128), usize>,
    parts: Vec<Part>,
}

/// A record as it was written. For an altered record, only the stored content hash is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) content: Option<Fingerprint>,
    pub(super) code: Option<Fingerprint>,
    pub(super) intent: Option<Fingerprint>,
}

impl Replay {
    pub(super) fn unit(&self, id: i64) -> Option<&Known> {
        self.by_id.get(&id).map(|index| &self.units[*index])
    }

    pub(super) fn units(&self) -> &[Known] {
        &self.units
    }

    pub(super) fn part(&self, unit: &Known) -> &Part {
        &self.parts[unit.part]
    }

    /// Whether the state of a present definition is from the last snapshot that may have had it.
    pub(super) fn is_certain(&self, unit: &Known) -> bool {
        // A later snapshot without records may have moved its lines, which needs no history row.
        self.part(unit).blind.last().is_none_or(|run| *run <= unit.last_run)
    }

    /// Whether `run` may be the last run that had a definition.
    pub(super) fn may_be_last(&self, unit: &Known, run: RunId) -> bool {
        let is_later = || run > unit.last_run && self.part(unit).blind.contains(&run);
        // A later snapshot without records may have had it unchanged, which needs no history row.
        run == unit.last_run || (unit.is_present && is_later())
    }

    /// Applies one history row.
    pub(super) fn follow(&mut self, step: &Step<'_>, entry: Option<&Entry>, findings: &mut Findings) {
        let key = unit_hash(&step.metadata.key());
        let part = self.part_of(entry);
        if let Some(wrong) = self.renumber(&step.metadata, part) {
            report(step, "metadata renumbered", &wrong, "existing definitions", findings);
        }
        let Some(index) = self.by_id.get(&step.unit).copied() else {
            if step.transition != Transition::Added || step.previous.is_some() {
                report(step, "transition", step.transition.as_str(), "added", findings);
            }
            // Add it anyway, so that one wrong first row does not make all later rows of the definition wrong.
            self.add(step, key, part);
            return;
        };
        let unit = &self.units[index];
        let is_possible = match step.transition {
            Transition::Added => false,
            Transition::Returned => !unit.is_present,
            Transition::Changed | Transition::IntentChanged | Transition::Moved | Transition::Removed => {
                unit.is_present
            }
        };
        // A definition never changes its part. Rows after the chain have no `entry` and are reported elsewhere.
        if !is_possible || entry.is_some() && unit.part != part {
            let state = if unit.is_present { "present" } else { "removed" };
            report(step, "transition", step.transition.as_str(), &format!("of a {state} definition"), findings);
        }
        // Names change only by a move, except that a returning definition may get another ordinal.
        let is_returning = || step.metadata.key_before().is_some_and(|before| unit_hash(&before) == unit.key);
        let is_known = unit.key == key || step.transition == Transition::Returned && is_returning();
        if step.transition != Transition::Moved && !is_known {
            report(step, "metadata", &step.metadata.name, "the previous names", findings);
        }
        // After a snapshot without records, the previous content is one that was never read.
        let is_certain = !unit.is_present || self.is_certain(unit);
        if is_certain && unit.content.is_some() && step.previous != unit.content {
            let (stored, known) = (show(step.previous), show(unit.content));
            report(step, "previous_content_hash", &stored, &known, findings);
        }
        if unit.is_present {
            self.leave(index);
        }
        self.change(index, step, key, findings);
    }

    fn add(&mut self, step: &Step<'_>, key: u128, part: usize) {
        let index = self.units.len();
        self.units.push(Known {
            id: step.unit,
            part,
            key,
            is_present: true,
            first_run: step.run,
            last_run: step.run,
            content: step.content,
            // History rows lack the hash of the code; the next record provides it.
            code: None,
            intent: step.metadata.derived.then(derived_intent),
            intent_run: step.run,
            changed: (step.run, step.sequence),
            seen_in: None,
        });
        self.by_id.insert(step.unit, index);
        self.enter(index);
    }

    fn change(&mut self, index: usize, step: &Step<'_>, key: u128, findings: &mut Findings) {
        let unit = &mut self.units[index];
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
        // What changed is unknown until the next record provides its hash.
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
        self.enter(index);
    }

    /// Applies the new ordinals in the row of a file; returns a definition that does not exist.
    fn renumber(&mut self, metadata: &Metadata<'_>, part: usize) -> Option<String> {
        let file_path = &*metadata.file_path;
        let mut moves = Vec::new();
        for Renumbered { kind, name, from, to, count } in &metadata.renumbered {
            for step in 0..*count {
                let key =
                    |first: u32| unit_hash(&UnitKey { file_path, kind, name, ordinal: first.saturating_add(step) });
                let Some(&index) = self.by_key.get(&(part, key(*from))) else {
                    return Some(format!("{kind} {name}#{}", from.saturating_add(step)));
                };
                moves.push((index, key(*to)));
            }
        }
        // All old keys go first: the new key of one definition may be the old key of another.
        for (index, _) in &moves {
            self.by_key.remove(&(part, self.units[*index].key));
        }
        for (index, key) in moves {
            self.units[index].key = key;
            self.by_key.insert((part, key), index);
        }
        None
    }

    fn enter(&mut self, index: usize) {
        let unit = &self.units[index];
        self.by_key.insert((unit.part, unit.key), index);
        self.parts[unit.part].present_count += 1;
    }

    fn leave(&mut self, index: usize) {
        let unit = &self.units[index];
        // A definition that was renamed to its names may have replaced it already.
        if self.by_key.get(&(unit.part, unit.key)) == Some(&index) {
            self.by_key.remove(&(unit.part, unit.key));
        }
        self.parts[unit.part].present_count -= 1;
    }

    fn part_of(&mut self, entry: Option<&Entry>) -> usize {
        // Rows after the chain belong to no known part and share a nameless one.
        let (project, part) = entry.map_or(("", ""), |entry| (&entry.project, &entry.part));
        if let Some(index) = self.parts.iter().position(|known| known.project == project && known.name == part) {
            return index;
        }
        let (project, name) = (project.to_owned(), part.to_owned());
        self.parts.push(Part { project, name, present_count: 0, blind: Vec::new() });
        self.parts.len() - 1
    }

    /// Records that the records of a snapshot are missing or were not read.
    pub(super) fn pass(&mut self, entry: &Entry) {
        let part = self.part_of(Some(entry));
        self.parts[part].blind.push(entry.run);
    }

    /// Compares a record of the snapshot of `entry` with the history, and updates the state of its definition. Returns
    /// the field that differs.
    ///
    /// `is_derived` says that its intent comes from the embedded provider.
    pub(super) fn see(
        &mut self,
        entry: &Entry,
        key: &UnitKey<'_>,
        seen: &Seen,
        is_derived: bool,
    ) -> Option<&'static str> {
        let part = self.part_of(Some(entry));
        let Some(&index) = self.by_key.get(&(part, unit_hash(key))) else { return Some("name") };
        let unit = &self.units[index];
        let is_other = |known: Option<Fingerprint>, seen| known.zip(seen).is_some_and(|(known, seen)| known != seen);
        // In the run of its last row the whole content must match. In later runs, lines may differ without a row, so
        // only code and intent are compared.
        let wrong = if unit.changed.0 == entry.run {
            is_other(unit.content, seen.content).then_some("content_hash")
        } else if is_other(unit.code, seen.code) {
            Some("code")
        } else {
            let stored =
                unit.intent.zip(seen.intent).map(|(known, seen)| followed_intent(is_derived, Some(known), seen));
            is_other(unit.intent, stored).then_some("intent")
        };
        let unit = &mut self.units[index];
        unit.last_run = entry.run;
        unit.seen_in = Some(entry.run);
        unit.content = seen.content;
        unit.code = seen.code.or(unit.code);
        // The history takes over a derived sentence, or that none was asked for, only if a row of this run recorded it.
        let is_stopgap = is_derived || seen.intent == Some(not_asked_intent());
        if !is_stopgap || unit.intent.is_none() && unit.intent_run == entry.run {
            unit.intent = seen.intent.map(|seen| followed_intent(false, None, seen)).or(unit.intent);
        }
        wrong
    }

    /// Present definitions that were not among the `seen_count` records of a snapshot.
    pub(super) fn missing(&mut self, entry: &Entry, seen_count: usize) -> Vec<(i64, i64)> {
        let part = self.part_of(Some(entry));
        // The usual case; it saves a scan of all definitions for each snapshot.
        if self.parts[part].present_count == seen_count {
            return Vec::new();
        }
        let is_missing = |unit: &&Known| unit.part == part && unit.is_present && unit.seen_in != Some(entry.run);
        self.units.iter().filter(is_missing).map(|unit| (unit.id, unit.last_sequence())).collect()
    }
}

/// Applies the last known state that a `removed` row carries in its metadata.
fn last_seen(unit: &mut Known, step: &Step<'_>, findings: &mut Findings) {
    let Metadata { last_run, code_hash, intent_hash, .. } = &step.metadata;
    if let Some(run) = *last_run {
        unit.last_run = RunId(run);
    }
    for (name, known, stored) in
        [("code_hash", &mut unit.code, code_hash), ("intent_hash", &mut unit.intent, intent_hash)]
    {
        let stored = stored.as_ref().and_then(|text| text.parse().ok());
        if known.is_some() && stored.is_some() && *known != stored {
            report(step, &format!("metadata {name}"), &show(stored), &show(*known), findings);
        }
        // If the last snapshot was pruned, this row is the only source of the hash.
        *known = stored.or(*known);
    }
}

fn report(step: &Step<'_>, field: &str, stored: &str, recomputed: &str, findings: &mut Findings) {
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
