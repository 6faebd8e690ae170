//! The raw text of a model, before it is judged.

use crate::{Answer, AskError, clean::clean};

/// The most that is read of an answer: room for a few hundred tokens and all accompanying numbers.
pub(crate) const MAX_ANSWER_BYTES: usize = 1 << 20;

/// The raw result of one generation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    pub(crate) text: String,
    /// Whether the token limit ended the text, or may have done so.
    pub(crate) is_cut_off: bool,
    pub(crate) prompt_tokens: Option<u64>,
    pub(crate) answer_tokens: Option<u64>,
}

impl Completion {
    /// The intent in it; `code` is its subject.
    pub(crate) fn into_answer(self, code: &str) -> Result<Answer, AskError> {
        let intent = clean(&self.text, code, self.is_cut_off).map_err(AskError::Untrustworthy)?;
        Ok(Answer { intent, prompt_tokens: self.prompt_tokens, answer_tokens: self.answer_tokens })
    }
}
