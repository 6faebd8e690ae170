//! Locks that survive a panicking test: a poisoned mutex is taken over, because a panic elsewhere is reported anyway.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Locks, also after another holder panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a change, at most `length`.
pub(crate) fn wait<'a, T>(changed: &Condvar, guard: MutexGuard<'a, T>, length: Duration) -> MutexGuard<'a, T> {
    changed.wait_timeout(guard, length).unwrap_or_else(PoisonError::into_inner).0
}
