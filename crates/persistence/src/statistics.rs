//! Statistics of stored answers and the cost of intents.

use serde::Serialize;

/// Statistics of the stored answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IntentCacheStats {
    /// The number of all answers.
    pub answer_count: usize,
    /// The models they come from, the most frequent first.
    pub models: Vec<CachedModel>,
    /// The size of all intents in bytes.
    pub intent_byte_count: usize,
    /// When the oldest answer was stored; RFC 3339 as stored.
    pub oldest: Option<String>,
    /// When the newest answer was stored; RFC 3339 as stored.
    pub newest: Option<String>,
    /// Tokens read by the model, over answers that report them; `None` if none does.
    pub prompt_tokens: Option<u64>,
    /// Tokens written by the model, over answers that report them; `None` if none does.
    pub answer_tokens: Option<u64>,
    /// Answers to a question of a stored record of any run.
    pub used_count: usize,
}

impl IntentCacheStats {
    /// The number of answers to questions that no stored record has.
    pub const fn unused_count(&self) -> usize {
        self.answer_count.saturating_sub(self.used_count)
    }
}

/// A model that stored answers come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CachedModel {
    /// Its name.
    pub model: String,
    /// The digest of its files; empty if unknown.
    pub model_digest: String,
    /// The number of its answers.
    #[serde(rename = "answers")]
    pub answer_count: usize,
}

/// The average cost of a call in the last runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnrichmentRate {
    /// The duration of the enrichments divided by their calls; parallel calls make it shorter than one call.
    pub seconds_per_call: f64,
    /// Tokens read, over runs that report them.
    pub prompt_tokens_per_call: Option<f64>,
    /// Tokens written, over runs that report them.
    pub answer_tokens_per_call: Option<f64>,
}
