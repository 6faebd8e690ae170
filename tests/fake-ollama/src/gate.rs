//! A gate that a test opens to release held replies.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::locking::{lock, wait};

/// Holds replies until it is opened. Clones share one gate; an opened gate stays open.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    inner: Arc<GateState>,
}

#[derive(Debug, Default)]
struct GateState {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Releases everything that this gate holds, now and later.
    pub fn open(&self) {
        *lock(&self.inner.open) = true;
        self.inner.opened.notify_all();
    }

    /// Whether the gate has been opened.
    pub fn is_open(&self) -> bool {
        *lock(&self.inner.open)
    }

    /// Waits at most `length`; returns whether the gate is open.
    pub(crate) fn wait(&self, length: Duration) -> bool {
        let open = lock(&self.inner.open);
        if *open {
            return true;
        }
        *wait(&self.inner.opened, open, length)
    }
}
