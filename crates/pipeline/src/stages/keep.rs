//! The intents of a run that asks nothing: those of the latest snapshot whose code did not change.

use cds_llm_client::{Ending, Enrichment, Left};
use cds_model::{EnrichmentAccount, Record, Stage};
use cds_persistence::LatestSnapshot;

use super::fingerprint;
use crate::{Error, Event, KeptPlan, Predecessor, Session, accounts::StageInput, known::Known};

/// Keeps the intents; returns the snapshot that they are from.
///
/// # Errors
///
/// The latest snapshot cannot be read, or the process was asked to stop.
pub fn keep(
    plan: KeptPlan,
    records: &mut [Record],
    of: &Predecessor<'_>,
    session: &mut Session,
) -> Result<(Enrichment, Option<LatestSnapshot>), Error> {
    let latest = session.latest_snapshot(of)?;
    let context = session.context().clone();
    let from = latest.as_ref().map(|latest| latest.run.0);
    let config = fingerprint::keep_config(plan, from);
    let accounts = session.accounts();
    let fingerprint = accounts.id().map(|_| fingerprint::enrich_input(records, config));
    let input = StageInput { stage: Stage::Enrich, config, fingerprint, rows_in: Some(records.len() as u64) };
    let counts = accounts.run_stage_with_tracking(input, |report| {
        let counts = Known::new(latest.as_ref()).keep(plan.scope, records);
        context.interrupt.check()?;
        report.llm_calls = Some(0);
        report.rows_out = Some(counts.kept as u64);
        Ok(counts)
    })?;
    let (selected_count, kept_count) = (counts.selected, counts.kept);
    context.reporter.report(&Event::IntentsKept { selected_count, kept_count, from });
    let account = EnrichmentAccount { selected_count, reused_count: kept_count, ..EnrichmentAccount::default() };
    let (failures, left) = (Vec::new(), Left::default());
    Ok((Enrichment { account, failures, ending: Ending::Completed, left }, latest))
}
