//! The details of one invocation besides its own row.

use cds_model::{SymbolKind, TelemetryType};
use rusqlite::Result;

use super::accounts::Accounts;
use crate::{
    Counted, Invocation, InvocationDetails,
    table::{analyzer_errors, not_read, records, select, stage_runs, telemetry},
};

pub(super) fn details(accounts: &Accounts<'_>, invocation: &Invocation) -> Result<InvocationDetails> {
    let mut details = InvocationDetails::default();
    if let Some(row) = &invocation.ledger {
        if let Some(connection) = accounts.with(&stage_runs::TABLE) {
            details.stages = select::stages::of_invocation(connection, &row.run_id)?;
        }
        add_telemetry(accounts, &row.run_id, &mut details)?;
    }
    if let Some(snapshot) = &invocation.snapshot {
        // The snapshot is more reliable, and complete even if telemetry was dropped.
        (details.analyzer_errors, details.intent_errors) = (Vec::new(), Vec::new());
        if let Some(connection) = accounts.with(&records::TABLE) {
            details.records_by_kind = in_order(select::definitions::kinds(connection, snapshot.id)?, &kinds());
            details.intent_errors = select::errors::intent_errors(connection, snapshot.id)?;
        }
        if let Some(connection) = accounts.with(&analyzer_errors::TABLE) {
            details.analyzer_errors = select::errors::analyzer_errors(connection, snapshot.id)?;
        }
        if let Some(connection) = accounts.with(&not_read::TABLE) {
            details.not_read = not_read::of_run(connection, snapshot.id)?;
        }
    }
    Ok(details)
}

fn add_telemetry(accounts: &Accounts<'_>, ledger_id: &str, details: &mut InvocationDetails) -> Result<()> {
    let Some(connection) = accounts.with(&telemetry::TABLE) else { return Ok(()) };
    let types = TelemetryType::ALL.map(TelemetryType::as_str);
    details.telemetry = in_order(select::telemetry::types(connection, ledger_id)?, &types);
    details.telemetry_tokens = select::telemetry::tokens(connection, ledger_id)?;
    details.decisions = select::telemetry::decisions(connection, ledger_id)?;
    details.call_failures = select::telemetry::call_failures(connection, ledger_id)?;
    details.analyzer_errors = select::telemetry::analyzer_errors(connection, ledger_id)?;
    details.intent_errors = select::telemetry::intent_errors(connection, ledger_id)?;
    Ok(())
}

fn kinds() -> [&'static str; 4] {
    [SymbolKind::File, SymbolKind::Class, SymbolKind::Function, SymbolKind::Method].map(SymbolKind::as_str)
}

/// Known names first, in their order, then the others unchanged.
pub(super) fn in_order(mut counted: Vec<Counted>, known: &[&str]) -> Vec<Counted> {
    counted.sort_by_key(|entry| known.iter().position(|name| *name == entry.name).unwrap_or(known.len()));
    counted
}
