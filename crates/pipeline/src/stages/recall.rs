//! The intents of a run that calls nobody: the answers that are kept.

use cds_llm_client::{Ending, Enrichment, IntentEnricher, Left, Preflight};
use cds_model::{EnrichmentAccount, Record, Stage};

use super::fingerprint;
use crate::{Error, IntentPlan, Session, accounts::StageInput};

/// Fills in the answers that are kept; a record without one stays as it is.
pub(crate) fn recall(
    plan: &IntentPlan,
    records: &mut [Record],
    preflight: &Preflight,
    session: &mut Session,
) -> Result<Enrichment, Error> {
    let context = session.context().clone();
    let (accounts, mut answers) = session.accounts_and_answers();
    let config = fingerprint::enrich_config(plan, preflight);
    let fingerprint = accounts.id().map(|_| fingerprint::enrich_input(records, config));
    let input = StageInput { stage: Stage::Enrich, config, fingerprint, rows_in: Some(records.len() as u64) };
    accounts.run_stage_with_tracking(input, |report| {
        let enricher = IntentEnricher::new(plan.client.as_ref(), plan.options);
        let recalled = enricher.recall(records, preflight, &mut answers).map_err(Error::Answers)?;
        context.interrupt.check()?;
        report.llm_calls = Some(0);
        report.rows_out = Some(recalled.kept_count as u64);
        let (selected_count, reused_count) = (recalled.selected_count, recalled.kept_count);
        let account = EnrichmentAccount { selected_count, reused_count, ..EnrichmentAccount::default() };
        Ok(Enrichment { account, failures: Vec::new(), ending: Ending::Completed, left: Left::default() })
    })
}
