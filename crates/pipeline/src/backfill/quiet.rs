//! What a reader sees of one run among a thousand.

use std::sync::Arc;

use cds_llm_client::{EnrichmentObserver, Progress};

use crate::{Event, IntentPlan, Reporter, Warning};

/// Passes on warnings, and leaves out what is said of each run.
pub(super) struct Quiet {
    inner: Arc<dyn Reporter>,
}

impl Quiet {
    pub(super) fn new(inner: Arc<dyn Reporter>) -> Self {
        Self { inner }
    }
}

impl Reporter for Quiet {
    fn warn(&self, warning: &Warning) {
        // The first commits of many repositories have no source file.
        if !matches!(warning, Warning::NothingRead { .. }) {
            self.inner.warn(warning);
        }
    }

    fn report(&self, event: &Event<'_>) {
        if let Event::RunClosed { .. } = event {
            self.inner.report(event);
        }
    }

    fn observe(&self, plan: &IntentPlan, unavailable: Option<&str>) -> Box<dyn EnrichmentObserver + '_> {
        if plan.client.is_paid() { self.inner.observe(plan, unavailable) } else { Box::new(|_: &Progress| {}) }
    }
}
