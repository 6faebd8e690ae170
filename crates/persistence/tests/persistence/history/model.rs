//! What must become of definitions from snapshot to snapshot: the rules once more, as plainly as they can be said.

use super::tree::{Expected, Tree};

/// A definition that is followed.
#[derive(Debug, Clone)]
struct Followed {
    number: i64,
    last: Expected,
    is_present: bool,
}

/// One row of the history: run, transition, number of the unit, and as one text its kind, place, place before and what
/// changed.
pub(crate) type Row = (i64, String, i64, String);

/// All definitions of a project.
#[derive(Debug, Default)]
pub(crate) struct Model {
    followed: Vec<Followed>,
}

impl Model {
    /// Takes the next snapshot of the project, and says what became of its definitions. `count` counts the units of the
    /// whole database.
    pub(crate) fn advance(&mut self, run: i64, tree: &Tree, count: &mut i64) -> Vec<Row> {
        let mut rows = Vec::new();
        let seen = tree.expected();
        let has_same = |unit: &Followed| seen.iter().any(|new| is_same_place(new, &unit.last));
        let held =
            |path: &str| tree.unreadable.iter().any(|held| path == held || path.starts_with(&format!("{held}/")));
        let (mut gone, mut stays) = (Vec::new(), Vec::new());
        for unit in self.followed.drain(..) {
            let is_gone = unit.is_present && !has_same(&unit) && !held(&unit.last.file_path);
            if is_gone { gone.push(unit) } else { stays.push(unit) }
        }
        self.followed = stays;
        for new in seen {
            let same = self.followed.iter_mut().find(|unit| unit.is_present && is_same_place(&new, &unit.last));
            if let Some(unit) = same {
                let (code, intent) = (unit.last.code != new.code, has_other_intent(&unit.last, &new));
                let transition = if code { "changed" } else { "intent_changed" };
                if code || intent {
                    rows.push((run, transition.to_owned(), unit.number, told(&new, "", code, intent)));
                }
                unit.last = new;
                continue;
            }
            let moved = gone.iter().position(|unit| unit.last.kind == new.kind && unit.last.code == new.code);
            let returned = self.followed.iter().rposition(|unit| !unit.is_present && is_same_place(&new, &unit.last));
            let (mut unit, transition, from) = if let Some(place) = moved {
                let unit = gone.remove(place);
                let from = at(&unit.last);
                (unit, "moved", from)
            } else if let Some(place) = returned {
                (self.followed.remove(place), "returned", String::new())
            } else {
                *count += 1;
                (Followed { number: *count, last: new.clone(), is_present: true }, "added", String::new())
            };
            let (code, intent) = (unit.last.code != new.code, has_other_intent(&unit.last, &new));
            rows.push((run, transition.to_owned(), unit.number, told(&new, &from, code, intent)));
            (unit.last, unit.is_present) = (new, true);
            self.followed.push(unit);
            self.followed.sort_by_key(|unit| unit.number);
        }
        for mut unit in gone {
            unit.is_present = false;
            rows.push((run, "removed".to_owned(), unit.number, told(&unit.last, "", false, false)));
            self.followed.push(unit);
        }
        self.followed.sort_by_key(|unit| unit.number);
        rows.sort();
        rows
    }

    /// Every unit: number, place and state.
    pub(crate) fn units(&self) -> Vec<(i64, String)> {
        let state = |unit: &Followed| if unit.is_present { "present" } else { "removed" };
        self.followed.iter().map(|unit| (unit.number, format!("{} {}", at(&unit.last), state(unit)))).collect()
    }
}

fn is_same_place(left: &Expected, right: &Expected) -> bool {
    (left.kind, &left.file_path, &left.name, left.ordinal) == (right.kind, &right.file_path, &right.name, right.ordinal)
}

/// A failed intent is like another, whatever the reason.
fn has_other_intent(left: &Expected, right: &Expected) -> bool {
    let is_failed = |expected: &Expected| expected.intent % 5 == 4;
    left.intent != right.intent && !(is_failed(left) && is_failed(right))
}

fn at(expected: &Expected) -> String {
    format!("{}::{}#{}", expected.file_path, expected.name, expected.ordinal)
}

/// As the rows of the history are told in the tests.
fn told(expected: &Expected, from: &str, code: bool, intent: bool) -> String {
    let changed = match (code, intent) {
        (false, false) => "",
        (true, false) => "code",
        (false, true) => "intent",
        (true, true) => "code intent",
    };
    format!("{} {} from {from} changed {changed}", expected.kind, at(expected))
}
