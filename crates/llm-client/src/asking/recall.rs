//! The intents that are known already, without a call.

use cds_model::{Intent, Record};

use super::{
    AnswerStore, EnrichOptions, Preflight,
    questions::{Identity, derive, kept_answers, select},
};
use crate::{BoxError, LlmClient};

/// How many records have an intent without a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recalled {
    /// Records in scope that have code.
    pub selected_count: usize,
    /// Records with a kept answer.
    pub kept_count: usize,
}

/// Writes kept answers into their records; the others stay as they are.
pub(crate) fn recall(
    client: &dyn LlmClient,
    options: &EnrichOptions,
    preflight: &Preflight,
    records: &mut [Record],
    store: &mut dyn AnswerStore,
) -> Result<Recalled, BoxError> {
    derive(options.scope, records);
    let groups = select(client, &Identity::new(client, &preflight.facts), options.scope, records);
    let mut recalled = Recalled::default();
    for (group, kept) in groups.iter().zip(kept_answers(&groups, store)?) {
        recalled.selected_count += group.record_count();
        let Some(kept) = kept else { continue };
        recalled.kept_count += group.record_count();
        for index in group.members() {
            records[index].intent = Intent::Success(kept.intent.clone());
            records[index].question = Some(kept.asked);
        }
    }
    Ok(recalled)
}
