//! What a model wrote, before it is believed.

use crate::{Answer, AskError, clean::clean};

/// The most that is read of an answer: more than a few hundred tokens with all the numbers that come along.
pub(crate) const MAX_ANSWER_BYTES: usize = 1 << 20;

/// The outcome of one generation, as it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    pub(crate) text: String,
    /// The model was stopped at the limit of tokens, or nothing says that it was not.
    pub(crate) is_cut_off: bool,
    pub(crate) prompt_tokens: Option<u64>,
    pub(crate) answer_tokens: Option<u64>,
}

impl Completion {
    /// The intent in it, which is about `code`.
    pub(crate) fn into_answer(self, code: &str) -> Result<Answer, AskError> {
        let intent = clean(&self.text, code, self.is_cut_off).map_err(AskError::Untrustworthy)?;
        Ok(Answer { intent, prompt_tokens: self.prompt_tokens, answer_tokens: self.answer_tokens })
    }
}
