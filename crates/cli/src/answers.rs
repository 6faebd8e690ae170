//! Joins the engine that asks to the database that keeps.

use std::collections::HashMap;

use cds_llm_client::{AnswerStore, BoxError};
use cds_model::{KeptAnswer, QuestionKey};
use cds_persistence::SqlitePersistence;
use cds_terminal::text;

use crate::{accounts::Turn, stages};

/// Answers kept in the database of the run; without one, none are.
pub(crate) struct DatabaseAnswers<'a> {
    pub(crate) database: Option<&'a mut SqlitePersistence>,
    pub(crate) turn: Turn,
}

impl AnswerStore for DatabaseAnswers<'_> {
    fn lookup(&mut self, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, BoxError> {
        let Some(database) = &self.database else { return Ok(HashMap::new()) };
        let mut answers = self.turn.take(|| database.lookup_answers(keys))?;
        answers.retain(|_, intent| is_trustworthy(intent));
        Ok(answers)
    }

    fn keep(&mut self, answers: &[KeptAnswer]) -> Result<(), BoxError> {
        let Some(database) = &mut self.database else { return Ok(()) };
        Ok(self.turn.take(|| database.keep_answers(answers, stages::now()))?)
    }

    fn forget(&mut self, keys: &[QuestionKey]) -> Result<(), BoxError> {
        let Some(database) = &mut self.database else { return Ok(()) };
        Ok(self.turn.take(|| database.forget_answers(keys))?)
    }
}

/// Whether a kept answer still looks like one of ours: the file may have been in other hands.
pub(crate) fn is_trustworthy(intent: &str) -> bool {
    !intent.trim().is_empty() && intent.chars().count() <= 300 && !intent.chars().any(text::is_unsafe)
}
