//! The intents of records.

use cds_llm_client::{Ending, EnrichContext, Enrichment, IntentEnricher, Preflight};
use cds_model::{EnrichmentAccount, Record, Stage, StageSource};

use super::{fingerprint, missing};
use crate::{
    Error, Event, IntentPlan, Predecessor, Session,
    accounts::{StageInput, TelemetryObserver},
    known::Known,
};

/// Fills in the intents; the reporter gets the progress and the costs.
///
/// # Errors
///
/// A provider that is required answered nothing, the process was asked to stop, or it has lost its lock.
pub fn enrich(
    plan: &IntentPlan,
    records: &mut [Record],
    preflight: Preflight,
    of: &Predecessor<'_>,
    session: &mut Session,
) -> Result<Enrichment, Error> {
    let context = session.context().clone();
    let ranks = if plan.options.budget.is_limited() { ranks(records, of, session) } else { Vec::new() };
    let (accounts, mut answers) = session.accounts_and_answers();
    let config = fingerprint::enrich_config(plan, &preflight);
    let fingerprint = accounts.id().map(|_| fingerprint::enrich_input(records, config));
    let input = StageInput { stage: Stage::Enrich, config, fingerprint, rows_in: Some(records.len() as u64) };
    let has_checkpoint = accounts.has_checkpoint(&input);
    // A provider that costs nothing makes no calls that the telemetry could tell of.
    let telemetry = accounts.telemetry().filter(|_| plan.client.is_paid());
    let answered = accounts.answered();
    accounts.run_stage_with_tracking(input, |report| {
        let mut shown = context.reporter.observe(plan, preflight.unavailable.as_deref());
        let mut observer = TelemetryObserver::new(shown.as_mut(), telemetry, answered, &context.process);
        let enricher = IntentEnricher::new(plan.client.as_ref(), plan.options);
        let stop = context.interrupt.stop_signal();
        let asking = EnrichContext { preflight, store: &mut answers, observer: &mut observer, stop, ranks };
        let mut enrichment = plan.runtime.block_on(enricher.enrich(records, asking));
        drop(shown);
        if !plan.client.is_paid() {
            // No server was asked.
            enrichment.account = EnrichmentAccount { asked_count: 0, call_count: 0, ..enrichment.account };
        }
        let Enrichment { account, failures, left, .. } = &enrichment;
        context.reporter.report(&Event::Enriched { account, failures, left: *left });
        refuse_without_answers(plan, &enrichment)?;
        report.llm_calls = Some(account.call_count as u64);
        report.tokens = sum(account.prompt_tokens, account.answer_tokens);
        context.interrupt.check()?;
        // All of it was answered before, for the same code and settings.
        if has_checkpoint && account.reused_count == account.selected_count {
            report.source = StageSource::Checkpoint;
        }
        report.rows_out = Some((account.selected_count - account.failed_count) as u64);
        let reason = enrichment.failures.first().map(|group| &*group.reason);
        report.missing = missing(account.failed_count, "failed intent", reason);
        Ok(enrichment)
    })
}

/// With a limit, what changed last is asked first. A snapshot that cannot be read leaves the order of the records.
fn ranks(records: &[Record], of: &Predecessor<'_>, session: &Session) -> Vec<u64> {
    let latest = session.latest_snapshot(of).ok().flatten();
    Known::new(latest.as_ref()).ranks(records, &session.last_changes(of))
}

/// A provider that is required has to answer: where it refused every question, nothing is written.
fn refuse_without_answers(plan: &IntentPlan, enrichment: &Enrichment) -> Result<(), Error> {
    let Ending::GaveUp { reason } = &enrichment.ending else { return Ok(()) };
    let has_answer = enrichment.account.failed_count < enrichment.account.selected_count;
    if !plan.requires_provider || has_answer {
        return Ok(());
    }
    Err(Error::NoAnswers { reason: reason.clone() })
}

/// What is known of two sums together; nothing where neither is known.
fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.map_or(other, |one| Some(one.saturating_add(other.unwrap_or(0))))
}
