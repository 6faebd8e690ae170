//! Locks that survive a panicking test. A poisoned mutex is used anyway, because the panic is reported elsewhere.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Locks the mutex, even after a holder panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits at most `length` for a change.
pub(crate) fn wait<'a, T>(changed: &Condvar, guard: MutexGuard<'a, T>, length: Duration) -> MutexGuard<'a, T> {
    changed.wait_timeout(guard, length).unwrap_or_else(PoisonError::into_inner).0
}
