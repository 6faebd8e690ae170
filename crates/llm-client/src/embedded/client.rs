//! The client that answers within this process.

use std::time::Duration;

use cds_language::Language;
use cds_model::SymbolKind;
use futures_util::FutureExt;

use super::{
    outline::{SUBJECTS, describe},
    stub::{describe_stub, is_about_stub},
};
use crate::{Answer, AskError, BoxFuture, Distrust, LlmClient, ModelFacts, ProbeError, Prompt, Question};

/// Answers from the code's names and structure; needs no server and never waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbeddedClient;

impl EmbeddedClient {
    /// The name in the model column; another way of writing sentences gets another version.
    pub const MODEL: &'static str = "builtin:outline-v1";

    /// Whether a sentence begins with its subject, as the sentences of this provider do. A language model is instructed
    /// to begin with a verb.
    pub fn has_form(sentence: &str) -> bool {
        SUBJECTS.into_iter().any(|subject| sentence.starts_with(subject))
    }

    /// The sentence about a definition without a body, which needs no model; `None` for all other code.
    pub fn describe_stub(language: &'static Language, kind: SymbolKind, code: &str) -> Option<String> {
        describe_stub(language, kind, code)
    }

    /// Whether a sentence has the form of [`describe_stub`](Self::describe_stub).
    pub fn has_form_of_stub(sentence: &str) -> bool {
        Self::has_form(sentence) && is_about_stub(sentence)
    }
}

impl LlmClient for EmbeddedClient {
    fn model(&self) -> &'static str {
        Self::MODEL
    }

    fn provider_url(&self) -> &'static str {
        "builtin:"
    }

    fn is_paid(&self) -> bool {
        false
    }

    fn options(&self) -> String {
        String::new()
    }

    fn prompt(&self, question: &Question) -> Prompt {
        Prompt { question: question.code.to_string(), is_cut: false, language: question.language }
    }

    fn probe(&self) -> BoxFuture<'_, Result<ModelFacts, ProbeError>> {
        async { Ok(ModelFacts::default()) }.boxed()
    }

    fn ask<'a>(&'a self, question: &'a Question, _limit: Duration) -> BoxFuture<'a, Result<Answer, AskError>> {
        async move {
            let intent = describe(question.language, question.kind, &question.code)
                .ok_or(AskError::Untrustworthy(Distrust::Blank))?;
            Ok(Answer { intent, prompt_tokens: None, answer_tokens: None })
        }
        .boxed()
    }
}
