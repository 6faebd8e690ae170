//! What an enrichment would ask, without asking.

use std::collections::HashMap;

use cds_model::Record;

use super::{AnswerStore, EnrichOptions, Preflight, identity::Identity, selection::select};
use crate::{BoxError, LlmClient};

/// What is known before the first call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forecast {
    /// Records in scope that have code.
    pub selected_count: usize,
    /// Distinct questions.
    pub question_count: usize,
    /// Distinct questions that the store answers.
    pub kept_count: usize,
    /// Distinct questions that are left: calls, if none fails.
    pub call_count: usize,
    /// Those of them whose code is cut.
    pub cut_count: usize,
    /// The length of their prompts in bytes.
    pub prompt_bytes: usize,
}

/// Counts what would be asked; nothing is written.
pub(crate) fn forecast(
    client: &dyn LlmClient,
    options: &EnrichOptions,
    preflight: &Preflight,
    records: &[Record],
    store: &mut dyn AnswerStore,
) -> Result<Forecast, BoxError> {
    let groups = select(client, &Identity::new(client, &preflight.facts), options.scope, records);
    let keys: Vec<_> = groups.iter().filter_map(|group| Some(group.asked?.key)).collect();
    let kept = if options.refresh || keys.is_empty() { HashMap::new() } else { store.lookup(&keys)? };
    let mut forecast = Forecast { question_count: groups.len(), ..Forecast::default() };
    for group in &groups {
        forecast.selected_count += group.record_count();
        if group.asked.is_some_and(|asked| kept.contains_key(&asked.key)) {
            forecast.kept_count += 1;
        } else {
            forecast.call_count += 1;
            forecast.cut_count += usize::from(group.asked.is_some_and(|asked| asked.is_cut));
            forecast.prompt_bytes += group.prompt_bytes;
        }
    }
    Ok(forecast)
}
