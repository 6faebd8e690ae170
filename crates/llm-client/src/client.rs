//! The contract of a provider: a question about one piece of code, and its answer.

use std::{sync::Arc, time::Duration};

use cds_language::Language;
use cds_model::SymbolKind;
pub use futures_util::future::BoxFuture;

use crate::{AskError, FormerQuestion, ProbeError, Prompt};

/// One piece of code whose intent is wanted.
///
/// It holds nothing that distinguishes equal code: no path, no line, no time. Equal questions to the same model with
/// the same prompt version are the same question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// The language of the code.
    pub language: &'static Language,
    /// The kind of code.
    pub kind: SymbolKind,
    /// The normalized code.
    pub code: Arc<str>,
}

/// An answer, already cleaned and judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// One sentence of at most 300 characters on one line.
    pub intent: String,
    /// Prompt tokens, if the provider reports them; absent means unknown, not 0.
    pub prompt_tokens: Option<u64>,
    /// Answer tokens, if the provider reports them; absent means unknown, not 0.
    pub answer_tokens: Option<u64>,
}

/// A provider that can describe the purpose of code.
///
/// One call of [`ask`](Self::ask) is one attempt. Retry, reuse and giving up are built around it, and distinguish
/// failures by [`AskError::class`].
pub trait LlmClient: Send + Sync {
    /// The model's name, as stored in the database.
    fn model(&self) -> &str;

    /// The provider's URL without credentials, as stored in the database.
    fn provider_url(&self) -> &str;

    /// Whether an answer costs time or money, and so is worth keeping.
    fn is_paid(&self) -> bool;

    /// What determines an answer besides prompt and model, in one canonical line; part of a question's identity.
    fn options(&self) -> String;

    /// The prompt that would be sent for `question`, byte for byte.
    fn prompt(&self, question: &Question) -> Prompt;

    /// The same question in an older prompt version whose answers are still valid; `None` if there is none.
    fn former(&self, _question: &Question) -> Option<FormerQuestion> {
        None
    }

    /// Checks once whether questions can be answered, without asking any; returns which model answers.
    fn probe(&self) -> BoxFuture<'_, Result<ModelFacts, ProbeError>>;

    /// Asks once, and waits at most `limit` for the complete answer.
    fn ask<'a>(&'a self, question: &'a Question, limit: Duration) -> BoxFuture<'a, Result<Answer, AskError>>;
}

/// What is known about a model that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelFacts {
    /// The digest of the model's files, or of what the provider reports about it; empty if it reports nothing.
    pub digest: String,
    /// How many calls the server handles at once, if it reports that.
    pub slots: Option<usize>,
    /// Notes for the user that do not prevent questions, one line each.
    pub notes: Vec<String>,
}
