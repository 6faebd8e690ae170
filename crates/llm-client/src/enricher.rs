//! Asks about many records at once and writes each answer into its record.
//!
//! The work is one bounded stream without batch barriers. Answers may come in any order; each lands in the record that
//! it belongs to. An enrichment that is dropped half-way keeps what came in until then.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

use cds_model::{Intent, Record, Scope};
use futures_util::stream::{self, StreamExt};

use crate::{Answer, AskError, Clock, Distrust, LlmClient, ProgressReporter, Question, progress::Tracker};

/// How long one call may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(120);

/// What is asked, and how.
#[derive(Debug, Clone, Copy)]
pub struct EnrichOptions {
    /// The kinds of records that are asked about.
    pub scope: Scope,
    /// Calls in flight at most.
    pub concurrency: NonZeroUsize,
    /// Completed calls between two reports of progress.
    pub progress_batch_size: NonZeroU32,
}

impl Default for EnrichOptions {
    /// Classes, functions and methods, 4 calls at once, a report every 10.
    fn default() -> Self {
        Self {
            scope: Scope::default(),
            concurrency: NonZeroUsize::MIN.saturating_add(3),
            progress_batch_size: NonZeroU32::MIN.saturating_add(9),
        }
    }
}

/// What an enrichment did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnrichSummary {
    /// Records that were asked about.
    pub asked_count: usize,
    /// Those of them without an answer.
    pub failed_count: usize,
    /// Tokens read over all answers that told them; none where no answer did.
    pub prompt_tokens: Option<u64>,
    /// Tokens written over all answers that told them; none where no answer did.
    pub answer_tokens: Option<u64>,
}

/// Fills in the intents of records.
pub struct IntentEnricher<'a> {
    client: &'a dyn LlmClient,
    options: EnrichOptions,
}

impl<'a> IntentEnricher<'a> {
    /// An enricher that asks `client`.
    pub fn new(client: &'a dyn LlmClient, options: EnrichOptions) -> Self {
        Self { client, options }
    }

    /// Asks about every record in scope that has code, and leaves all others as they are.
    ///
    /// A failure is written into its record and never ends the work.
    pub async fn enrich(
        &self,
        records: &mut [Record],
        clock: &dyn Clock,
        reporter: &mut dyn ProgressReporter,
    ) -> EnrichSummary {
        let questions = self.questions(records);
        let mut tracker = Tracker::start(questions.len(), self.options.progress_batch_size.get(), clock, reporter);
        let (mut prompt_tokens, mut answer_tokens) = (None, None);
        let mut answers = stream::iter(questions)
            .map(|(index, question)| async move { (index, self.client.ask(&question, REQUEST_LIMIT).await) })
            .buffer_unordered(self.options.concurrency.get());
        while let Some((index, outcome)) = answers.next().await {
            if let Ok(answer) = &outcome {
                add(&mut prompt_tokens, answer.prompt_tokens);
                add(&mut answer_tokens, answer.answer_tokens);
            }
            let intent = into_intent(outcome);
            tracker.complete(intent.error().is_some());
            records[index].intent = intent;
        }
        let counts = tracker.progress();
        EnrichSummary { asked_count: counts.total, failed_count: counts.failed, prompt_tokens, answer_tokens }
    }

    fn questions(&self, records: &[Record]) -> Vec<(usize, Question)> {
        let is_asked = |record: &Record| {
            self.options.scope.contains(record.kind) && !record.normalized_code.trim_start().is_empty()
        };
        records
            .iter()
            .enumerate()
            .filter(|(_, record)| is_asked(record))
            .map(|(index, record)| (index, Question { kind: record.kind, code: Arc::clone(&record.normalized_code) }))
            .collect()
    }
}

fn into_intent(outcome: Result<Answer, AskError>) -> Intent {
    match outcome {
        Ok(answer) if answer.intent.trim_start().is_empty() => {
            Intent::Failed(AskError::Untrustworthy(Distrust::Blank).reason())
        }
        Ok(answer) => Intent::Success(answer.intent),
        Err(error) => Intent::Failed(error.reason()),
    }
}

fn add(sum: &mut Option<u64>, tokens: Option<u64>) {
    if let Some(tokens) = tokens {
        *sum = Some(sum.unwrap_or(0).saturating_add(tokens));
    }
}
