//! The stages that the commands share: analyze, build, enrich.

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use cds_llm_client::{AnswerStore, EnrichContext, Enrichment, IntentEnricher, Preflight};
use cds_model::{AnalyzerError, EnrichmentAccount, Record, Timestamp};

use crate::{
    arguments::{IntentPlan, SourcePlan},
    failure::Failure,
    progress::ConsoleObserver,
    render::{account, messages},
    signals::Interrupt,
};

/// Records of a tree, and what is missing from them.
pub(crate) struct Found {
    pub(crate) records: Vec<Record>,
    pub(crate) errors: Vec<AnalyzerError>,
}

/// Analyzes the tree and builds its records; each analyzer error becomes a line on stderr.
pub(crate) fn find_records(plan: &SourcePlan, interrupt: &Interrupt) -> Result<Found, Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(plan.threads).build();
    let pool = pool.context("start the threads of the analysis").map_err(Failure::failed)?;
    let analysis = pool.install(|| cds_analyzer::analyze(&plan.tree, &plan.options, &|| interrupt.is_raised()));
    interrupt.check()?;
    let found = Found { records: pool.install(|| cds_model_builder::build(analysis.files)), errors: analysis.errors };
    interrupt.check()?;
    found.errors.iter().for_each(messages::analyzer_error);
    Ok(found)
}

/// Fills in the intents; progress and costs go to stderr.
pub(crate) fn enrich(
    plan: &IntentPlan,
    records: &mut [Record],
    preflight: Preflight,
    store: &mut dyn AnswerStore,
    interrupt: &Interrupt,
) -> Result<Enrichment, Failure> {
    let mut observer = ConsoleObserver::new(preflight.unavailable.as_deref());
    let enricher = IntentEnricher::new(plan.client.as_ref(), plan.options);
    let context = EnrichContext { preflight, store, observer: &mut observer, stop: interrupt.stop_signal() };
    let mut enrichment = plan.runtime.block_on(enricher.enrich(records, context));
    drop(observer);
    if !plan.client.is_paid() {
        // Nobody else was asked.
        enrichment.account = EnrichmentAccount { asked_count: 0, call_count: 0, ..enrichment.account };
    }
    account::show(&enrichment.account, &enrichment.failures);
    interrupt.check().map(|()| enrichment)
}

/// The time of day.
pub(crate) fn now() -> Timestamp {
    ago(Duration::ZERO)
}

/// The moment that lies so long before now.
pub(crate) fn ago(duration: Duration) -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let moment = since_epoch.saturating_sub(duration).as_millis();
    Timestamp::from_unix_milliseconds(i64::try_from(moment).unwrap_or(i64::MAX))
}

/// A seed for the jitter of waits, another one in each process.
pub(crate) fn seed() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_secs() ^ u64::from(since_epoch.subsec_nanos()) << 32 ^ u64::from(std::process::id())
}
