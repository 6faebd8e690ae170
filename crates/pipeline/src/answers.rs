//! Joins the engine that asks to the store that keeps.

use std::collections::HashMap;

use cds_llm_client::{AnswerStore, BoxError, is_kept_form};
use cds_model::{KeptAnswer, QuestionKey};
use cds_persistence::{Persistence, SqliteReader};

use crate::{Process, accounts::Turn};

/// Answers kept in the store of the run; without one, none are.
pub(crate) struct StoreAnswers<'a> {
    pub(crate) store: Option<&'a mut (dyn Persistence + 'static)>,
    pub(crate) turn: Turn,
    pub(crate) process: Process,
}

impl AnswerStore for StoreAnswers<'_> {
    fn lookup(&mut self, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, BoxError> {
        let Some(store) = &self.store else { return Ok(HashMap::new()) };
        Ok(trusted(self.turn.take(|| store.lookup_answers(keys))?))
    }

    fn keep(&mut self, answers: &[KeptAnswer]) -> Result<(), BoxError> {
        let Some(store) = &mut self.store else { return Ok(()) };
        Ok(self.turn.take(|| store.keep_answers(answers, self.process.now()))?)
    }

    fn forget(&mut self, keys: &[QuestionKey]) -> Result<(), BoxError> {
        let Some(store) = &mut self.store else { return Ok(()) };
        Ok(self.turn.take(|| store.forget_answers(keys))?)
    }
}

/// The answers of a database that may not be there yet; none is added.
pub(crate) struct ReadOnlyAnswers<'a>(pub(crate) Option<&'a SqliteReader>);

impl AnswerStore for ReadOnlyAnswers<'_> {
    fn lookup(&mut self, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, BoxError> {
        Ok(trusted(self.0.map(|reader| reader.lookup_answers(keys)).transpose()?.unwrap_or_default()))
    }

    fn keep(&mut self, _answers: &[KeptAnswer]) -> Result<(), BoxError> {
        Ok(())
    }

    fn forget(&mut self, _keys: &[QuestionKey]) -> Result<(), BoxError> {
        Ok(())
    }
}

/// Without those that do not look like ours: the file may have been in other hands.
fn trusted(mut answers: HashMap<QuestionKey, String>) -> HashMap<QuestionKey, String> {
    answers.retain(|_, intent| is_kept_form(intent));
    answers
}
