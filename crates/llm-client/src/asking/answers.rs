//! What is done with good answers: they are kept in batches of at most 20, none of which waits longer than a second. If
//! every question of a run gets the same answer or the same failure, further questions are not worth their cost.

use std::time::Duration;

use cds_model::{KeptAnswer, QuestionKey};
use tokio::time::Instant;

use super::AnswerStore;
use crate::BoxError;

const LARGEST_GROUP: usize = 20;
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Different questions that may get the same sentence while there is no other.
const MAX_SAME_ANSWERS: usize = 20;
/// Different questions that may fail for one reason while none is answered.
const MAX_SAME_FAILURES: usize = 10;

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

/// What all outcomes so far have in common.
#[derive(Debug, Default)]
pub(super) struct Sameness {
    answer: Run,
    failure: Run,
}

/// Equal texts in a row, from the first one on.
#[derive(Debug, Default)]
struct Run {
    text: Option<String>,
    count: usize,
    has_ended: bool,
}

impl Run {
    /// Counts a text; returns the number of equal ones, or `None` once they differ.
    fn add(&mut self, text: &str) -> Option<usize> {
        if self.has_ended || self.text.as_deref().is_some_and(|first| first != text) {
            self.end();
            return None;
        }
        self.text.get_or_insert_with(|| text.to_owned());
        self.count += 1;
        Some(self.count)
    }

    fn end(&mut self) {
        self.has_ended = true;
        self.text = None;
    }
}

/// The verdict on an answer, compared with all earlier ones.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may be the model's answer to everything.
    Doubtful,
    /// The model gives different answers.
    Good,
    /// The model gives the same answer to everything.
    Worthless,
}

impl Sameness {
    /// Compares an answer to another question with all earlier ones.
    pub(super) fn answered(&mut self, intent: &str) -> Verdict {
        self.failure.end();
        match self.answer.add(intent) {
            None => Verdict::Good,
            Some(count) if count <= MAX_SAME_ANSWERS => Verdict::Doubtful,
            Some(_) => Verdict::Worthless,
        }
    }

    /// Whether another question that fails for `reason` shows that all will. Numbers in the reason are ignored.
    pub(super) fn failed(&mut self, reason: &str) -> bool {
        let bare: String = reason.chars().filter(|character| !character.is_ascii_digit()).collect();
        self.failure.add(&bare).is_some_and(|count| count >= MAX_SAME_FAILURES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_answer_for_all_is_rejected() {
        let mut sameness = Sameness::default();
        for _ in 0..20 {
            assert_eq!(sameness.answered("Adds."), Verdict::Doubtful);
        }
        assert_eq!(sameness.answered("Adds."), Verdict::Worthless);
    }

    #[test]
    fn second_answer_clears_suspicion() {
        let mut sameness = Sameness::default();
        assert_eq!(sameness.answered("Adds."), Verdict::Doubtful);
        assert_eq!(sameness.answered("Sums."), Verdict::Good);
        assert!((0..100).all(|_| sameness.answered("Adds.") == Verdict::Good));
    }

    #[test]
    fn ten_equal_failures_end_it() {
        let mut sameness = Sameness::default();
        assert!((0..9).all(|number| !sameness.failed(&format!("prompt of {number} tokens"))));
        assert!(sameness.failed("prompt of 9999 tokens"));

        let mut answered = Sameness::default();
        answered.answered("Adds.");
        assert!((0..100).all(|_| !answered.failed("no")));

        let mut mixed = Sameness::default();
        assert!((0..100).all(|number| !mixed.failed(if number % 2 == 0 { "no" } else { "yes" })));
    }
}
