//! The answer as one JSON object: a contract, changed only by adding fields.

use cds_persistence::RecordedUnit;
use serde_json::{Map, Value, json};

use super::{
    Answer, History, Step,
    sides::{Side, Sides},
    unified::{NOWHERE, Text, patch},
};
use cds_terminal::text::safe_line;

use crate::arguments::object;

/// Grows when a field changes its meaning or goes.
const SCHEMA_VERSION: u32 = 1;

pub(super) fn of(answer: &Answer) -> Value {
    let mut fields = json!({
        "schema_version": SCHEMA_VERSION,
        "tool_version": env!("CARGO_PKG_VERSION"),
        "unit": null,
        "transition_count": 0,
        "transitions": [],
        "candidate_count": 0,
        "candidates": [],
    });
    match answer {
        Answer::One(history) => {
            fields["unit"] = with_details(history);
            fields["transition_count"] = history.step_count.into();
            fields["transitions"] = history.steps.iter().map(transition).collect();
        }
        Answer::Several(units, count) => {
            fields["candidate_count"] = (*count).into();
            fields["candidates"] = json!(units);
        }
    }
    fields
}

fn with_details(history: &History) -> Value {
    let mut fields = object(&history.unit);
    fields["definition_count"] = history.definition_count.into();
    let earlier = history.earlier.iter().map(|(origin, run_id)| {
        json!({
            "file_path": origin.file_path,
            "name": origin.name,
            "ordinal": origin.ordinal,
            "until_run_id": run_id,
        })
    });
    fields["earlier_names"] = earlier.collect();
    fields
}

fn transition(step: &Step) -> Value {
    let row = &step.row;
    // What is no JSON is still shown as what it is.
    let metadata: Value = serde_json::from_str(&row.metadata).unwrap_or_else(|_| row.metadata.as_str().into());
    let mut fields = object(row);
    fields["metadata"] = metadata;
    if let (Some(sides), Some(fields)) = (&step.sides, fields.as_object_mut()) {
        add_sides(fields, step, sides);
    }
    fields
}

fn add_sides(fields: &mut Map<String, Value>, step: &Step, sides: &Sides) {
    fields.insert("before".to_owned(), side(&sides.before));
    fields.insert("after".to_owned(), side(&sides.after));
    let is_known = sides.before.is_known() && sides.after.is_known();
    let [code, intent] = diffs(step, sides);
    fields.insert("code_diff".to_owned(), is_known.then_some(code).into());
    fields.insert("intent_diff".to_owned(), is_known.then_some(intent).into());
}

fn side(side: &Side) -> Value {
    let mut fields = side.record().map_or_else(|| json!({}), object);
    fields["state"] = side.state().into();
    fields
}

/// The diffs of the code and of the intent.
fn diffs(step: &Step, sides: &Sides) -> [String; 2] {
    let (before, after) = (sides.before.record(), sides.after.record());
    let names = step.metadata.as_ref().map(|metadata| {
        let path_before = metadata.from.as_ref().map_or(&metadata.file_path, |origin| &origin.file_path);
        let name = |record: Option<&RecordedUnit>, path: &str| match record {
            // A path may hold what would end the line.
            Some(record) => format!("{}\trun {}", safe_line(path), record.run_id),
            None => NOWHERE.to_owned(),
        };
        [name(before, path_before), name(after, &metadata.file_path)]
    });
    let Some(names) = names else { return [String::new(), String::new()] };
    [patch(&names, code(before), code(after)), patch(&names, intent(before), intent(after))]
}

/// The code of a record; nothing where there is none.
pub(super) fn code(record: Option<&RecordedUnit>) -> Text<'_> {
    record.map_or(Text::NOTHING, |record| Text { text: &record.raw_code, first_line: record.start_line })
}

fn intent(record: Option<&RecordedUnit>) -> Text<'_> {
    let text = record.and_then(|record| record.intent.as_deref());
    Text { text: text.unwrap_or_default(), first_line: 1 }
}
