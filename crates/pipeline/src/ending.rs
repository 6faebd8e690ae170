//! How an invocation or a stage ended, as its account says it.

use cds_model::{AccountStatus, masked};

use crate::{Error, chain};

/// The status of an end, and its reason where it did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    status: AccountStatus,
    reason: Option<String>,
}

impl Ending {
    /// It came to its end.
    pub const fn completed() -> Self {
        Self { status: AccountStatus::Completed, reason: None }
    }

    /// It failed; the account keeps `reason` without passwords.
    pub fn failed(reason: &str) -> Self {
        Self { status: AccountStatus::Failed, reason: Some(masked(reason)) }
    }

    /// A signal ended it; without a number if that is not known.
    pub fn interrupted(signal: Option<u8>) -> Self {
        let reason = match signal {
            Some(1) => "ended by SIGHUP",
            Some(2) => "ended by SIGINT",
            Some(15) => "ended by SIGTERM",
            _ => "interrupted",
        };
        Self { status: AccountStatus::Interrupted, reason: Some(reason.to_owned()) }
    }

    /// The end that `error` leads to.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::Interrupted { signal } => Self::interrupted(*signal),
            error => Self::failed(&format!("failed to {}", chain(error))),
        }
    }

    /// As the ledger has it.
    pub const fn status(&self) -> AccountStatus {
        self.status
    }

    /// Why it did not succeed.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Whether the reason of an account is that another command held the lock.
    pub fn is_of_refused_lock(reason: &str) -> bool {
        // The account keeps the text alone; the path in quotes follows in no other error.
        reason.starts_with("failed to take lock \"") && reason.contains("\": it is held by ")
    }
}

#[cfg(test)]
mod tests {
    use cds_persistence::{LockError, LockHolder};

    use super::*;

    #[test]
    fn reason_tells_a_held_lock() {
        let reason = |error| Ending::of(&Error::Lock(error)).reason.unwrap_or_default();
        let holder = Some(Box::new(LockHolder { pid: 7, host: "ci".to_owned(), ..LockHolder::default() }));
        for holder in [holder, None] {
            assert!(Ending::is_of_refused_lock(&reason(LockError::Held { path: "a b\".lock".into(), holder })));
        }
        for other in ["failed to commit: database is locked", "failed to read \"lock.py\"", "take lock \"x\""] {
            assert!(!Ending::is_of_refused_lock(other), "{other}");
        }
        assert!(!Ending::is_of_refused_lock(&reason(LockError::Stopped)));
    }

    #[test]
    fn signal_is_named_in_the_reason() {
        assert_eq!(Ending::interrupted(Some(2)).reason(), Some("ended by SIGINT"));
        assert_eq!(Ending::of(&Error::Interrupted { signal: None }).reason(), Some("interrupted"));
        assert_eq!(Ending::failed("open x://u:p@h").reason(), Some("open x://***@h"));
    }
}
