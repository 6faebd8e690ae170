//! Asks about many records at once and writes each answer into its record.
//!
//! The modules of `asking` do the work; this is the entry point.

use cds_model::Record;

use crate::{
    AnswerStore, BoxError, EnrichContext, EnrichOptions, Enrichment, Forecast, LlmClient, Preflight, Recalled, asking,
};

/// Fills in the intents of records.
pub struct IntentEnricher<'a> {
    client: &'a dyn LlmClient,
    options: EnrichOptions,
}

impl<'a> IntentEnricher<'a> {
    /// Creates an enricher that asks `client`.
    pub fn new(client: &'a dyn LlmClient, options: EnrichOptions) -> Self {
        Self { client, options }
    }

    /// Asks about every record in scope with code; other records stay unchanged.
    ///
    /// A failure is written into its record and never ends the run. Answers may come in any order; each is written into
    /// its own records. Dropping an enrichment midway leaves the records with the answers so far. The store may then
    /// lack the last batch, so [`EnrichContext::stop`] is the better way to end it.
    pub async fn enrich(&self, records: &mut [Record], context: EnrichContext<'_>) -> Enrichment {
        asking::run(self.client, self.options, records, context).await
    }

    /// Writes the answers that are kept into their records, and derived sentences, without a call.
    pub fn recall(
        &self,
        records: &mut [Record],
        preflight: &Preflight,
        store: &mut dyn AnswerStore,
    ) -> Result<Recalled, BoxError> {
        asking::recall(self.client, &self.options, preflight, records, store)
    }

    /// Counts what [`enrich`](Self::enrich) would ask, without a call or a write.
    pub fn forecast(
        &self,
        records: &[Record],
        preflight: &Preflight,
        store: &mut dyn AnswerStore,
    ) -> Result<Forecast, BoxError> {
        asking::forecast(self.client, &self.options, preflight, records, store)
    }
}
