//! The stages that the commands share: analyze, build, enrich.

use std::time::{Instant, SystemTime};

use anyhow::Context as _;
use cds_llm_client::{EnrichOptions, EnrichSummary, IntentEnricher};
use cds_model::{AnalyzerError, Record, Timestamp};

use crate::{
    arguments::{IntentPlan, SourcePlan},
    failure::Failure,
    progress::LineReporter,
    render::messages,
};

/// Records of a tree, and what is missing from them.
pub(crate) struct Found {
    pub(crate) records: Vec<Record>,
    pub(crate) errors: Vec<AnalyzerError>,
}

/// Analyzes the tree and builds its records; each analyzer error becomes a line on stderr.
pub(crate) fn find_records(plan: &SourcePlan) -> Result<Found, Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(plan.threads).build();
    let pool = pool.context("start the threads of the analysis").map_err(Failure::failed)?;
    let found = pool.install(|| {
        let analysis = cds_analyzer::analyze(&plan.tree, &plan.options);
        Found { records: cds_model_builder::build(analysis.files), errors: analysis.errors }
    });
    found.errors.iter().for_each(messages::analyzer_error);
    Ok(found)
}

/// Fills in the intents; progress goes to stderr.
pub(crate) fn enrich(plan: &IntentPlan, records: &mut [Record]) -> Result<EnrichSummary, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("start the network").map_err(Failure::failed)?;
    let options = EnrichOptions {
        scope: plan.scope,
        concurrency: plan.concurrency,
        progress_batch_size: plan.progress_batch_size,
    };
    let enricher = IntentEnricher::new(plan.client.as_ref(), options);
    let start = Instant::now();
    let clock = || start.elapsed();
    Ok(runtime.block_on(enricher.enrich(records, &clock, &mut LineReporter)))
}

/// The time of day.
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_milliseconds(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
