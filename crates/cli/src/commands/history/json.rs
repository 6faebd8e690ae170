//! The answer as one JSON object: a contract, changed only by adding fields.

use cds_persistence::{RecordedUnit, StoredUnit};
use serde_json::{Map, Value, json};

use super::{
    Answer, History, Step,
    sides::{Side, Sides},
    unified::{NOWHERE, Text, patch},
};
use cds_terminal::text::safe_line;

/// Grows when a field changes its meaning or goes.
const SCHEMA_VERSION: u32 = 1;

pub(super) fn object(answer: &Answer) -> Value {
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
            fields["candidates"] = units.iter().map(unit).collect();
        }
    }
    fields
}

fn unit(unit: &StoredUnit) -> Value {
    json!({
        "unit_id": unit.id,
        "project": unit.project,
        "part": unit.part,
        "file_path": unit.file_path,
        "kind": unit.kind,
        "name": unit.name,
        "ordinal": unit.ordinal,
        "is_present": unit.is_present,
        "first_run_id": unit.first_run.0,
        "last_run_id": unit.last_run.0,
        "last_seen_at": unit.last_seen_at,
        "content_hash": unit.content_hash,
    })
}

fn with_details(history: &History) -> Value {
    let mut fields = unit(&history.unit);
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
    let mut fields = json!({
        "sequence": row.sequence,
        "run_id": row.run_id.0,
        "is_snapshot_stored": row.is_stored,
        "ledger_id": row.ledger_id,
        "code_ref": row.code_ref,
        "recorded_at": row.recorded_at,
        "transition": row.transition,
        "previous_content_hash": row.previous_content_hash,
        "content_hash": row.content_hash,
        "actor": row.actor,
        "reasoning": row.reasoning,
        "metadata": metadata,
        "previous_hash": row.previous_hash,
        "hash": row.hash,
    });
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
    let mut fields = json!({ "state": side.state() });
    if let Some(record) = side.record() {
        fields["run_id"] = record.run_id.0.into();
        fields["start_line"] = record.start_line.into();
        fields["end_line"] = record.end_line.into();
        fields["raw_code"] = record.raw_code.as_str().into();
        fields["intent"] = record.intent.as_deref().into();
        fields["intent_status"] = record.intent_status.as_str().into();
        fields["intent_error"] = record.intent_error.as_deref().into();
        fields["content_hash"] = record.content_hash.as_str().into();
    }
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
