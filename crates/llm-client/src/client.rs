//! The contract with whoever answers: a question about one piece of code, and its answer.

use std::{sync::Arc, time::Duration};

use cds_model::SymbolKind;
pub use futures_util::future::BoxFuture;

use crate::{AskError, FormerQuestion, ProbeError, Prompt};

/// One piece of code whose intent is wanted.
///
/// It holds nothing that tells equal code apart: no path, no line, no time. Equal questions to the same model with the
/// same prompt version are the same question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// What the code is.
    pub kind: SymbolKind,
    /// The normalized code.
    pub code: Arc<str>,
}

/// What came back, already cleaned and judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// One sentence of at most 300 characters on one line.
    pub intent: String,
    /// Tokens read, where the provider tells; absent is unknown, not 0.
    pub prompt_tokens: Option<u64>,
    /// Tokens written, where the provider tells; absent is unknown, not 0.
    pub answer_tokens: Option<u64>,
}

/// Somebody who can say what code is for.
///
/// One call of [`ask`](Self::ask) is one attempt. Retry, reuse and giving up are wrapped around it, and tell the
/// classes of failure apart by [`AskError::class`].
pub trait LlmClient: Send + Sync {
    /// The model's name, as it is written into the database.
    fn model(&self) -> &str;

    /// Where it is, without credentials, as it is written into the database.
    fn provider_url(&self) -> &str;

    /// Whether an answer costs time or money, so that it is worth keeping.
    fn is_paid(&self) -> bool;

    /// What beside prompt and model decides an answer, in one canonical line; part of a question's identity.
    fn options(&self) -> String;

    /// The words that would be sent for `question`, byte for byte.
    fn prompt(&self, question: &Question) -> Prompt;

    /// The same question in the words of an older prompt version, whose answer is still good; none where there was none.
    fn former(&self, _question: &Question) -> Option<FormerQuestion> {
        None
    }

    /// Looks once whether questions can be answered, without asking any; tells which model it is that answers.
    fn probe(&self) -> BoxFuture<'_, Result<ModelFacts, ProbeError>>;

    /// Asks once, and waits at most `limit` for the whole answer.
    fn ask<'a>(&'a self, question: &'a Question, limit: Duration) -> BoxFuture<'a, Result<Answer, AskError>>;
}

/// What is known of a model that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelFacts {
    /// The digest of the model's files, or of what the provider tells of it; empty where it tells nothing.
    pub digest: String,
    /// How many calls the server works on at once, where it tells.
    pub slots: Option<usize>,
    /// What the user should know and what does not keep the model from being asked, one line each.
    pub notes: Vec<String>,
}
