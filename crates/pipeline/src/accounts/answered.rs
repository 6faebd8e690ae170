//! Signs of life of an invocation: how far the questions are, and when that was last true.

use std::sync::atomic::{AtomicU64, Ordering};

use cds_llm_client::Progress;
use cds_model::{Heartbeat, Timestamp};

/// How many records have their answer; one thread counts, another one writes it down.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    answered: AtomicU64,
    /// 0 as long as there is no question.
    selected: AtomicU64,
}

impl Answered {
    pub(super) fn set(&self, progress: &Progress) {
        self.answered.store(progress.completed.saturating_sub(progress.failed) as u64, Ordering::Relaxed);
        self.selected.store(progress.total as u64, Ordering::Relaxed);
    }

    /// The sign of the moment `at`.
    pub(super) fn beat(&self, at: Timestamp) -> Heartbeat {
        let selected = Some(self.selected.load(Ordering::Relaxed)).filter(|count| *count > 0);
        let answered = selected.map(|_| self.answered.load(Ordering::Relaxed));
        Heartbeat { at, answered, selected }
    }
}
