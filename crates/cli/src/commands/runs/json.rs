//! Rows of the accounts as JSON: every field under the name of its column.

use cds_persistence::{
    ChainRow, Counted, DetailsRow, EnrichmentRow, ErrorGroup, Invocation, InvocationDetails, LedgerRow, RunId,
    SnapshotRow, StageRow,
};
use serde_json::{Value, json};

use super::{facts, proof::Proof};

/// With the row that chains its snapshot, where it has one.
pub(super) fn invocation(invocation: &Invocation, chained: Option<&ChainRow>) -> Value {
    json!({
        "snapshot_id": invocation.snapshot_id.map(|id| id.0),
        "snapshot_root": chained.map(|row| &row.snapshot_root),
        "chain_head": chained.map(|row| &row.hash),
        "ledger_id": invocation.ledger.as_ref().map(|row| &row.run_id),
        "status": invocation.status(),
        "started_at": invocation.started_at(),
        "duration_seconds": facts::duration_seconds(invocation),
        "llm_calls": invocation.llm_calls,
        "tokens": invocation.tokens,
        "details": invocation.details.as_ref().map(of_details),
        "ledger": invocation.ledger.as_ref().map(|row| ledger(row, invocation.snapshot_id)),
        "snapshot": invocation.snapshot.as_ref().map(snapshot),
        "enrichment": invocation.enrichment.as_ref().map(|row| enrichment(row, invocation.snapshot_id)),
    })
}

fn ledger(row: &LedgerRow, snapshot_id: Option<RunId>) -> Value {
    json!({
        "run_id": row.run_id,
        "subject": row.subject,
        "notes": row.notes,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "status": row.status,
        "snapshot_id": snapshot_id.map(|id| id.0),
        "error": row.error,
        "closed_by": row.closed_by,
        "command": row.command,
        "tool_version": row.tool_version,
        "host": row.host,
        "pid": row.pid,
        "root_path": row.root_path,
        "code_ref": row.code_ref,
        "code_ref_note": row.code_ref_note,
        "trace_id": row.trace_id,
        "telemetry_recorded": row.telemetry_recorded,
        "telemetry_written": row.telemetry_written,
        "telemetry_dropped": row.telemetry_dropped,
    })
}

/// What is no JSON is no request.
fn of_details(row: &DetailsRow) -> Value {
    let request = row.request.as_deref().and_then(|stored| serde_json::from_str::<Value>(stored).ok());
    json!({
        "role": row.role,
        "request": request,
        "heartbeat_at": row.heartbeat_at,
        "expires_at": row.expires_at,
        "answered_count": row.answered_count,
        "selected_count": row.selected_count,
    })
}

fn snapshot(row: &SnapshotRow) -> Value {
    json!({
        "id": row.id.0,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "root_path": row.root_path,
        "provider_url": row.provider_url,
        "model": row.model,
        "scope": row.scope,
        "progress_batch_size": row.progress_batch_size,
        "status": row.status,
        "analyzer_error_count": row.analyzer_error_count,
        "intent_failed_count": row.intent_failed_count,
        "record_count": row.record_count,
    })
}

fn enrichment(row: &EnrichmentRow, run_id: Option<RunId>) -> Value {
    json!({
        "run_id": run_id.map(|id| id.0),
        "selected_count": row.selected_count,
        "asked_count": row.asked_count,
        "reused_count": row.reused_count,
        "shared_count": row.shared_count,
        "failed_count": row.failed_count,
        "retried_count": row.retried_count,
        "call_count": row.call_count,
        "cut_count": row.cut_count,
        "prompt_tokens": row.prompt_tokens,
        "answer_tokens": row.answer_tokens,
        "elapsed_seconds": row.elapsed_seconds,
        "mean_latency_seconds": row.mean_latency_seconds,
        "p95_latency_seconds": row.p95_latency_seconds,
    })
}

pub(super) fn stage(row: &StageRow) -> Value {
    json!({
        "run_id": row.run_id,
        "ledger_id": row.ledger_id,
        "stage": row.stage,
        "status": row.status,
        "source": row.source,
        "error": row.error,
        "input_fingerprint": row.input_fingerprint,
        "code_ref": row.code_ref,
        "code_ref_note": row.code_ref_note,
        "config_hash": row.config_hash,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "rows_in": row.rows_in,
        "rows_out": row.rows_out,
        "duration_seconds": row.duration_seconds,
        "llm_calls": row.llm_calls,
        "tokens": row.tokens,
        "trace_id": row.trace_id,
    })
}

/// The same object as [`invocation`] with what hangs on it.
pub(super) fn details(found: &Invocation, details: &InvocationDetails, proof: Option<&Proof>) -> Value {
    let mut object = invocation(found, proof.map(|proof| &proof.row));
    object["history"] = proof.map_or(Value::Null, |proof| counted(&proof.transitions));
    object["stages"] = details.stages.iter().map(stage).collect();
    object["records_by_kind"] = counted(&details.records_by_kind);
    object["analyzer_errors"] = groups(&details.analyzer_errors);
    object["not_read"] = details
        .not_read
        .iter()
        .map(|row| json!({ "ending": row.ending, "reason": row.reason, "file_count": row.file_count }))
        .collect();
    object["intent_errors"] = groups(&details.intent_errors);
    object["telemetry"] = counted(&details.telemetry);
    object["telemetry_tokens"] = details.telemetry_tokens.into();
    object["decisions"] = counted(&details.decisions);
    object["call_failures"] = counted(&details.call_failures);
    object
}

pub(super) fn counted(items: &[Counted]) -> Value {
    items.iter().map(|item| json!({ "name": item.name, "count": item.count })).collect()
}

fn groups(items: &[ErrorGroup]) -> Value {
    let group = |item: &ErrorGroup| json!({ "reason": item.reason, "count": item.count, "example": item.example });
    items.iter().map(group).collect()
}
