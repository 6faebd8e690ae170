//! What the caller decides about an enrichment, and what it hands over for one.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use cds_model::Scope;

use super::{AnswerStore, Concurrency, StopSignal};
use crate::{EnrichmentObserver, ModelFacts};

/// What is asked, and how.
#[derive(Debug, Clone, Copy)]
pub struct EnrichOptions {
    /// The kinds of records that are asked about.
    pub scope: Scope,
    /// Calls in flight.
    pub concurrency: Concurrency,
    /// Completed records between two reports of progress.
    pub progress_batch_size: NonZeroU32,
    /// How often a question is asked again after a failure that may pass.
    pub retries: u32,
    /// How long a call may take until the first answer came; the model is loaded in that time.
    pub load_timeout: Duration,
    /// How long a call may take afterwards.
    pub request_timeout: Duration,
    /// How long a provider that is gone is waited for.
    pub provider_patience: Duration,
    /// How long calls in flight are waited for once the asking ends early.
    pub drain: Duration,
    /// Whether every question is asked anew, whatever the store keeps.
    pub refresh: bool,
    /// The seed of the jitter of waits; runs on several machines should differ in it.
    pub seed: u64,
}

impl Default for EnrichOptions {
    /// Classes, functions and methods, four calls at once, a report every 10, two retries, and the time-outs of the
    /// command line.
    fn default() -> Self {
        Self {
            scope: Scope::default(),
            concurrency: Concurrency::Fixed(NonZeroUsize::MIN.saturating_add(3)),
            progress_batch_size: NonZeroU32::MIN.saturating_add(9),
            retries: 2,
            load_timeout: Duration::from_secs(600),
            request_timeout: Duration::from_secs(120),
            provider_patience: Duration::from_secs(60),
            drain: Duration::from_secs(5),
            refresh: false,
            seed: 0,
        }
    }
}

/// What a look at the provider before the asking came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preflight {
    /// Which model it is that answers. Where the provider could not tell, what was last known of it: without the right
    /// digest the store finds nothing.
    pub facts: ModelFacts,
    /// Why no call can be made, if so: one line, the reason of every record that the store cannot answer.
    pub unavailable: Option<String>,
}

impl Preflight {
    /// The provider can be asked.
    pub fn available(facts: ModelFacts) -> Self {
        Self { facts, unavailable: None }
    }

    /// The provider cannot be asked for this reason; `last_known` is what an earlier run found.
    pub fn unavailable(reason: impl Into<String>, last_known: ModelFacts) -> Self {
        Self { facts: last_known, unavailable: Some(reason.into()) }
    }
}

/// What one enrichment works with beside the records.
pub struct EnrichContext<'a> {
    /// What is known of the provider.
    pub preflight: Preflight,
    /// Where answers are kept.
    pub store: &'a mut dyn AnswerStore,
    /// Who is told what happens.
    pub observer: &'a mut dyn EnrichmentObserver,
    /// How it can be ended from outside.
    pub stop: StopSignal,
}
