//! Passes good answers to the store in batches of at most 20; none waits longer than a second.

use std::time::Duration;

use cds_model::{KeptAnswer, QuestionKey};
use tokio::time::Instant;

use super::AnswerStore;
use crate::BoxError;

const LARGEST_GROUP: usize = 20;
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Collects the current batch.
pub(super) struct Keeper<'a> {
    store: &'a mut dyn AnswerStore,
    group: Vec<KeptAnswer>,
    due: Option<Instant>,
    /// Answers that the store refused; they are offered once more at the end.
    refused: Vec<KeptAnswer>,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(store: &'a mut dyn AnswerStore) -> Self {
        Self { store, group: Vec::with_capacity(LARGEST_GROUP), due: None, refused: Vec::new() }
    }

    /// The store.
    pub(super) fn store(&mut self) -> &mut dyn AnswerStore {
        self.store
    }

    /// Adds an answer; a full batch is saved.
    pub(super) fn add(&mut self, now: Instant, answer: KeptAnswer) -> Result<(), BoxError> {
        self.group.push(answer);
        self.due.get_or_insert(now + LONGEST_WAIT);
        if self.group.len() >= LARGEST_GROUP { self.hand_over() } else { Ok(()) }
    }

    /// The latest time at which the batch must be saved.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Saves the batch if it is due.
    pub(super) fn hand_over_if_due(&mut self, now: Instant) -> Result<(), BoxError> {
        if self.due.is_some_and(|due| due <= now) { self.hand_over() } else { Ok(()) }
    }

    /// Saves the rest, and offers refused answers once more.
    pub(super) fn finish(&mut self) -> Result<(), BoxError> {
        // Answers refused here are offered again below.
        drop(self.hand_over());
        let refused = std::mem::take(&mut self.refused);
        let outcomes: Vec<_> = refused.chunks(LARGEST_GROUP).map(|group| self.store.keep(group)).collect();
        outcomes.into_iter().collect()
    }

    /// Removes earlier answers, from the batch and from the store.
    pub(super) fn forget(&mut self, keys: &[QuestionKey]) -> Result<(), BoxError> {
        self.group.retain(|answer| !keys.contains(&answer.key));
        self.refused.retain(|answer| !keys.contains(&answer.key));
        self.store.forget(keys)
    }

    fn hand_over(&mut self) -> Result<(), BoxError> {
        self.due = None;
        if self.group.is_empty() {
            return Ok(());
        }
        let outcome = self.store.keep(&self.group);
        if outcome.is_err() {
            self.refused.append(&mut self.group);
        }
        self.group.clear();
        outcome
    }
}
