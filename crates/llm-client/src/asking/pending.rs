//! The questions that wait for their turn or for the end of their backoff.

use std::collections::{BTreeMap, VecDeque};

use tokio::time::Instant;

/// Questions that are neither in flight nor done.
#[derive(Debug, Default)]
pub(super) struct Pending {
    queue: VecDeque<usize>,
    /// Ordered by due time, then by arrival.
    delayed: BTreeMap<(Instant, u64), Delayed>,
    delayed_count: u64,
}

/// A question that failed and waits to be sent again.
#[derive(Debug)]
pub(super) struct Delayed {
    pub(super) group: usize,
    /// The reason of its failure, in case it is not sent again.
    pub(super) reason: String,
}

impl Pending {
    pub(super) fn new(groups: Vec<usize>) -> Self {
        Self { queue: groups.into(), ..Self::default() }
    }

    /// The next question whose backoff is over.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Delayed> {
        let first = self.delayed.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// The next question in the queue.
    pub(super) fn pop(&mut self) -> Option<usize> {
        self.queue.pop_front()
    }

    /// Whether any question waits that is wanted.
    pub(super) fn has(&self, is_wanted: impl Fn(usize) -> bool) -> bool {
        self.queue.iter().copied().chain(self.delayed.values().map(|delayed| delayed.group)).any(is_wanted)
    }

    /// Puts a question at the head of the queue.
    pub(super) fn push_first(&mut self, group: usize) {
        self.queue.push_front(group);
    }

    /// Puts a question at the end of the queue.
    pub(super) fn push(&mut self, group: usize) {
        self.queue.push_back(group);
    }

    /// Lets a question wait until `due`.
    pub(super) fn delay(&mut self, due: Instant, delayed: Delayed) {
        self.delayed_count += 1;
        self.delayed.insert((due, self.delayed_count), delayed);
    }

    /// Puts all questions that wait for their backoff at the end of the queue.
    pub(super) fn release_delayed(&mut self) {
        self.queue.extend(std::mem::take(&mut self.delayed).into_values().map(|delayed| delayed.group));
    }

    /// When the next backoff is over.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.delayed.first_key_value().map(|((due, _), _)| *due)
    }
}
