//! Whether a run without an end is still running. The lock is only read, never waited for.

use cds_model::Timestamp;
use cds_persistence::{Invocation, LockHolder, LockStatus};

/// What the lock, and else the word of another program, says of a run without an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Liveness {
    /// The run holds the lock.
    Alive(LockHolder),
    /// Another program keeps it open until this moment; it holds no lock.
    HeldOpen(String),
    /// An unknown process holds the lock.
    Unclear,
    /// Another command holds the lock, or none does: the process of the run has ended, and the next command that writes
    /// marks it.
    Ended,
}

impl Liveness {
    /// None of a run that has its end. `lock` is the state of the lock, where it can be looked at.
    pub(super) fn of(found: &Invocation, lock: Option<&LockStatus>, now: Timestamp) -> Option<Self> {
        if found.status() != "running" {
            return None;
        }
        if let Some(until) = found.details.as_ref().and_then(|row| row.expires_at.clone()) {
            // Times of one form are in the order of their texts.
            return Some(if until > now.to_string() { Self::HeldOpen(until) } else { Self::Ended });
        }
        Some(Self::by_lock(found.ledger.as_ref().map_or("", |row| row.run_id.as_str()), lock))
    }

    fn by_lock(ledger_id: &str, lock: Option<&LockStatus>) -> Self {
        match lock {
            Some(LockStatus::Held(Some(holder))) if holder.run_id == ledger_id => Self::Alive(holder.clone()),
            Some(LockStatus::Held(Some(holder))) if !holder.run_id.is_empty() => Self::Ended,
            // A command without a run of its own marks ended runs as soon as it has the lock.
            Some(LockStatus::Held(_)) | None => Self::Unclear,
            Some(LockStatus::Free { .. } | LockStatus::Missing) => Self::Ended,
        }
    }

    /// Whether it is running; `None` if that is unknown.
    pub(super) const fn is_alive(&self) -> Option<bool> {
        match self {
            Self::Alive(_) | Self::HeldOpen(_) => Some(true),
            Self::Unclear => None,
            Self::Ended => Some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use cds_persistence::DetailsRow;

    use super::{super::samples, *};

    #[test]
    fn lock_decides_liveness() {
        let held = |run_id: &str| {
            LockStatus::Held(Some(LockHolder { pid: 7, run_id: run_id.to_owned(), ..LockHolder::default() }))
        };
        let left_behind = Some(LockHolder { run_id: "a".to_owned(), ..LockHolder::default() });
        assert!(matches!(Liveness::by_lock("a", Some(&held("a"))), Liveness::Alive(_)));
        assert_eq!(Liveness::by_lock("a", Some(&held("b"))), Liveness::Ended);
        assert_eq!(Liveness::by_lock("a", Some(&held(""))), Liveness::Unclear);
        assert_eq!(Liveness::by_lock("a", Some(&LockStatus::Held(None))), Liveness::Unclear);
        assert_eq!(Liveness::by_lock("a", Some(&LockStatus::Free { left_behind })), Liveness::Ended);
        assert_eq!(Liveness::by_lock("a", Some(&LockStatus::Missing)), Liveness::Ended);
        assert_eq!(Liveness::by_lock("a", None), Liveness::Unclear);
    }

    #[test]
    fn held_open_run_lives_until_it_expires() {
        let (mut found, _) = samples::killed();
        let free = Some(&LockStatus::Missing);
        let now = Timestamp::from_unix_milliseconds(1_000);
        assert_eq!(Liveness::of(&found, free, now), None);
        found.ledger.as_mut().unwrap().status = "running".to_owned();
        assert_eq!(Liveness::of(&found, free, now), Some(Liveness::Ended));
        let until = |at: i64| Timestamp::from_unix_milliseconds(at).to_string();
        for (at, expected) in [(999, Liveness::Ended), (1_001, Liveness::HeldOpen(until(1_001)))] {
            let row = DetailsRow {
                role: "run".to_owned(),
                request: None,
                heartbeat_at: None,
                expires_at: Some(until(at)),
                answered_count: None,
                selected_count: None,
            };
            found.details = Some(row);
            assert_eq!(Liveness::of(&found, free, now), Some(expected));
        }
    }
}
