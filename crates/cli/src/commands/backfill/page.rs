//! The summary of `cds backfill`, and of its dry run.

use std::{path::Path, time::Duration};

use cds_pipeline::backfill::{Backfilled, Outlook};
use cds_terminal::fields::Fields;
use serde_json::{Map, Value, json};

use super::{super::dry_run::SummaryFormat, size_of};
use crate::{arguments::write_object, failure::Failure, output::Output};

/// Records that are written in a second, as measured; a rough figure.
const RECORDS_PER_SECOND: u64 = 15_000;
pub(super) fn write_summary(
    done: &Backfilled,
    present_count: usize,
    elapsed: Duration,
    path: &Path,
    format: SummaryFormat,
) {
    let seconds = (elapsed.as_secs_f64() * 10.0).round() / 10.0;
    let mut object = Map::new();
    let mut add = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    add("saved", done.saved_count.into());
    add("present", present_count.into());
    add("first_run_id", done.runs.map(|(first, _)| first.0).into());
    add("last_run_id", done.runs.map(|(_, last)| last.0).into());
    add("db_path", path.to_string_lossy().into());
    add("database_bytes", size_of(path).into());
    add("merges", done.merge_count.into());
    add("blobs_parsed", done.read.blob_count.into());
    add("bytes_parsed", done.read.byte_count.into());
    add("record_count", done.record_count.into());
    add("incomplete", done.incomplete_count.into());
    add("calls", done.call_count.into());
    add("seconds", seconds.into());
    for (transition, count) in &done.transitions {
        add(transition.as_str(), (*count).into());
    }
    let run = done.runs.map_or_else(String::new, |(_, last)| format!("runs up to {last} are saved"));
    Output::Stdout.report(&run, |writer| match format {
        SummaryFormat::Table => writeln!(writer, "{}", fields("backfilled", &object)),
        SummaryFormat::Json => write_object(writer, Value::Object(object.clone())),
    });
}

fn fields(name: &str, object: &Map<String, Value>) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    object.iter().fold(Fields::new(name), |fields, (name, value)| fields.field(name, text(value))).finish()
}

pub(super) fn write_outlook(
    outlook: &Outlook,
    present_count: usize,
    parsing: Duration,
    format: SummaryFormat,
) -> Result<(), Failure> {
    let forecast = &outlook.forecast;
    let writing = Duration::from_millis(outlook.record_count * 1_000 / RECORDS_PER_SECOND);
    let asking = outlook.estimate.and_then(|estimate| estimate.seconds);
    let object = json!({
        "snapshots": outlook.snapshot_count,
        "present": present_count,
        "blobs": outlook.read.blob_count,
        "source_bytes": outlook.read.byte_count,
        "records": outlook.record_count,
        "code_bytes": outlook.code_bytes,
        "questions": forecast.question_count,
        "kept": forecast.kept_count,
        "calls": forecast.call_count,
        "estimated_prompt_tokens": outlook.estimate.map(|estimate| estimate.prompt_tokens),
        "estimated_answer_tokens": outlook.estimate.map(|estimate| estimate.answer_tokens),
        "estimated_seconds": asking.map(|asking| asking + (parsing + writing).as_secs()),
    });
    let Value::Object(object) = object else { return Ok(()) };
    Output::Stdout.write(|writer| match format {
        SummaryFormat::Table => writeln!(writer, "{}", fields("planned", &object)),
        SummaryFormat::Json => write_object(writer, Value::Object(object.clone())),
    })
}
