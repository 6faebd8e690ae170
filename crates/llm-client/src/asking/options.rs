//! The caller's options for an enrichment, and what it provides.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use cds_model::Scope;

use super::{AnswerStore, Budget, Concurrency, StopSignal};
use crate::{EnrichmentObserver, ModelFacts};

/// What is asked, and how.
#[derive(Debug, Clone, Copy)]
pub struct EnrichOptions {
    /// The kinds of records that are asked about.
    pub scope: Scope,
    /// The limit of calls in flight.
    pub concurrency: Concurrency,
    /// Completed records between two reports of progress.
    pub progress_batch_size: NonZeroU32,
    /// How often a question is asked again after a transient failure.
    pub retries: u32,
    /// The time limit of a call until the first answer has arrived; it includes loading the model.
    pub load_timeout: Duration,
    /// The time limit of later calls.
    pub request_timeout: Duration,
    /// How long to wait for an unavailable provider.
    pub provider_patience: Duration,
    /// How long to wait for calls in flight after an early end.
    pub drain: Duration,
    /// Whether to ask every question again, whatever the store has.
    pub refresh: bool,
    /// What the run may spend.
    pub budget: Budget,
    /// The seed for the jitter of waits; runs on several machines should use different ones.
    pub seed: u64,
}

impl Default for EnrichOptions {
    /// Classes, functions and methods, four calls at once, a report every 10 records, two retries, and the command
    /// line's time-outs.
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
            budget: Budget::default(),
            seed: 0,
        }
    }
}

/// The result of probing the provider before the first question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preflight {
    /// The model that answers. If the provider did not report it, what an earlier run found: without the right digest
    /// the store finds nothing.
    pub facts: ModelFacts,
    /// Why no call can be made, if so: one line, stored in every record that the store cannot answer.
    pub unavailable: Option<String>,
}

impl Preflight {
    /// The provider can be asked.
    pub fn available(facts: ModelFacts) -> Self {
        Self { facts, unavailable: None }
    }

    /// The provider cannot be asked for this reason; `last_known` comes from an earlier run.
    pub fn unavailable(reason: impl Into<String>, last_known: ModelFacts) -> Self {
        Self { facts: last_known, unavailable: Some(reason.into()) }
    }
}

/// What an enrichment needs besides the records.
pub struct EnrichContext<'a> {
    /// The result of the probe.
    pub preflight: Preflight,
    /// Where answers are kept.
    pub store: &'a mut dyn AnswerStore,
    /// Receives reports about the enrichment.
    pub observer: &'a mut dyn EnrichmentObserver,
    /// Lets the caller end it early.
    pub stop: StopSignal,
    /// How urgent each record is, the highest first; empty for the order of the records.
    pub ranks: Vec<u64>,
}
