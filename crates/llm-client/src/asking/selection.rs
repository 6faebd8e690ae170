//! Which records are asked about, and which of them have the same question.
//!
//! A prompt is built, hashed and dropped; it is built again when it is sent, so that a large tree's prompts are never in
//! memory together.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use cds_model::{AskedQuestion, QuestionKey, Record, Scope};

use super::{SkipCondition, identity::Identity};
use crate::{LlmClient, Question};

/// A distinct question, and the records that wait for its answer.
#[derive(Debug)]
pub(super) struct QuestionGroup {
    /// The first record with the question.
    pub(super) first: usize,
    /// All others.
    pub(super) others: Vec<usize>,
    /// What identifies it; none where asking costs nothing.
    pub(super) asked: Option<AskedQuestion>,
    /// The length of the prompt in bytes; 0 where asking costs nothing.
    pub(super) prompt_bytes: usize,
}

/// The distinct questions of all records in scope that have code, in the order of the records.
pub(super) fn select(
    client: &dyn LlmClient,
    identity: &Identity,
    scope: Scope,
    records: &[Record],
) -> Vec<QuestionGroup> {
    let selected = records.iter().enumerate().filter(|(_, record)| skip_condition(scope, record).is_none());
    if !client.is_paid() {
        let alone = |first| QuestionGroup { first, others: Vec::new(), asked: None, prompt_bytes: 0 };
        return selected.map(|(index, _)| alone(index)).collect();
    }
    let mut groups: Vec<QuestionGroup> = Vec::new();
    let mut group_of: HashMap<QuestionKey, usize> = HashMap::new();
    for (index, record) in selected {
        let prompt = client.prompt(&question(record));
        let key = identity.key(&prompt.text);
        match group_of.entry(key) {
            Entry::Occupied(group) => groups[*group.get()].others.push(index),
            Entry::Vacant(place) => {
                place.insert(groups.len());
                let asked = Some(AskedQuestion { key, is_cut: prompt.is_cut });
                groups.push(QuestionGroup { first: index, others: Vec::new(), asked, prompt_bytes: prompt.text.len() });
            }
        }
    }
    groups
}

/// Why a record is not asked about; none where it is.
pub(super) fn skip_condition(scope: Scope, record: &Record) -> Option<SkipCondition> {
    if !scope.contains(record.kind) {
        Some(SkipCondition::OutOfScope)
    } else if record.normalized_code.trim_start().is_empty() {
        Some(SkipCondition::WithoutCode)
    } else {
        None
    }
}

impl QuestionGroup {
    /// How many records wait for the answer.
    pub(super) fn record_count(&self) -> usize {
        1 + self.others.len()
    }

    /// Whether the code is cut in the prompt.
    pub(super) fn is_cut(&self) -> bool {
        self.asked.is_some_and(|asked| asked.is_cut)
    }
}

/// The question about a record.
pub(super) fn question(record: &Record) -> Question {
    Question { kind: record.kind, code: Arc::clone(&record.normalized_code) }
}
