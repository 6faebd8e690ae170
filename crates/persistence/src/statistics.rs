//! What a database says about the answers that it keeps, and about what intents cost.

/// What the kept answers are, and how many of them are of use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IntentCacheStats {
    /// Answers altogether.
    pub answer_count: usize,
    /// Where they come from, the most frequent first.
    pub models: Vec<CachedModel>,
    /// The size of all intents in bytes.
    pub intent_byte_count: usize,
    /// When the oldest answer was kept; RFC 3339 as it is stored.
    pub oldest: Option<String>,
    /// When the newest answer was kept; RFC 3339 as it is stored.
    pub newest: Option<String>,
    /// Tokens that the model read for those answers that tell; none where no answer does.
    pub prompt_tokens: Option<u64>,
    /// Tokens that the model wrote for those answers that tell; none where no answer does.
    pub answer_tokens: Option<u64>,
    /// Answers to a question of a stored record, of any run.
    pub used_count: usize,
}

impl IntentCacheStats {
    /// Answers to a question that no stored record has.
    pub const fn unused_count(&self) -> usize {
        self.answer_count.saturating_sub(self.used_count)
    }
}

/// A model that kept answers come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedModel {
    /// Its name.
    pub model: String,
    /// The digest of its files; empty where it is not known.
    pub model_digest: String,
    /// Its answers.
    pub answer_count: usize,
}

/// What a call cost on average in the last runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnrichmentRate {
    /// The time of the enrichments divided by their calls; calls at the same time make it shorter than one call takes.
    pub seconds_per_call: f64,
    /// Tokens read, in the runs that tell.
    pub prompt_tokens_per_call: Option<f64>,
    /// Tokens written, in the runs that tell.
    pub answer_tokens_per_call: Option<f64>,
}
