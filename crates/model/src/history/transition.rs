//! How a definition changes from one snapshot to the next.

use crate::Timestamp;

/// The change of a definition between two snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transition {
    /// It appears for the first time.
    Added,
    /// Its code changed, and perhaps its intent.
    Changed,
    /// Its intent changed, appeared or disappeared; its code is the same.
    IntentChanged,
    /// The same code is in another file or under another name.
    Moved,
    /// It no longer exists.
    Removed,
    /// It exists again under the name under which it was removed.
    Returned,
}

crate::words! {
    Transition:
        Added = "added",
        Changed = "changed",
        IntentChanged = "intent_changed",
        Moved = "moved",
        Removed = "removed",
        Returned = "returned",
}

/// How often each transition occurred in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TransitionCounts([u64; Transition::ALL.len()]);

impl TransitionCounts {
    /// Counts one transition.
    pub fn add(&mut self, transition: Transition) {
        self.0[transition as usize] += 1;
    }

    /// How often `transition` occurred.
    pub const fn of(&self, transition: Transition) -> u64 {
        self.0[transition as usize]
    }

    /// The sum over all transitions.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Whose history a snapshot continues, and whom the history names as the author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryContext {
    /// The project; snapshots of different projects are never compared.
    pub project: String,
    /// The analyzed folder or file within the project's repository, with `/` as the separator; empty for all of it.
    /// Snapshots of different parts are never compared.
    pub part: String,
    /// Who made the changes, if known.
    pub actor: Option<String>,
    /// Why they were made, if known.
    pub reasoning: Option<String>,
    /// When they were made; `None` for when the snapshot was taken.
    pub changed_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_counts_round_trip() {
        let mut counts = TransitionCounts::default();
        for (place, transition) in Transition::ALL.into_iter().enumerate() {
            assert_eq!(transition.as_str().parse(), Ok(transition));
            (0..=place).for_each(|_| counts.add(transition));
        }
        assert_eq!(Transition::ALL.map(|transition| counts.of(transition)), [1, 2, 3, 4, 5, 6]);
        assert_eq!(counts.total(), 21);
        assert_eq!("Added".parse::<Transition>(), Err(()));
    }
}
