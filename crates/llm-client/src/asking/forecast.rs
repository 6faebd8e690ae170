//! What an enrichment would ask, without asking.

use cds_model::Record;

use super::{
    AnswerStore, EnrichOptions, Preflight,
    identity::Identity,
    selection::{kept_answers, select},
};
use crate::{BoxError, LlmClient};

/// The figures that are known before the first call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forecast {
    /// Records in scope that have code.
    pub selected_count: usize,
    /// Distinct questions.
    pub question_count: usize,
    /// Distinct questions with a kept answer.
    pub kept_count: usize,
    /// Distinct questions whose kept answer belongs to an older version of the prompt.
    pub former_count: usize,
    /// Remaining distinct questions: the number of calls, if none fails.
    pub call_count: usize,
    /// Remaining distinct questions with cut code.
    pub cut_count: usize,
    /// The total length of their prompts in bytes.
    pub prompt_bytes: usize,
}

/// Counts the questions; writes nothing.
pub(crate) fn forecast(
    client: &dyn LlmClient,
    options: &EnrichOptions,
    preflight: &Preflight,
    records: &[Record],
    store: &mut dyn AnswerStore,
) -> Result<Forecast, BoxError> {
    let groups = select(client, &Identity::new(client, &preflight.facts), options.scope, records);
    let kept = if options.refresh { Vec::new() } else { kept_answers(&groups, store)? };
    let mut forecast = Forecast { question_count: groups.len(), ..Forecast::default() };
    for (index, group) in groups.iter().enumerate() {
        forecast.selected_count += group.record_count();
        if let Some(Some(kept)) = kept.get(index) {
            forecast.kept_count += 1;
            forecast.former_count += usize::from(kept.is_former);
        } else {
            forecast.call_count += 1;
            forecast.cut_count += usize::from(group.asked.is_some_and(|asked| asked.is_cut));
            forecast.prompt_bytes += group.prompt_bytes;
        }
    }
    Ok(forecast)
}
