//! Asks about many records at once and writes each answer into its record.
//!
//! What happens between question and answer is in the modules of `asking`; here is only the door to it.

use cds_model::Record;

use crate::{AnswerStore, BoxError, EnrichContext, EnrichOptions, Enrichment, Forecast, LlmClient, Preflight, asking};

/// Fills in the intents of records.
pub struct IntentEnricher<'a> {
    client: &'a dyn LlmClient,
    options: EnrichOptions,
}

impl<'a> IntentEnricher<'a> {
    /// An enricher that asks `client`.
    pub fn new(client: &'a dyn LlmClient, options: EnrichOptions) -> Self {
        Self { client, options }
    }

    /// Asks about every record in scope that has code, and leaves all others as they are.
    ///
    /// A failure is written into its record and never ends the work. Answers may come in any order; each lands in the
    /// records that it belongs to. An enrichment that is dropped half-way leaves the records with what came in until
    /// then; the store then lacks at most the last group, so that it is better ended by [`EnrichContext::stop`].
    pub async fn enrich(&self, records: &mut [Record], context: EnrichContext<'_>) -> Enrichment {
        asking::run(self.client, self.options, records, context).await
    }

    /// Counts what [`enrich`](Self::enrich) would ask; no call is made and nothing is written.
    pub fn forecast(
        &self,
        records: &[Record],
        preflight: &Preflight,
        store: &mut dyn AnswerStore,
    ) -> Result<Forecast, BoxError> {
        asking::forecast(self.client, &self.options, preflight, records, store)
    }
}
