//! What the caller provides: options, the result of the probe, the store of answers, and the way to end early.

use std::{
    collections::HashMap,
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use cds_model::{KeptAnswer, QuestionKey, Scope};
use tokio::sync::watch;

use super::{Budget, Concurrency};
use crate::{BoxError, EnrichmentObserver, ModelFacts};

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

/// Keeps good answers, so that no question is paid for twice.
///
/// Its errors are reported once per run and never end it: without a store more questions are asked, and nothing else
/// changes.
pub trait AnswerStore {
    /// The intents kept for any of `keys`. A run calls this once, with all of its distinct questions.
    fn lookup(&mut self, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, BoxError>;

    /// Keeps `answers` durably and replaces older ones with the same key; at most 20 at a time.
    fn keep(&mut self, answers: &[KeptAnswer]) -> Result<(), BoxError>;

    /// Removes the answers to `keys`, which turned out to be worthless.
    fn forget(&mut self, keys: &[QuestionKey]) -> Result<(), BoxError>;
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStore;

impl AnswerStore for NoStore {
    fn lookup(&mut self, _keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, BoxError> {
        Ok(HashMap::new())
    }

    fn keep(&mut self, _answers: &[KeptAnswer]) -> Result<(), BoxError> {
        Ok(())
    }

    fn forget(&mut self, _keys: &[QuestionKey]) -> Result<(), BoxError> {
        Ok(())
    }
}

/// The side that requests the end.
#[derive(Debug)]
pub struct StopSwitch {
    requests: watch::Sender<u32>,
}

/// The side that the engine watches.
#[derive(Debug, Clone)]
pub struct StopSignal {
    requests: Option<watch::Receiver<u32>>,
}

impl StopSwitch {
    /// A switch and its signal.
    pub fn new() -> (Self, StopSignal) {
        let (requests, receiver) = watch::channel(0);
        (Self { requests }, StopSignal { requests: Some(receiver) })
    }

    /// Requests the end, from any thread. After the first request the calls in flight are awaited; after the second
    /// they are not.
    pub fn stop(&self) {
        self.requests.send_modify(|count| *count = count.saturating_add(1));
    }
}

impl StopSignal {
    /// A signal that is never sent.
    pub fn never() -> Self {
        Self { requests: None }
    }

    /// How often the end was requested.
    pub(crate) fn count(&self) -> u32 {
        self.requests.as_ref().map_or(0, |requests| *requests.borrow())
    }

    /// Waits until the end was requested `count` times.
    pub async fn requested(&mut self, count: u32) {
        if let Some(requests) = &mut self.requests
            && requests.wait_for(|seen| *seen >= count).await.is_ok()
        {
            return;
        }
        // Without a switch no request can come any more.
        self.requests = None;
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use futures_util::FutureExt;

    use super::*;

    fn is_now(future: impl Future<Output = ()>) -> bool {
        future.now_or_never().is_some()
    }

    #[test]
    fn each_request_is_counted() {
        let (switch, mut signal) = StopSwitch::new();
        assert!(!is_now(signal.requested(1)));
        switch.stop();
        assert_eq!((signal.count(), StopSignal::never().count()), (1, 0));
        assert!(is_now(signal.requested(1)) && !is_now(signal.requested(2)));
        switch.stop();
        drop(switch);
        assert!(is_now(signal.requested(2)) && !is_now(signal.requested(3)));
        assert!(!is_now(StopSignal::never().requested(1)));
    }
}
