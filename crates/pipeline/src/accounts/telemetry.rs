//! What happens on the way, as entries of the telemetry.

use cds_model::{AnalyzerError, Stage, StageEnd, TelemetryEntry, TelemetryType, Timestamp};
use serde_json::{Value, json};

/// An entry of the moment `at`.
pub(super) fn entry(
    at: Timestamp,
    log_type: TelemetryType,
    subject: Option<String>,
    details: &Value,
    error: Option<&Value>,
) -> TelemetryEntry {
    TelemetryEntry {
        recorded_at: at,
        log_type,
        subject,
        event_details: details.to_string(),
        error_metadata: error.map(Value::to_string),
    }
}

/// A file of which something is missing.
pub(crate) fn analyzer_error(at: Timestamp, error: &AnalyzerError) -> TelemetryEntry {
    let subject = match error.line {
        Some(line) => format!("{}:{line}", error.file_path),
        None => error.file_path.clone(),
    };
    let details = json!({ "what": "analyzer_error", "reason": error.reason });
    entry(at, TelemetryType::Error, Some(subject), &details, Some(&json!({ "reason": error.reason })))
}

pub(super) fn stage_began(at: Timestamp, stage: Stage) -> TelemetryEntry {
    entry(at, TelemetryType::Stage, None, &json!({ "stage": stage.as_str(), "event": "began" }), None)
}

pub(super) fn stage_ended(at: Timestamp, stage: Stage, end: &StageEnd) -> TelemetryEntry {
    let details = json!({
        "stage": stage.as_str(),
        "event": "ended",
        "status": end.status.as_str(),
        "source": end.source.as_str(),
        "rows_in": end.rows_in,
        "rows_out": end.rows_out,
        "duration_seconds": end.duration.as_secs_f64(),
    });
    let error = end.error.as_ref().map(|error| json!({ "reason": error }));
    entry(at, TelemetryType::Stage, None, &details, error.as_ref())
}
