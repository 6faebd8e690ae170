//! The thread that checks a held lock.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use super::{FileLock, LockLost, LossReason, held::Look};

/// The default interval between checks of a lock file.
pub const WATCH_INTERVAL: Duration = Duration::from_secs(1);

const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(2);

/// After this many failed checks in a row, the lock counts as lost.
const UNCLEAR_LIMIT: u32 = 5;

/// The longest wait for a check in progress, which may never end on a file system that hangs.
const FAREWELL: Duration = Duration::from_millis(50);

/// The monitor of a lock; it stops when this is dropped.
#[derive(Debug)]
#[must_use = "dropping this stops watching the lock"]
pub struct LockMonitor {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    phase: Mutex<Phase>,
    changed: Condvar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The thread checks, or waits for the next check.
    Watching,
    /// The monitor was dropped; the callback must not be called any more.
    Stopping,
    /// The thread no longer uses the lock; it may still run the callback.
    Ended,
}

impl LockMonitor {
    pub(super) fn start(
        lock: &Arc<FileLock>,
        interval: Duration,
        on_lost: impl FnOnce(&LockLost) + Send + 'static,
    ) -> Self {
        let interval = interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL);
        let shared = Arc::new(Shared { phase: Mutex::new(Phase::Watching), changed: Condvar::new() });
        let call = Arc::new(Mutex::new(Some(on_lost)));
        let of_thread = (Arc::downgrade(lock), Arc::clone(&shared), Arc::clone(&call));
        let started = thread::Builder::new().name("lock monitor".to_owned()).spawn(move || {
            let (lock, shared, call) = of_thread;
            if let Some(lost) = shared.watch(&lock, interval) {
                call_once(&call, &lost);
            }
        });
        if started.is_err() {
            // A lock without a monitor counts as lost.
            shared.set_phase(Phase::Ended);
            call_once(&call, &lock.give_up(LossReason::Unwatched));
        }
        Self { shared }
    }
}

/// Stops the thread. A callback that has begun continues; no callback begins after this.
impl Drop for LockMonitor {
    fn drop(&mut self) {
        let mut phase = self.shared.lock_phase();
        if *phase == Phase::Watching {
            *phase = Phase::Stopping;
            self.shared.changed.notify_all();
        }
        // The thread may still hold the last reference to the lock. Wait, so that the caller's own drop releases the
        // lock.
        drop(self.shared.changed.wait_timeout_while(phase, FAREWELL, |phase| *phase == Phase::Stopping));
    }
}

impl Shared {
    /// Checks until the lock is lost, released, or the monitor is dropped; only a loss is returned.
    fn watch(&self, lock: &Weak<FileLock>, interval: Duration) -> Option<LockLost> {
        let mut unclear_count = 0;
        let lost = loop {
            match lock.upgrade().map(|lock| look(&lock, &mut unclear_count)) {
                None => break None,
                Some(Some(lost)) => break Some(lost),
                Some(None) => {}
            }
            if self.is_stopped_within(interval) {
                break None;
            }
        };
        // No callback after the monitor was dropped.
        let before = self.set_phase(Phase::Ended);
        lost.filter(|_| before == Phase::Watching)
    }

    fn is_stopped_within(&self, interval: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock_phase(), interval, |phase| *phase == Phase::Watching);
        *waited.unwrap_or_else(PoisonError::into_inner).0 != Phase::Watching
    }

    /// Enters a phase and returns the previous one.
    fn set_phase(&self, next: Phase) -> Phase {
        let before = std::mem::replace(&mut *self.lock_phase(), next);
        self.changed.notify_all();
        before
    }

    fn lock_phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn look(lock: &FileLock, unclear_count: &mut u32) -> Option<LockLost> {
    match lock.look() {
        Look::Ours => *unclear_count = 0,
        Look::Lost(why) => return Some(lock.loss(why)),
        Look::Unclear => {
            *unclear_count += 1;
            if *unclear_count >= UNCLEAR_LIMIT {
                return Some(lock.give_up(LossReason::Unreadable));
            }
        }
    }
    None
}

fn call_once<F: FnOnce(&LockLost)>(call: &Mutex<Option<F>>, lost: &LockLost) {
    let call = call.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(call) = call {
        call(lost);
    }
}
