//! A model of the history: the same rules, written as plainly as possible.

use cds_model::match_namesakes;

use super::tree::{Expected, Tree, is_not_asked};

/// A definition that is followed.
#[derive(Debug, Clone)]
struct Followed {
    number: i64,
    last: Expected,
    is_present: bool,
}

/// One history row: run, transition, number of the definition, and a text of its kind, location, previous location and
/// changes.
pub(crate) type Row = (i64, String, i64, String);

/// All definitions of a project.
#[derive(Debug, Default)]
pub(crate) struct Model {
    followed: Vec<Followed>,
}

impl Model {
    /// Applies the next snapshot of the project, and returns its history rows. `count` numbers the definitions of the
    /// whole database.
    pub(crate) fn advance(&mut self, run: i64, tree: &Tree, count: &mut i64) -> Vec<Row> {
        let mut rows = Vec::new();
        let seen = tree.expected();
        let held =
            |path: &str| tree.unreadable.iter().any(|held| path == held || path.starts_with(&format!("{held}/")));
        let same = self.same_names(&seen);
        let (mut removed, mut stays) = (Vec::new(), Vec::new());
        for unit in self.followed.drain(..) {
            let is_same = same.contains(&Some(unit.number));
            let is_removed = unit.is_present && !is_same && !held(&unit.last.file_path);
            if is_removed { removed.push(unit) } else { stays.push(unit) }
        }
        self.followed = stays;
        for (new, same) in seen.iter().cloned().zip(same) {
            if let Some(number) = same {
                let unit = self.followed.iter_mut().find(|unit| unit.number == number).unwrap();
                let new = with_followed_intent(new, Some(&unit.last));
                let (code, intent) = (unit.last.code != new.code, has_other_intent(&unit.last, &new));
                let transition = if code { "changed" } else { "intent_changed" };
                if code || intent {
                    let from = other_number(&unit.last, &new);
                    rows.push((run, transition.to_owned(), unit.number, describe(&new, &from, code, intent)));
                }
                unit.last = new;
                continue;
            }
            let moved = removed.iter().position(|unit| unit.last.kind == new.kind && unit.last.code == new.code);
            let (mut unit, transition, from) = if let Some(place) = moved {
                let unit = removed.remove(place);
                let from = at(&unit.last);
                (unit, "moved", from)
            } else if let Some(place) = self.returned(&new, &seen) {
                let unit = self.followed.remove(place);
                let from = other_number(&unit.last, &new);
                (unit, "returned", from)
            } else {
                *count += 1;
                (Followed { number: *count, last: new.clone(), is_present: true }, "added", String::new())
            };
            let new = with_followed_intent(new, (transition != "added").then_some(&unit.last));
            let is_other = transition != "added" && has_other_intent(&unit.last, &new);
            let (code, intent) = (unit.last.code != new.code, is_other);
            rows.push((run, transition.to_owned(), unit.number, describe(&new, &from, code, intent)));
            (unit.last, unit.is_present) = (new, true);
            self.followed.push(unit);
            self.followed.sort_by_key(|unit| unit.number);
        }
        for mut unit in removed {
            unit.is_present = false;
            rows.push((run, "removed".to_owned(), unit.number, describe(&unit.last, "", false, false)));
            self.followed.push(unit);
        }
        self.followed.sort_by_key(|unit| unit.number);
        rows.sort();
        rows
    }

    /// For each definition, the number of the known definition with its names; namesakes are matched by code.
    fn same_names(&self, seen: &[Expected]) -> Vec<Option<i64>> {
        let mut same = vec![None; seen.len()];
        for first in seen.iter().filter(|first| first.ordinal == 1) {
            let places: Vec<usize> = (0..seen.len()).filter(|place| has_same_names(&seen[*place], first)).collect();
            let is_old = |unit: &&Followed| unit.is_present && has_same_names(&unit.last, first);
            let mut old: Vec<&Followed> = self.followed.iter().filter(is_old).collect();
            old.sort_by_key(|unit| unit.last.ordinal);
            let before: Vec<&str> = old.iter().map(|unit| unit.last.code.as_str()).collect();
            let after: Vec<&str> = places.iter().map(|place| seen[*place].code.as_str()).collect();
            let declared = |codes: &[&str]| codes.iter().map(|code| code.lines().next().map(str::to_owned)).collect();
            for (one, other) in match_namesakes(&before, &after, || [declared(&before), declared(&after)]) {
                same[places[other]] = Some(old[one].number);
            }
        }
        same
    }

    /// The last removed definition with the same code, or with the same ordinal if no namesakes exist.
    fn returned(&self, new: &Expected, seen: &[Expected]) -> Option<usize> {
        let is_one = |unit: &Followed| !unit.is_present && has_same_names(&unit.last, new);
        let is_alone = seen.iter().filter(|other| has_same_names(other, new)).count() == 1;
        let by_code = self.followed.iter().rposition(|unit| is_one(unit) && unit.last.code == new.code);
        by_code.or_else(|| {
            self.followed.iter().rposition(|unit| is_one(unit) && is_alone && unit.last.ordinal == new.ordinal)
        })
    }

    /// Every definition: number, location and state.
    pub(crate) fn units(&self) -> Vec<(i64, String)> {
        let state = |unit: &Followed| if unit.is_present { "present" } else { "removed" };
        self.followed.iter().map(|unit| (unit.number, format!("{} {}", at(&unit.last), state(unit)))).collect()
    }
}

fn has_same_names(left: &Expected, right: &Expected) -> bool {
    (left.kind, &left.file_path, &left.name) == (right.kind, &right.file_path, &right.name)
}

/// The previous ordinal, if it changed.
fn other_number(old: &Expected, new: &Expected) -> String {
    if old.ordinal == new.ordinal { String::new() } else { at(old) }
}

/// Whoever was not asked about has the intent that was known before.
fn with_followed_intent(new: Expected, last: Option<&Expected>) -> Expected {
    let intent = if is_not_asked(new.intent) { last.map_or(0, |last| last.intent) } else { new.intent };
    Expected { intent, ..new }
}

/// Failed intents are equal, whatever the reason.
fn has_other_intent(left: &Expected, right: &Expected) -> bool {
    let is_failed = |expected: &Expected| expected.intent % 5 == 4;
    left.intent != right.intent && !(is_failed(left) && is_failed(right))
}

fn at(expected: &Expected) -> String {
    format!("{}::{}#{}", expected.file_path, expected.name, expected.ordinal)
}

/// The text of a history row in these tests.
fn describe(expected: &Expected, from: &str, code: bool, intent: bool) -> String {
    let changed = match (code, intent) {
        (false, false) => "",
        (true, false) => "code",
        (false, true) => "intent",
        (true, true) => "code intent",
    };
    format!("{} {} from {from} changed {changed}", expected.kind, at(expected))
}
