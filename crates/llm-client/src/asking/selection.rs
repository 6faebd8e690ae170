//! Selects the records to ask about, and groups those with the same question.
//!
//! A prompt is built, hashed and dropped, and built again when it is sent. So the prompts of a large tree are never in
//! memory together.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use cds_language::Language;
use cds_model::{AskedQuestion, Intent, QuestionKey, Record, Scope};

use super::{AnswerStore, SkipCondition, identity::Identity};
use crate::{BoxError, EmbeddedClient, LlmClient, Question};

/// A distinct question, and the records that wait for its answer.
#[derive(Debug)]
pub(super) struct QuestionGroup {
    /// The first record with the question.
    pub(super) first: usize,
    /// All others.
    pub(super) others: Vec<usize>,
    /// Its identity; `None` if asking is free.
    pub(super) asked: Option<AskedQuestion>,
    /// Its key in an older version of the prompt, if there was one.
    pub(super) former: Option<QuestionKey>,
    /// The length of the prompt in bytes; 0 if asking is free.
    pub(super) prompt_bytes: usize,
}

/// A kept answer to a question.
pub(super) struct Kept {
    pub(super) intent: String,
    /// The question that it answers.
    pub(super) asked: AskedQuestion,
    /// Whether it answers an older version of the prompt.
    pub(super) is_former: bool,
}

/// The distinct questions of all records in scope with code, in the order of the records.
pub(super) fn select(
    client: &dyn LlmClient,
    identity: &Identity,
    scope: Scope,
    records: &[Record],
) -> Vec<QuestionGroup> {
    let is_derived = |record: &Record| client.is_paid() && derived_sentence(record).is_some();
    let is_selected = |record: &Record| skip_condition(scope, record).is_none() && !is_derived(record);
    let selected = records.iter().enumerate().filter(|(_, record)| is_selected(record));
    if !client.is_paid() {
        let alone = |first| QuestionGroup { first, others: Vec::new(), asked: None, former: None, prompt_bytes: 0 };
        return selected.map(|(index, _)| alone(index)).collect();
    }
    let mut groups: Vec<QuestionGroup> = Vec::new();
    let mut group_of: HashMap<QuestionKey, usize> = HashMap::new();
    for (index, record) in selected {
        let question = question(record);
        let prompt = client.prompt(&question);
        let key = identity.key(&prompt);
        match group_of.entry(key) {
            Entry::Occupied(group) => groups[*group.get()].others.push(index),
            Entry::Vacant(place) => {
                place.insert(groups.len());
                groups.push(QuestionGroup {
                    first: index,
                    others: Vec::new(),
                    asked: Some(AskedQuestion { key, is_cut: prompt.is_cut }),
                    former: client.former(&question).map(|former| identity.former_key(&former)),
                    prompt_bytes: prompt.byte_count(),
                });
            }
        }
    }
    groups
}

/// The kept answers for `groups`; an answer to the current prompt precedes an older one.
pub(super) fn kept_answers(
    groups: &[QuestionGroup],
    store: &mut dyn AnswerStore,
) -> Result<Vec<Option<Kept>>, BoxError> {
    let keys: Vec<_> = groups.iter().filter_map(|group| group.asked).map(|asked| asked.key).collect();
    let former: Vec<_> = groups.iter().filter_map(|group| group.former).collect();
    let keys = [keys, former].concat();
    let mut found = if keys.is_empty() { HashMap::new() } else { store.lookup(&keys)? };
    found.retain(|_, intent| !intent.trim_start().is_empty());
    let kept = groups.iter().map(|group| {
        let asked = group.asked?;
        if let Some(intent) = found.remove(&asked.key) {
            return Some(Kept { intent, asked, is_former: false });
        }
        let former = AskedQuestion { key: group.former?, ..asked };
        Some(Kept { intent: found.remove(&former.key)?, asked: former, is_former: true })
    });
    Ok(kept.collect())
}

/// Gives every definition in scope without a body its derived sentence.
pub(super) fn derive(scope: Scope, records: &mut [Record]) {
    for record in records.iter_mut().filter(|record| skip_condition(scope, record).is_none()) {
        if let Some(sentence) = derived_sentence(record) {
            record.intent = Intent::Derived(sentence);
        }
    }
}

fn derived_sentence(record: &Record) -> Option<String> {
    EmbeddedClient::describe_stub(Language::of_record(&record.file_path), record.kind, &record.normalized_code)
}

/// Why a record is not asked about; `None` if it is.
pub(super) fn skip_condition(scope: Scope, record: &Record) -> Option<SkipCondition> {
    if !scope.contains(record.kind) {
        Some(SkipCondition::OutOfScope)
    } else if record.normalized_code.trim_start().is_empty() {
        Some(SkipCondition::WithoutCode)
    } else if matches!(record.intent, Intent::Derived(_)) {
        Some(SkipCondition::WithoutBody)
    } else {
        None
    }
}

impl QuestionGroup {
    /// The number of records that share the question.
    pub(super) fn record_count(&self) -> usize {
        1 + self.others.len()
    }

    /// The indexes of all records that share the question.
    pub(super) fn members(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    /// Whether the code is cut in the prompt.
    pub(super) fn is_cut(&self) -> bool {
        self.asked.is_some_and(|asked| asked.is_cut)
    }
}

/// The question about a record.
pub(super) fn question(record: &Record) -> Question {
    let language = Language::of_record(&record.file_path);
    Question { language, kind: record.kind, code: Arc::clone(&record.normalized_code) }
}
