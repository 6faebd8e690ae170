//! Selects the records to ask about, and groups those with the same question, by everything that determines an answer.
//!
//! A prompt is built, hashed and dropped, and built again when it is sent. So the prompts of a large tree are never in
//! memory together.
//!
//! The hashed bytes of a question are a tag and fields. Each field follows its length as eight little-endian bytes, so two
//! different questions never give the same bytes. The fields are: prompt version (four little-endian bytes), model name,
//! model digest, options, then role and content of each message. The last message holds the code, so the rest is hashed
//! once per run. Version 1 of the prompt was one text without roles, under its own tag.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use cds_language::{LANGUAGES, Language};
use cds_model::{AskedQuestion, Intent, QuestionKey, Record, Scope};
use ring::digest::{Context, SHA256};

use super::{AnswerStore, EnrichOptions, Preflight, SkipCondition};
use crate::{
    BoxError, EmbeddedClient, FormerQuestion, LlmClient, ModelFacts, PROMPT_VERSION, Prompt, Question, Role,
    prompt::opening,
};

/// Changes with the encoding, so that keys of two encodings never collide.
const TAG: &[u8] = b"cds question 2";
const FORMER_TAG: &[u8] = b"cds question 1";

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

/// What all questions of a run have in common.
#[derive(Clone)]
pub(crate) struct Identity {
    /// With the opening of each language, in the order of [`LANGUAGES`].
    common: Vec<Context>,
    model: String,
    digest: String,
}

impl Identity {
    /// The identity of questions to `client`, whose model `facts` describes.
    pub(crate) fn new(client: &dyn LlmClient, facts: &ModelFacts) -> Self {
        let (model, digest) = (client.model().to_owned(), facts.digest.clone());
        let begun = begun(TAG, PROMPT_VERSION, &model, &digest, &client.options());
        let with_opening = |language: &&'static Language| {
            let mut context = begun.clone();
            for message in opening(language) {
                add_field(&mut context, message.role.as_str().as_bytes());
                add_field(&mut context, message.content.as_bytes());
            }
            context
        };
        let common = LANGUAGES.iter().map(with_opening).collect();
        Self { common, model, digest }
    }

    /// The key of the question whose prompt is `prompt`.
    pub(crate) fn key(&self, prompt: &Prompt) -> QuestionKey {
        let place = LANGUAGES.iter().position(|known| *known == prompt.language).unwrap_or_default();
        let mut context = self.common[place].clone();
        add_field(&mut context, Role::User.as_str().as_bytes());
        add_field(&mut context, prompt.question.as_bytes());
        finished(context)
    }

    /// The key that an older version gave to the question.
    pub(crate) fn former_key(&self, former: &FormerQuestion) -> QuestionKey {
        let digest = former.digest.as_deref().unwrap_or(&self.digest);
        let mut context = begun(FORMER_TAG, former.prompt_version, &self.model, digest, &former.options);
        add_field(&mut context, former.text.as_bytes());
        finished(context)
    }
}

fn begun(tag: &[u8], prompt_version: u32, model: &str, digest: &str, options: &str) -> Context {
    let mut context = Context::new(&SHA256);
    let version = prompt_version.to_le_bytes();
    for field in [tag, &version, model.as_bytes(), digest.as_bytes(), options.as_bytes()] {
        add_field(&mut context, field);
    }
    context
}

fn finished(context: Context) -> QuestionKey {
    let mut key = [0; 32];
    key.copy_from_slice(context.finish().as_ref());
    QuestionKey(key)
}

fn add_field(context: &mut Context, field: &[u8]) {
    context.update(&(field.len() as u64).to_le_bytes());
    context.update(field);
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(model: &str, digest: &str, options: &str) -> Identity {
        let mut common = begun(TAG, 2, model, digest, options);
        add_field(&mut common, b"system");
        add_field(&mut common, b"Say it.");
        Identity { common: vec![common], model: model.to_owned(), digest: digest.to_owned() }
    }

    fn prompt(question: &str) -> Prompt {
        Prompt { question: question.to_owned(), is_cut: false, language: LANGUAGES[0] }
    }

    #[test]
    fn encoding_is_fixed() {
        // hashlib.sha256(b''.join(len(f).to_bytes(8, 'little') + f for f in fields)).hexdigest()
        let key = identity("m:latest", "ab12", "num_ctx=8192").key(&prompt("Say what `é` is for.\n"));
        assert_eq!(key.to_string(), "4b3fda7c352c680743c89e38234964281360f6aee7446eb320bb7c908ba4f563");
    }

    #[test]
    fn former_encoding_is_fixed() {
        let former = FormerQuestion {
            prompt_version: 1,
            options: "num_ctx=8192".to_owned(),
            digest: None,
            text: "Say what `é` is for.\n".to_owned(),
        };
        let key = identity("m:latest", "ab12", "whatever").former_key(&former);
        assert_eq!(key.to_string(), "172d3004d73e16f1ad92688e3f8018c38cba0d351b15cf8e2d62c12a219076e9");
    }

    #[test]
    fn every_field_changes_identity() {
        let key = |model, digest, options, question| identity(model, digest, options).key(&prompt(question));
        let keys = [
            key("ab", "c", "d", "e"),
            key("a", "bc", "d", "e"),
            key("ab", "", "cd", "e"),
            key("ab", "c", "", "de"),
            key("ab", "c", "de", ""),
        ];
        let distinct: std::collections::HashSet<_> = keys.into_iter().collect();
        assert_eq!(distinct.len(), keys.len());
        assert_eq!(key("ab", "c", "d", "e"), keys[0]);
    }
}
