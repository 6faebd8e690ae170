//! The contract for keeping answers between runs.

use std::collections::HashMap;

use cds_model::{KeptAnswer, QuestionKey};

use crate::BoxError;

/// Keeps good answers, so that no question is paid for twice.
///
/// Its errors are reported once per run and never end it: without a store more questions are asked, and nothing else
/// changes.
pub trait AnswerStore {
    /// The intents kept for any of `keys`. A run calls this once, with all of its distinct questions.
    fn lookup(&mut self, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, BoxError>;

    /// Keeps `answers` durably and replaces older ones with the same key; at most 20 at a time.
    fn keep(&mut self, answers: &[KeptAnswer]) -> Result<(), BoxError>;

    /// Removes the answers to `keys`, which turned out to be worthless.
    fn forget(&mut self, keys: &[QuestionKey]) -> Result<(), BoxError>;
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStore;

impl AnswerStore for NoStore {
    fn lookup(&mut self, _keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, BoxError> {
        Ok(HashMap::new())
    }

    fn keep(&mut self, _answers: &[KeptAnswer]) -> Result<(), BoxError> {
        Ok(())
    }

    fn forget(&mut self, _keys: &[QuestionKey]) -> Result<(), BoxError> {
        Ok(())
    }
}
