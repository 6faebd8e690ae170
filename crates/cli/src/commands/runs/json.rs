//! Rows of the accounts as JSON: every field under the name of its column.

use cds_persistence::{ChainRow, EnrichmentRow, Invocation, InvocationDetails, LedgerRow, RunId};
use serde::Serialize;
use serde_json::{Value, json};

use super::{facts, proof::Proof};
use crate::arguments::object;

/// A row of the ledger; the snapshot is one that is known to be its own.
#[derive(Serialize)]
struct Ledger<'a> {
    #[serde(flatten)]
    row: &'a LedgerRow,
    snapshot_id: Option<RunId>,
}

#[derive(Serialize)]
struct Enrichment<'a> {
    #[serde(flatten)]
    row: &'a EnrichmentRow,
    run_id: Option<RunId>,
}

/// With the row that chains its snapshot, where it has one.
pub(super) fn invocation(invocation: &Invocation, chained: Option<&ChainRow>) -> Value {
    let snapshot_id = invocation.snapshot_id;
    json!({
        "snapshot_id": snapshot_id,
        "snapshot_root": chained.map(|row| &row.snapshot_root),
        "chain_head": chained.map(|row| &row.hash),
        "ledger_id": invocation.ledger.as_ref().map(|row| &row.run_id),
        "status": invocation.status(),
        "started_at": invocation.started_at(),
        "duration_seconds": facts::duration_seconds(invocation),
        "llm_calls": invocation.llm_calls,
        "tokens": invocation.tokens,
        "details": invocation.details,
        "ledger": invocation.ledger.as_ref().map(|row| Ledger { row, snapshot_id }),
        "snapshot": invocation.snapshot,
        "enrichment": invocation.enrichment.as_ref().map(|row| Enrichment { row, run_id: snapshot_id }),
    })
}

/// The same object as [`invocation`] with what hangs on it.
pub(super) fn details(found: &Invocation, details: &InvocationDetails, proof: Option<&Proof>) -> Value {
    let mut fields = invocation(found, proof.map(|proof| &proof.row));
    fields["history"] = json!(proof.map(|proof| &proof.transitions));
    if let (Value::Object(fields), Value::Object(details)) = (&mut fields, object(details)) {
        fields.extend(details);
    }
    fields
}
